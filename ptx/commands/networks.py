"""Trained models as the commands read them: of the workspace unless told otherwise, under its settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ptx.commands.options import errors
from ptx.pipeline.errors import PtxError
from ptx.training.systems import SYSTEMS, SystemName

if TYPE_CHECKING:
    from ptx.datasets.images import Frame
    from ptx.inference.model import Model
    from ptx.inference.surface import Place, SurfaceEngine

DEFAULT_SYSTEM: SystemName = "flow"
"""The system of networks that paints unless another is named."""

EngineName = Literal["network", "surface"]
"""Painter of transfers and views: trained networks, or the photograph's own pixels on a fitted body."""


def avatar_among(sources: Iterable[Path]) -> Path | None:
    """Return the first source that is an avatar and no photograph."""
    from ptx.avatar.read import is_avatar

    return next((source for source in sources if is_avatar(source)), None)


def engine_for(avatar: Path | None, engine: EngineName | None, background: str | None) -> EngineName | None:
    """Return the engine for sources among which there may be an avatar, which the surface engine draws.

    Raises:
        PtxError: networks are asked for, or the background of the source's photograph, and there is an avatar.
    """
    if avatar is None:
        return engine
    if engine == "network":
        raise PtxError(f"{avatar}: an avatar is drawn by the surface engine: leave --engine network out")
    if background == "source":
        raise PtxError(f"--background source: {avatar} has no photograph: take none, a colour, or pose for transfers")
    return "surface"


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


def load_engine(
    engine: EngineName | None,
    folder: Path | None,
    system: SystemName,
    config: Path | None,
    overrides: list[str] | None,
    frame: Frame | None = None,
    place: Place = "pose",
) -> Model | SurfaceEngine:
    """Read what paints; arguments and errors as of `load_surface` and `load_model`."""
    surface = load_surface(engine, folder, system, config, overrides, frame, place)
    return surface or load_model(folder, system, config, overrides, frame)


def load_surface(
    engine: EngineName | None,
    folder: Path | None,
    system: str,
    config: Path | None,
    overrides: list[str] | None,
    frame: Frame | None = None,
    place: Place = "pose",
) -> SurfaceEngine | None:
    """Make the surface engine where it paints; None: networks do.

    Args:
        engine: the one that is asked for; None: networks, but where no folder is named, the system is the default, and the workspace has
            no model of it, which a line then says.
        folder: of the models, where one is named.
        system: name of the system, or several with commas between.
        config: settings file.
        overrides: of settings, `a.b=value`.
        frame: what of a photograph is painted; None: the person cut out.
        place: whose place and size people have that the surface engine draws.

    Raises:
        PtxError: a setting is wrong; the body's file is not there; or models are named for the surface engine.
    """
    if engine == "network" or (engine is None and (folder is not None or system != DEFAULT_SYSTEM)):
        return None
    if folder is not None:
        raise PtxError("--engine surface needs no models: leave --model out")
    from ptx.inference.surface import SurfaceEngine
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    if engine is None:
        models = settings.results_folder / "models"
        if (models / SYSTEMS[DEFAULT_SYSTEM].trainings[0].removeprefix("train-")).exists():
            return None
        errors.print(f"no model is trained in {models}: the surface engine paints", markup=False)
    return SurfaceEngine(
        body=settings.body, frame=frame or "person", max_pixels=settings.ingest.max_pixels, place=place
    )
