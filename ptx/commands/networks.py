"""Trained models as the commands read them: of the workspace unless told otherwise, under its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ptx.training.systems import find_system

if TYPE_CHECKING:
    from ptx.datasets.images import Frame
    from ptx.inference.model import Model
    from ptx.inference.surface import SurfaceEngine
    from ptx.training.systems import SystemName


def load_model(
    folder: Path | None,
    system: SystemName,
    config: Path | None,
    overrides: list[str] | None,
    frame: Frame | None = None,
) -> Model:
    """Read the networks of a system.

    Args:
        folder: of the models; None: that of the workspace.
        system: name of the system.
        config: settings file.
        overrides: of settings, `a.b=value`.
        frame: what of a photograph is painted anew; None: as the models were trained.

    Raises:
        PtxError: a setting is wrong; or a model is missing, damaged or of another architecture.
    """
    from ptx.inference.model import load
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    body = (
        settings.body if "body" in settings.model_fields_set else None
    )  # else the one that the models were trained with
    models = folder or settings.results_folder / "models"
    return load(models, system, body=body, frame=frame, max_pixels=settings.ingest.max_pixels)


EngineName = Literal["network", "surface"]
"""What paints: trained networks, or the photograph's own pixels on a fitted body."""


def load_engine(
    engine: EngineName | None,
    folder: Path | None,
    system: SystemName,
    config: Path | None,
    overrides: list[str] | None,
    frame: Frame | None = None,
) -> Model | SurfaceEngine:
    """Read what paints; arguments and errors as of `load_model`.

    Without an engine it is the networks, or, where no folder is named and the workspace has no model of the system, the surface engine.
    """
    from ptx.inference.surface import SurfaceEngine
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    if engine is None:
        needed = find_system(system).trainings[0].removeprefix("train-")
        trained = (settings.results_folder / "models" / needed).exists()
        engine = "network" if trained or folder is not None else "surface"
    if engine == "network":
        return load_model(folder, system, config, overrides, frame)
    return SurfaceEngine(body=settings.body, frame=frame or "person", max_pixels=settings.ingest.max_pixels)
