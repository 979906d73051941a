"""Projects for tests: the real stages in this process, on a small body."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ptx.pipeline.config import Section
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.stage import Stage
from ptx.project import Project
from ptx.settings import load_settings
from ptx.training.trainings import TRAININGS

NO_FILE = Path(os.devnull)
"""Stands for a settings file, so that the one of the folder that tests run in is not read."""


TO_VISIBILITY = (
    "ingest", "extract-keypoints", "silhouette", "parse", "fit-smpl", "dress", "rasterize", "synth-flow", "visibility",
)  # fmt: skip
"""The data stages that flow and visibility of photographs and made people need."""


def make_project(workspace: Path, *overrides: str) -> Project:
    """Put a project together that runs its stages here, on a small body unless told otherwise."""
    base = [f"workspace={workspace}", "cluster.kind=serial", "body=small", "run.max_bad_fraction=1"]
    return Project(load_settings(NO_FILE, [*base, *overrides]))


def shrink(values: Mapping[str, int]) -> list[str]:
    """Settings that give every training those of some values that it knows, such as few channels and steps."""
    return [
        f"{training.section}.{name}={value}"
        for training in TRAININGS.values()
        for name, value in values.items()
        if name in training.settings.model_fields
    ]


def run(chosen: Project, *names: str) -> None:
    """Run some steps, or all data stages."""
    steps = [chosen.step(name) for name in names] or chosen.stages
    with open_executor(chosen.settings.run, chosen.settings.cluster) as executor:
        for step in steps:
            step.run(Silent(), executor)


def stage(chosen: Project, name: str) -> Stage[Section]:
    """A data stage by its name."""
    return chosen.pipeline.stage(name)


def problems(chosen: Project, name: str) -> dict[int, str]:
    """Quarantined samples of a stage, in the stored form `code: text`."""
    return {i: one.stored for i, one in chosen.pipeline.plan(stage(chosen, name)).problems.items()}


def read(chosen: Project, name: str, array: str, kind: type[np.generic] | None = None) -> np.ndarray:
    """All rows of an array of a stage's store, of its own type or of `kind`."""
    store = chosen.pipeline.store(stage(chosen, name))
    return np.asarray(store.rows(array, np.arange(store.count)), kind)


def project_of(config: Path, *overrides: str) -> Project:
    """The project of a settings file."""
    return Project(load_settings(config, list(overrides)))
