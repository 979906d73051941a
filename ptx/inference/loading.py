"""`ptx.load`: the surface engine, or trained models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from ptx.datasets.images import MAX_PIXELS, Frame
from ptx.inference.surface import SurfaceEngine
from ptx.training.systems import SystemName

if TYPE_CHECKING:
    from ptx.inference.model import Model


@overload
def load(*, body: str | None = None, frame: Frame | None = None, max_pixels: int = MAX_PIXELS) -> SurfaceEngine: ...


@overload
def load(
    folder: str | Path,
    system: SystemName = "flow",
    *,
    body: str | None = None,
    frame: Frame | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Model: ...


def load(
    folder: str | Path | None = None,
    system: SystemName = "flow",
    *,
    body: str | None = None,
    frame: Frame | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Model | SurfaceEngine:
    """Load what paints people.

    Args:
        folder: of trained models (`WORKSPACE/models`); without it the surface engine paints, with nothing trained, and people are where
            they are in their photograph.
        system: of the models, as for `Model`.
        body: body model, as for `load_body`; None: the built-in one, or that which the models were trained with.
        frame: bring the whole photograph to the painted size, or the person cut out of it; None: as the models were trained, and cut out
            for the surface engine.
        max_pixels: larger photographs are refused before they are decoded.

    Raises:
        PtxError: as for `Model` and `SurfaceEngine`.
    """
    if folder is None:
        return SurfaceEngine(body=body or "builtin", frame=frame or "person", max_pixels=max_pixels, place="source")
    from ptx.inference.model import Model

    return Model(Path(folder), system, body=body, frame=frame, max_pixels=max_pixels)
