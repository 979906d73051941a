"""Trainings of seconds, for tests."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from ptx.pipeline.events import Listener, Silent
from ptx.project import Project
from ptx.training.run import TrainingResult, run_training
from ptx.training.trainings import TRAININGS
from tests.projects import make_project, shrink

DATA = ["size=[48, 32]", "data.persons=6", "data.images_per_person=3", "data.validation_fraction=0.2"]
SMALL = {
    "base_channels": 8, "max_channels": 16, "scales": 3, "warped_scales": 2, "batch": 4, "save_every": 4, "workers": 0,
    "validate_pairs": 6,
}  # fmt: skip
NETWORKS = shrink(SMALL)
"""Settings of small networks; each training has those of them that it knows."""
TINY = [*DATA, *NETWORKS]
HERE = ["cluster.kind=serial", "body=small"]
"""What `make_project` adds, for commands that are started as processes."""


def tiny_project(workspace: Path, *more: str) -> Project:
    """A project of a few small pictures and networks."""
    return make_project(workspace, *TINY, *more)


def steps_of_all(steps: int) -> tuple[str, ...]:
    """Settings that give every training so many steps."""
    return tuple(f"{training.section}.steps={steps}" for training in TRAININGS.values())


def train(workspace: Path, name: str, steps: int, *more: str, listener: Listener | None = None) -> TrainingResult:
    """Run a training of a tiny project."""
    training = TRAININGS[name]
    context = tiny_project(workspace, f"{training.section}.steps={steps}", *more).context
    return run_training(context, training, listener or Silent())


def weights(workspace: Path, model: str, step: int) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint."""
    return load_file(workspace / "models" / model / "checkpoints" / f"step-{step:08d}.safetensors")


class Hearing(Silent):
    """A listener that remembers what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def told(self, step: str, text: str) -> None:
        """Remember a sentence."""
        self.texts.append(text)
