"""The row that declares a training. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ptx.training.settings import FLOW_STAGES, FROM_BODIES, FROM_PARSING, FROM_PICTURES, TrainSettings

__all__ = ["FLOW_STAGES", "FROM_BODIES", "FROM_PARSING", "FROM_PICTURES", "NO_EXACT_FLOW", "Training"]

NO_EXACT_FLOW = "the data set has no exact flow: train it on synthetic people (data.kind: people)"
"""Why a training that reads exact flow cannot run."""


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
    reads_as: tuple[str, ...] = ()
    """Trainings that it also reads for what their settings ask for, since their networks are given that in it."""
    formerly_read: tuple[str, ...] = ()
    """Stages that it also read in ptx 0.1, whose models record them; whether they change has no meaning for it any more."""
    annotated: bool = False
    """True where it also reads what people wear (`attributes.path`)."""
    exact: bool = False
    """True where it also reads the exact flow of the pictures, which synthetic people have."""

    @property
    def section(self) -> str:
        """Name of its section in the settings file."""
        return self.name.replace("-", "_")

    def folder(self, results: Path) -> Path:
        """Folder of its model below the folder of results."""
        return results / "models" / self.name.removeprefix("train-")
