"""The parts of a project that trainings use. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from ptx.datasets.data_set import ExactFlow
from ptx.datasets.images import Frame
from ptx.pipeline.config import Section
from ptx.pipeline.plan import Pipeline
from ptx.training.settings import TrainSettings
from ptx.training.training import Training

S = TypeVar("S", bound=Section)


class Sections(Protocol):
    """Gives the sections of the settings by their class."""

    def __call__(self, kind: type[S]) -> S:
        """Return the section of a class."""
        ...


@dataclass(frozen=True)
class TrainingContext:
    """The parts of a project that trainings use."""

    pipeline: Pipeline
    seed: int
    size: tuple[int, int]
    """Working resolution: height, width in px."""
    body: str
    """The setting `body`."""
    frame: Frame
    """What of a photograph the stores' pictures show."""
    validation_share: float
    """Share of the persons of the training split that is set apart to choose checkpoints by; 0 where the split is published."""
    attributes: Path | None
    """The setting `attributes.path`: folder of the annotation of clothes."""
    section: Sections
    exact_flow: Callable[[], ExactFlow] | None = None
    """Opens the exact flow of the pictures, where the data set knows it."""

    def settings(self, training: Training) -> TrainSettings:
        """Return the section of a training."""
        return self.section(training.settings)

    def folder(self, training: Training) -> Path:
        """Folder of a training's model."""
        return training.folder(self.pipeline.results)


@dataclass(frozen=True)
class NetworkFacts:
    """Sizes that the shape of a network depends on besides its settings."""

    size: tuple[int, int]
    """Height, width in px of the pictures."""
    categories: int = 0
    """Categories of clothes in the annotation."""
    attributes: int = 0
    """Attributes of clothes in the annotation."""
