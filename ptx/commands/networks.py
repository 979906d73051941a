"""Trained models as the commands read them: of the workspace unless told otherwise, under its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptx.datasets.images import Frame
    from ptx.inference.model import Model
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
