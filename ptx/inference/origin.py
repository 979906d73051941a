"""Where painted pictures come from, as they say it themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ptx.inference.backgrounds import PAINTED
from ptx.inference.engine import Engine
from ptx.pictures.provenance import Provenance, SourceType
from ptx.pipeline.storage.json_values import Json


def origin(
    command: str,
    engines: Sequence[Engine],
    look: Literal["picture", "sheet", "paste", "everyone"],
    sources: Sequence[Path],
    background: str = PAINTED,
    **settings: Json,
) -> Provenance:
    """Describe a picture that was painted.

    Args:
        command: such as `ptx transfer`.
        engines: those that painted; all of one frame.
        look: whether the painted picture stands alone, or in or beside photographs.
        sources: files that it was made from.
        background: `source`, `pose`, `none`, a colour, or `paint` where the model painted it.
        **settings: choices of the command besides.
    """
    alone = look == "picture" and background not in ("source", "pose")
    trained = any(engine.trained for engine in engines)
    whole: SourceType = "trainedAlgorithmicMedia" if alone else "compositeWithTrainedAlgorithmicMedia"
    return Provenance(
        whole if trained else "compositeSynthetic",
        command,
        sources,
        {
            "as": look,
            "background": background,
            "frame": engines[0].frame,
            "models": {engine.name: engine.hashes for engine in engines},
            **settings,
        },
    )
