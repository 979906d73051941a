"""Sources of garment parsing maps behind one face, chosen by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image, read_labels
from ptx.datasets.named_files import NamedFiles
from ptx.datasets.people import People
from ptx.labels import LABEL_SETS, LabelSet, translate
from ptx.models.onnx_network import OnnxNetwork
from ptx.pipeline.errors import BadSample, PtxError
from ptx.stages.backends.data_sets import ingested_paths, people

Labels = NDArray[np.uint8]

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, by which parsing networks are fed: (RGB/255 - MEAN) / STD."""


class Parser(Protocol):
    """Says what each pixel of a picture is."""

    def parse(self, index: int, image: Image, transform: NDArray[np.float32]) -> Labels:
        """Labels (H, W) of a working picture (H, W, 3), which `transform` (2, 3) maps original pixels to.

        Raises:
            BadSample: there is no map, or it cannot be used.
        """
        ...


def parser(settings: Any) -> Parser:
    """The backend that the settings name.

    Raises:
        PtxError: it cannot be used with this data set, or its files are not there.
    """
    chosen, backend = settings.parse, settings.parse_backend
    if backend == "truth":
        if settings.data.kind != "people":
            raise PtxError("parse.backend: truth is known of `people` only; photographs need files or onnx")
        return TrueParsing(people(settings))
    if chosen.path is None:
        raise PtxError(
            f"parse.path: backend {backend} needs the path of its {'network' if backend == 'onnx' else 'files'}"
        )
    if backend == "onnx":
        return OnnxParser(chosen.path, chosen.labels)
    if not chosen.path.is_dir():
        raise PtxError(f"parse.path: {chosen.path} is no folder")
    if settings.data.kind == "people":
        raise PtxError("parse.backend: files are for photographs; synthetic people know their labels (truth)")
    files = NamedFiles(chosen.path, ingested_paths(settings), (".png",))
    return ParsingFiles(files, chosen.labels, settings.ingest.max_pixels)


@dataclass(frozen=True)
class TrueParsing:
    """The exact labels of synthetic people."""

    people: People

    def parse(self, index: int, image: Image, transform: NDArray[np.float32]) -> Labels:
        """As they are dressed."""
        del image, transform
        return self.people.garment_labels(index)


@dataclass(frozen=True)
class ParsingFiles:
    """Indexed PNGs that another tool wrote, of the size of the original pictures."""

    files: NamedFiles
    labels: LabelSet
    max_pixels: int

    def parse(self, index: int, image: Image, transform: NDArray[np.float32]) -> Labels:
        """Read, translate, map to working pixels (nearest label)."""
        try:
            path = self.files.find(self.files.paths[index])
        except FileNotFoundError as error:
            raise BadSample("no_labels", str(error)) from None
        ours = translate(read_labels(path, self.max_pixels), self.labels)
        return cv2.warpAffine(ours, transform, image.shape[1::-1], flags=cv2.INTER_NEAREST)


class OnnxParser:
    """A network of the user's: (1, 3, h, w) normalised by ImageNet's mean and deviation → (1, labels, h', w') scores."""

    def __init__(self, path: Path, labels: LabelSet) -> None:
        """Raises PtxError: no such file, not a network of this form, or onnxruntime is not installed."""
        self.network, self.labels = OnnxNetwork(path, "parse.path"), labels

    def parse(self, index: int, image: Image, transform: NDArray[np.float32]) -> Labels:
        """The likeliest label of every pixel."""
        del index, transform
        height, width = image.shape[:2]
        h, w = self.network.size(height, width)
        fed = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
        scores = self.network(((fed - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32))
        if scores.ndim != 4 or scores.shape[1] != len(LABEL_SETS[self.labels]):
            raise PtxError(
                f"parse.path: the network gives {scores.shape}, label set {self.labels} needs (1, {len(LABEL_SETS[self.labels])}, h, w)"
            )
        large = np.stack([cv2.resize(plane, (width, height)) for plane in scores[0].astype(np.float32)])
        return translate(large.argmax(0), self.labels)
