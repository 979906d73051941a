"""Networks of the detector: TensorFlow Lite files, run by LiteRT on one thread."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError, one_line

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
T = TypeVar("T")

ASSETS = Path(__file__).parents[1] / "assets" / "detector"
"""Folder of the networks that come with ptx."""

INSTALL = "pip install ai-edge-litert"
"""Command that installs LiteRT."""

NO_WHEEL = "there is none for Intel Macs: give keypoints in files (extract_keypoints.backend: openpose-json, coco-json, csv ...)"
"""Advice for Macs with Intel processors, for which LiteRT has no wheels."""

MAX_BYTES = 200_000_000
"""Largest file of a network that is read."""

_STDERR = threading.Lock()
"""Held while the process's standard error is closed."""


class Network:
    """A network with one input picture. Safe in one thread only: every thread opens its own."""

    def __init__(self, path: Path) -> None:
        """Load a network.

        Args:
            path: its .tflite file.

        Raises:
            PtxError: LiteRT is not installed, or the file is no network.
        """
        try:
            with _silence():
                from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise PtxError(
                f"the detector of people needs LiteRT ({one_line(error)}); install it with: {INSTALL}"
            ) from None
        try:
            if path.stat().st_size > MAX_BYTES:
                raise PtxError(f"{path}: is larger than any network of the detector")
            content = path.read_bytes()
        except OSError as error:
            raise PtxError(f"{path}: cannot be read: {error.strerror}") from None
        try:
            with _silence():
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise PtxError(f"{path}: is no TensorFlow Lite network: {one_line(error)}") from None
        given = self._interpreter.get_input_details()[0]
        self._input: int = given["index"]
        outputs = self._interpreter.get_output_details()
        self._outputs: list[int] = [output["index"] for output in outputs]
        self.last_axes = tuple(int(output["shape"][-1]) for output in outputs)
        """Length of the last axis of each output."""
        self.side = int(given["shape"][1])
        """Height and width of the picture that it takes, px."""

    def __call__(self, picture: Image, low: float = 0.0) -> list[Floats]:
        """Run on a picture (side, side, 3), whose values are brought to low..1; returns the outputs without their batch axis."""
        scale = np.float32((1 - low) / 255)
        self._interpreter.set_tensor(self._input, (picture * scale + np.float32(low))[None])
        self._interpreter.invoke()
        return [np.asarray(self._interpreter.get_tensor(index)[0], np.float32) for index in self._outputs]


def sigmoid(logits: Floats) -> Floats:
    """Turn logits into probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, None))), np.float32)


class PerThread(Generic[T]):
    """Networks of which every thread opens its own, since an interpreter is not for two."""

    def __init__(self, make: Callable[[], T]) -> None:
        """Make those of this thread, so that what is wrong is told now; those of other threads when they ask."""
        self._make = make
        self._local = threading.local()
        self()

    def __call__(self) -> T:
        """Return those of this thread."""
        if not hasattr(self._local, "made"):
            self._local.made = self._make()
        made: T = self._local.made
        return made


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Close the process's standard error, to which LiteRT's C++ core writes notes."""
    with _STDERR:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
