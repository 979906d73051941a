"""Where painted pictures come from, as they say it themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ptx.inference.backgrounds import PAINTED
from ptx.inference.model import Model
from ptx.pictures.provenance import Provenance
from ptx.pipeline.storage.json_values import Json


def origin(
    command: str,
    models: Sequence[Model],
    look: Literal["picture", "sheet", "paste", "everyone"],
    sources: Sequence[Path],
    background: str = PAINTED,
    **settings: Json,
) -> Provenance:
    """Describe a picture that trained models painted.

    Args:
        command: such as `ptx transfer`.
        models: those that painted; all of one frame.
        look: whether the painted picture stands alone, or in or beside photographs.
        sources: files that it was made from.
        background: `source`, `pose`, `none`, a colour, or `paint` where the model painted it.
        **settings: choices of the command besides.
    """
    alone = look == "picture" and background not in ("source", "pose")
    return Provenance(
        "trainedAlgorithmicMedia" if alone else "compositeWithTrainedAlgorithmicMedia",
        command,
        sources,
        {
            "as": look,
            "background": background,
            "frame": models[0].frame,
            "models": {model.system: model.hashes for model in models},
            **settings,
        },
    )
