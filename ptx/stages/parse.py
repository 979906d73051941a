"""`ptx run parse`: which garment, or which part of the skin, every pixel shows."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import numpy as np

from ptx.labels import GARMENTS
from ptx.pipeline.errors import BadSample
from ptx.pipeline.stage import ArraySpec, Block, Codec, Result, Stage
from ptx.stages.backends.data_sets import stamp
from ptx.stages.backends.parsing import Parser, parser


class Parse(Stage):
    """The truth of synthetic people, label maps of another tool, or a network of the user's."""

    name = "parse"
    store = "parsing"
    version = 1
    over: Literal["images", "pairs"] = "images"
    inputs = ("ingest.image", "ingest.transform")
    settings = ("size", "parse")
    cost = 0.02

    def applies(self, settings: Any) -> bool:
        """Whether there is something to parse with."""
        return settings.parse_backend is not None

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The backend that `auto` came to, and the content of its file or the state of its folder."""
        path, out = settings.parse.path, {"backend": settings.parse_backend}
        if path is None or not path.exists():
            return out
        if path.is_file():
            return out | {"network": hashlib.sha256(path.read_bytes()).hexdigest()}
        return out | {"label maps": stamp(path, ".png")}

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """labels (H, W): 0 background, then the garments of `ptx.labels`."""
        names = {"labels": list(GARMENTS)}
        return {
            "labels": ArraySpec(
                tuple(settings.size), "u1", high=len(GARMENTS) - 1, codec=Codec("zstd", 3), attributes=names
            )
        }

    def open(self, settings: Any) -> Parser:
        """The backend."""
        return parser(settings)

    def process(self, block: Block, settings: Any, state: Parser) -> Result:
        """Ask the backend for each picture; a map that is missing, of other labels, or empty is a problem."""
        labels = np.zeros((len(block), *settings.size), np.uint8)
        problems: dict[int, str] = {}
        for i, index in enumerate(block.index):
            try:
                labels[i] = state.parse(int(index), block["ingest.image"][i], block["ingest.transform"][i])
            except BadSample as error:
                problems[i] = error.problem.stored
                continue
            if not labels[i].any():
                problems[i] = "nobody: the parsing map shows background only"
        return Result({"labels": labels}, problems)
