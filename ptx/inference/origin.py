"""Where painted pictures come from, as they say it themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ptx.inference.model import Model
from ptx.pictures.provenance import Provenance
from ptx.pipeline.storage.json_values import Json


def origin(
    command: str,
    models: Sequence[Model],
    look: Literal["picture", "sheet", "paste", "everyone"],
    sources: Sequence[Path],
    **settings: Json,
) -> Provenance:
    """Describe a picture that trained models painted.

    Args:
        command: such as `ptx transfer`.
        models: those that painted; all of one frame.
        look: whether the painted picture stands alone, or in or beside photographs.
        sources: files that it was made from.
        **settings: choices of the command besides.
    """
    return Provenance(
        "trainedAlgorithmicMedia" if look == "picture" else "compositeWithTrainedAlgorithmicMedia",
        command,
        sources,
        {
            "as": look,
            "frame": models[0].frame,
            "models": {model.system: model.hashes for model in models},
            **settings,
        },
    )
