"""The row that declares a training. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ptx.training.settings import TrainSettings

FROM_PICTURES = ("ingest", "extract-keypoints")
"""Stages that every training reads, and PG²'s alone: pictures and keypoints."""

FLOW_STAGES = ("rasterize", "synth-flow", "visibility")
"""Stages that hold flow projected from fitted bodies, and what comes with it."""

FROM_BODIES = (*FROM_PICTURES, *FLOW_STAGES)
"""Stages that system A reads: pictures, keypoints, and flow projected from fitted bodies."""

FROM_PARSING = ("ingest", "extract-keypoints", "parse")
"""Stages that system B reads: pictures, keypoints and garment labels; no body model."""


@dataclass(frozen=True)
class Training:
    """The row that declares a training, in ptx's table or as an entry point of the group `ptx.trainings`."""

    name: str
    """Name as in `ptx run NAME`; begins with `train-`."""
    settings: type[TrainSettings]
    """Its section of the settings file."""
    recipe: str
    """Its `Recipe`, as "module:class"; imported when training begins."""
    needs: tuple[str, ...] = ()
    """Trainings whose models it uses, besides those that its settings ask for (`TrainSettings.needs`)."""
    reads: tuple[str, ...] = FROM_BODIES
    """Stages whose stores it reads, besides those that its settings ask for (`TrainSettings.reads`)."""
    formerly_read: tuple[str, ...] = ()
    """Stages that it also read in ptx 0.1, whose models record them; whether they change has no meaning for it any more."""
    annotated: bool = False
    """True where it also reads what people wear (`attributes.path`)."""

    @property
    def section(self) -> str:
        """Name of its section in the settings file."""
        return self.name.replace("-", "_")

    def folder(self, results: Path) -> Path:
        """Folder of its model below the folder of results."""
        return results / "models" / self.name.removeprefix("train-")
