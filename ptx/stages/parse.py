"""`ptx run parse`: which garment, or which part of the skin, every pixel shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.datasets.file_stamps import named_file_stamps
from ptx.datasets.label_sets import LabelSet
from ptx.labels import GARMENTS
from ptx.pipeline.config import AbsolutePath, Section
from ptx.pipeline.errors import BadSample
from ptx.pipeline.fingerprint import Json, folder_stamp, former_folder_stamp
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result, Stage, each_sample

ParseBackend = Literal["truth", "files", "onnx"]


class ParseSettings(Section):
    """Garment parsing: what each pixel of a person is. Pose flow learning is trained with it."""

    backend: Literal["auto"] | ParseBackend = "auto"
    """Where labels come from; auto is truth for synthetic people, for photographs what `path` names, and nothing without it."""
    path: AbsolutePath | None = None
    """Folder of indexed PNGs named as the photographs, or a network (.onnx) that gives a score a label and pixel."""
    labels: LabelSet = "lip"
    """Label set of the files or of the network: lip, atr, deepfashion or ptx."""

    def resolve(self, data: DataSet[DataSettings]) -> ParseBackend | None:
        """Return the backend, with `auto` resolved; None where there is nothing to parse with."""
        if self.backend != "auto":
            return self.backend
        if "labels" in data.has:
            return "truth"
        if self.path is None:
            return None
        return "onnx" if self.path.suffix.lower() == ".onnx" else "files"


@dataclass(frozen=True)
class Parse(Stage[ParseSettings]):
    """Label the garments of every image: labels of the data set, label maps of another tool, or the network of the user."""

    data: DataSet[DataSettings]

    name = "parse"
    store = "parsing"
    inputs = ("ingest.image", "ingest.transform")
    file_dependencies = ("label maps",)
    cost = 0.02

    @property
    def applies(self) -> bool:
        """False where there is nothing to parse with."""
        return self.settings.resolve(self.data) is not None

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
        from ptx.stages.backends.parsing import open_labels

        backend = self.settings.resolve(self.data)
        source = open_labels(backend, self.settings.path, self.settings.labels, self.data)
        size = self.data.context.size

        def process(block: Block) -> Result:
            image = block.array("ingest.image", np.uint8)
            transform = block.array("ingest.transform", np.float32)
            labels = np.zeros((len(block), *size), np.uint8)

            def parse(i: int) -> None:
                labels[i] = source.parse(int(block.index[i]), image[i], transform[i])
                if not labels[i].any():
                    raise BadSample("nobody", "the parsing map shows background only")

            problems = each_sample(block, parse)
            return Result({"labels": labels}, problems)

        return process
