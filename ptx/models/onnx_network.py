"""Networks that users bring as .onnx: pictures in, scores out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError


class OnnxNetwork:
    """A network with one input (1, 3, h, w)."""

    def __init__(self, path: Path, setting: str) -> None:
        """`setting`: that named the file, for messages.

        Raises PtxError: no such file, not a network of this form, or onnxruntime is not installed.
        """
        try:
            import onnxruntime
        except ImportError:
            raise PtxError(f"{setting}: networks in .onnx need onnxruntime: `pip install onnxruntime`") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # blocks are what runs side by side
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=onnxruntime.get_available_providers()
            )
        except Exception as error:
            raise PtxError(f"{setting}: {path} cannot be read as a network ({str(error).splitlines()[0]})") from None
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise PtxError(f"{setting}: {path} has not one input (1, 3, h, w) but {[i.shape for i in inputs]}")
        self._input = inputs[0]

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that the network wants; those of the picture where it takes any."""
        own = self._input.shape[2:]
        high, wide = (n if isinstance(n, int) else given for n, given in zip(own, (height, width), strict=True))
        return high, wide

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, 3, h, w) of the wanted size → the first output."""
        return np.asarray(self._session.run(None, {self._input.name: x})[0])
