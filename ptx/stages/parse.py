"""`ptx run parse`: which garment, or which part of the skin, every pixel shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.datasets.file_stamps import named_file_stamps
from ptx.datasets.label_sets import LabelSet
from ptx.detector.shipped import PARSER_SHA256
from ptx.labels import GARMENTS
from ptx.pipeline.config import AbsolutePath, Section
from ptx.pipeline.errors import BadSample
from ptx.pipeline.fingerprint import Json, folder_stamp, former_folder_stamp
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result, Stage, each_sample

ParseBackend = Literal["truth", "files", "onnx", "network", "none"]

Labels = NDArray[np.uint8]

LabelsOf = Callable[[Block, int], Labels]
"""Block, position in it → labels (H, W) of the image."""


class ParseSettings(Section):
    """Garment parsing: what each pixel of a person is. Pose flow learning is trained with it."""

    backend: Literal["auto"] | ParseBackend = "auto"
    """Where labels come from; auto is truth for synthetic people, for photographs what `path` names, and without it the network that
    comes with ptx, which reads silhouettes and keypoints. none computes no labels."""
    path: AbsolutePath | None = None
    """Folder of indexed PNGs named as the photographs, or a network of yours (.onnx) that gives a score a label and pixel."""
    labels: LabelSet = "lip"
    """Label set of the files or of the network: lip, atr, deepfashion or ptx."""

    def resolve(self, data: DataSet[DataSettings]) -> ParseBackend:
        """Return the backend, with `auto` resolved."""
        if self.backend != "auto":
            return self.backend
        if "labels" in data.has:
            return "truth"
        if self.path is None:
            return "network"
        return "onnx" if self.path.suffix.lower() == ".onnx" else "files"


@dataclass(frozen=True)
class Parse(Stage[ParseSettings]):
    """Label the garments of every image: labels of the data set, label maps of another tool, or the network of the user."""

    data: DataSet[DataSettings]

    name = "parse"
    store = "parsing"
    switch = "parse.backend"
    inputs: ClassVar[tuple[str, ...]] = ("ingest.image", "ingest.transform")
    file_dependencies: ClassVar[tuple[str, ...]] = ("label maps",)
    cost = 0.02

    @property
    def applies(self) -> bool:
        """False where no labels are wanted."""
        return self.settings.resolve(self.data) != "none"

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution and own section."""
        return {"size": list(self.data.context.size), "parse": self.settings}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The backend, with `auto` resolved, and the content of its file or the state of its folder."""
        backend: dict[str, Json] = {"backend": self.settings.resolve(self.data)}
        path = self.settings.path
        if path is None or not path.exists():
            return backend
        if path.is_file():
            return {**backend, "network": hashlib.sha256(path.read_bytes()).hexdigest()}
        return {**backend, "label maps": folder_stamp(path, ".png")}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """The label maps' stamp by number and newest time."""
        path = self.settings.path
        return {"label maps": former_folder_stamp(path, ".png")} if path is not None and path.is_dir() else {}

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the label maps."""
        path = self.settings.path
        return named_file_stamps(path, paths, (".png",)) if path is not None and path.is_dir() else None

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """labels (H, W): 0 background, then the garments of `ptx.labels`."""
        names: dict[str, Json] = {"labels": list(GARMENTS)}
        codec = Codec("zstd", 3)
        size = self.data.context.size
        return {"labels": ArraySpec(size, "u1", high=len(GARMENTS) - 1, codec=codec, attributes=names)}

    def open(self) -> Process:
        """Open the backend."""
        labels_of = self.open_labels()
        size = self.data.context.size

        def process(block: Block) -> Result:
            labels = np.zeros((len(block), *size), np.uint8)

            def parse(i: int) -> None:
                labels[i] = labels_of(block, i)
                if not labels[i].any():
                    raise BadSample("nobody", "the parsing map shows background only")

            problems = each_sample(block, parse)
            return Result({"labels": labels}, problems)

        return process

    def open_labels(self) -> LabelsOf:
        """Open the source of labels.

        Raises:
            PtxError: it cannot be used with this data set, or its files are not there.
        """
        from ptx.stages.backends.parsing import open_labels

        source = open_labels(self.settings.resolve(self.data), self.settings.path, self.settings.labels, self.data)

        def labels_of(block: Block, i: int) -> Labels:
            image, transform = block.array("ingest.image", np.uint8)[i], block.array("ingest.transform", np.float32)[i]
            return source.parse(int(block.index[i]), image, transform)

        return labels_of


@dataclass(frozen=True)
class NetworkParse(Parse):
    """Label the garments of every image by the network that comes with ptx, within silhouette and keypoints."""

    silhouettes: bool
    """Whether there are silhouettes: without them it does not apply."""

    switch = "silhouette.backend"
    inputs = ("ingest.image", "keypoints.keypoints", "silhouette.mask")
    file_dependencies = ()
    cost = 0.1

    @property
    def applies(self) -> bool:
        """False where there are no silhouettes."""
        return self.silhouettes

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The backend, with `auto` resolved, and the hash of the network."""
        return {"backend": "network", "network": PARSER_SHA256}

    def open_labels(self) -> LabelsOf:
        """Load the network.

        Raises:
            PtxError: its file is missing or damaged.
        """
        from ptx.detector.parsing import Parser

        parser = Parser()

        def labels_of(block: Block, i: int) -> Labels:
            image, mask = block.array("ingest.image", np.uint8)[i], block.array("silhouette.mask", np.uint8)[i]
            return parser(image, mask, block.array("keypoints.keypoints", np.float32)[i])

        return labels_of


def parse_stage(settings: ParseSettings, data: DataSet[DataSettings], silhouettes: bool) -> Parse:
    """Make the stage of the backend that the settings choose."""
    if settings.resolve(data) == "network":
        return NetworkParse(settings, data, silhouettes)
    return Parse(settings, data)
