"""Trained models as the commands read them: of the workspace unless told otherwise, under its settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ptx.pipeline.errors import PtxError
from ptx.training.systems import SystemName, find_system

if TYPE_CHECKING:
    from ptx.datasets.images import Frame
    from ptx.inference.model import Model
    from ptx.inference.surface import Place, Proportions, SurfaceEngine

DEFAULT_SYSTEM: SystemName = "flow"
"""The system of networks that paints where models are named and no system is."""

EngineName = Literal["surface", "flow", "pose-flow", "view"]
"""Painter of transfers and views: the photograph's own pixels on a fitted body, or the trained networks of a system."""


def avatar_among(sources: Iterable[Path]) -> Path | None:
    """Return the first source that is an avatar and no photograph."""
    from ptx.avatar.read import is_avatar

    return next((source for source in sources if is_avatar(source)), None)


def check_avatar(avatar: Path, systems: Sequence[SystemName], look: str, background: str | None) -> None:
    """Raise PtxError where networks, or the photograph of its person, are asked for of an avatar."""
    if systems:
        raise PtxError(f"{avatar}: an avatar is drawn by the surface engine: leave --engine, --system and --model out")
    if look in ("paste", "everyone"):
        raise PtxError(f"--as {look}: {avatar} has no photograph: take --as picture or sheet")
    if background == "source":
        raise PtxError(f"--background source: {avatar} has no photograph: take none, a colour, or pose for transfers")


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
    from ptx.inference.loading import load
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    body = (
        settings.body if "body" in settings.model_fields_set else None
    )  # else the one that the models were trained with
    models = folder or settings.results_folder / "models"
    return load(models, system, body=body, frame=frame, max_pixels=settings.ingest.max_pixels)


def chosen_systems(engine: EngineName | None, systems: str | None, folder: Path | None) -> list[SystemName]:
    """Return the systems of networks that paint; none where the surface engine does.

    Args:
        engine: the one that is asked for.
        systems: names with commas between.
        folder: of models, where one is named, as only networks need it.

    Raises:
        PtxError: there is no such system, or the engine is another.
    """
    names = [] if systems is None else [find_system(name.strip()).name for name in systems.split(",")]
    if engine == "surface":
        if names or folder:
            option = f"--system {systems}" if names else f"--model {folder}"
            raise PtxError(f"--engine surface paints without networks: leave {option} out, or --engine surface")
        return []
    if engine is not None:
        if names and names != [engine]:
            raise PtxError(f"--engine {engine} and --system {systems} name different networks: leave one of them out")
        return [engine]
    return names or ([DEFAULT_SYSTEM] if folder else [])


def check_mend(mend: bool, systems: Sequence[SystemName]) -> None:
    """Raise PtxError where networks that paint whole pictures are asked to be mended."""
    if systems and mend:
        raise PtxError("--mend is for the surface engine: networks paint the whole picture")


def load_surface(
    config: Path | None,
    overrides: list[str] | None,
    frame: Frame | None = None,
    place: Place = "pose",
    proportions: Proportions = "source",
    mend: bool = False,
) -> SurfaceEngine:
    """Make the surface engine.

    Args:
        config: settings file.
        overrides: of settings, `a.b=value`.
        frame: what of a photograph is painted; None: the person cut out.
        place: whose place and size people have.
        proportions: whose shape and limbs they have in somebody else's pose.
        mend: let the mender correct what is drawn.

    Raises:
        PtxError: a setting is wrong, or the body's file is not there.
    """
    from ptx.inference.surface import SurfaceEngine
    from ptx.settings import load_settings

    settings = load_settings(config, overrides)
    return SurfaceEngine(
        body=settings.body,
        frame=frame or "person",
        max_pixels=settings.ingest.max_pixels,
        place=place,
        proportions=proportions,
        mend=mend,
    )
