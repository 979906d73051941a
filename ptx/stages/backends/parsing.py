"""Backends of garment labels: what comes with the data set, label maps of another tool, or a network of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings, LabelSource
from ptx.datasets.images import Image, Transform, read_labels
from ptx.datasets.label_sets import LABEL_SETS, LabelSet, translate
from ptx.datasets.named_files import NamedFiles
from ptx.models import imagenet
from ptx.models.onnx_network import OnnxNetwork
from ptx.pipeline.errors import BadSample, PtxError

Labels = NDArray[np.uint8]


def open_labels(
    backend: Literal["truth", "files", "onnx", "network", "none"],
    path: Path | None,
    labels: LabelSet,
    data: DataSet[DataSettings],
) -> LabelSource:
    """Open a backend of garment labels that reads pictures alone.

    Raises:
        PtxError: it cannot be used with this data set, or its files are not there.
    """
    if backend == "truth":
        if "labels" not in data.has:
            raise PtxError(
                "parse.backend: truth is known of `people`, and of `avatars` with data.labels; photographs need network, files or onnx"
            )
        return data.label_source()
    if path is None:
        raise PtxError(
            f"parse.path: backend {backend} needs the path of its {'network' if backend == 'onnx' else 'files'}"
        )
    if backend == "onnx":
        return OnnxLabels(path, labels)
    if not path.is_dir():
        raise PtxError(f"parse.path: {path} is no folder")
    if data.root is None:
        raise PtxError("parse.backend: files are for photographs; synthetic people know their labels (truth)")
    return FileLabels(NamedFiles(path, data.paths, (".png",)), labels, data.context.max_pixels)


@dataclass(frozen=True)
class FileLabels:
    """Indexed PNGs that another tool wrote, of the size of the original pictures."""

    files: NamedFiles
    labels: LabelSet
    max_pixels: int

    def parse(self, index: int, image: Image, transform: Transform) -> Labels:
        """Read a map, translate its labels, map them to working pixels (nearest label)."""
        try:
            path = self.files.find(self.files.paths[index])
        except FileNotFoundError as error:
            raise BadSample("no_labels", str(error)) from None
        ours = translate(read_labels(path, self.max_pixels), self.labels)
        return np.asarray(cv2.warpAffine(ours, transform, image.shape[1::-1], flags=cv2.INTER_NEAREST), np.uint8)


class OnnxLabels:
    """A network of the user's: (1, 3, h, w) normalised by ImageNet's mean and deviation → (1, labels, h', w') scores."""

    def __init__(self, path: Path, labels: LabelSet) -> None:
        """Raises PtxError: no such file, not a network of this form, or onnxruntime is not installed."""
        self.network = OnnxNetwork(path, "parse.path")
        self.labels = labels

    def parse(self, index: int, image: Image, transform: Transform) -> Labels:
        """Return the likeliest label of every pixel."""
        del index, transform
        height, width = image.shape[:2]
        h, w = self.network.size(height, width)
        fed = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
        scores = self.network(((fed - imagenet.MEAN) / imagenet.DEVIATION).transpose(2, 0, 1)[None].astype(np.float32))
        if scores.ndim != 4 or scores.shape[1] != len(LABEL_SETS[self.labels]):
            raise PtxError(
                f"parse.path: the network gives {scores.shape}, label set {self.labels} needs (1, {len(LABEL_SETS[self.labels])}, h, w)"
            )
        large = np.stack([cv2.resize(plane, (width, height)) for plane in scores[0].astype(np.float32)])
        return translate(large.argmax(0), self.labels)
