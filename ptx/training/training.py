"""The row that declares a training. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ptx.training.settings import FROM_BODIES, FROM_PARSING, TrainSettings

__all__ = ["FROM_BODIES", "FROM_PARSING", "Training"]


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
    """Stages whose stores it reads."""
    annotated: bool = False
    """True where it also reads what people wear (`attributes.path`)."""

    @property
    def section(self) -> str:
        """Name of its section in the settings file."""
        return self.name.replace("-", "_")

    def folder(self, results: Path) -> Path:
        """Folder of its model below the folder of results."""
        return results / "models" / self.name.removeprefix("train-")
