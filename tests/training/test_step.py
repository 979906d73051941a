"""A training as a step: its state, what it needs, its shape as a job; and a dry run leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.pipeline.array_slice import ArraySlice
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.project import Project
from ptx.training.data import missing_input
from ptx.training.step import TrainingStep
from ptx.training.trainings import TRAININGS
from tests.projects import make_project
from tests.training.tiny import NETWORKS, tiny_project, train


def step(project: Project, name: str) -> TrainingStep:
    return TrainingStep(project.context, TRAININGS[name])


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.mark.slow
def test_states(work: Path) -> None:
    project = tiny_project(work, "train_flow.steps=4")
    assert (step(project, "train-flow").status().condition, step(project, "train-flow").status().of) == ("absent", 4)
    train(work, "train-flow", 4)
    done = step(project, "train-flow").status()
    assert (done.condition, done.done, done.unit, done.reasons) == ("done", 4, "steps", [])
    assert "epe" in done.scores
    assert done.bytes > 10_000
    assert step(tiny_project(work, "train_flow.steps=9"), "train-flow").status().condition == "partial"
    stale = step(tiny_project(work, "train_flow.scales=2"), "train-flow").status()
    assert (stale.condition, stale.reasons) == ("stale", ["train_flow.scales was 3, now 2"])


def test_needs_are_those_of_what_it_is_made_from(data: Path) -> None:
    project = tiny_project(data, "train_generator.flow=learned")
    needs = step(project, "train-pixel-warp").needs()
    assert {"train-pose-flow", "train-generator", "synth-flow", "parse"} <= set(needs)
    assert {"train-flow", "train-garment"}.isdisjoint(needs)  # the flow is that of the generator, which is learned
    assert set(step(tiny_project(data), "train-flow").needs()) == {
        "ingest", "extract-keypoints", "rasterize", "synth-flow", "visibility",
    }  # fmt: skip
    assert set(step(tiny_project(data), "train-coarse").needs()) == {"ingest", "extract-keypoints"}


def test_what_cannot_be(data: Path, tmp_path: Path) -> None:
    assert step(tiny_project(data), "train-flow").impossible() is None
    assert step(tiny_project(data), "train-attributes").impossible() == (
        "there is no annotation of clothes: set `attributes.path`"
    )
    photographs = make_project(tmp_path / "work", *NETWORKS, f"data.root={tmp_path}", "parse.backend=none")
    assert step(photographs, "train-pose-flow").impossible() == "parse does not apply: set `parse.backend`"
    plan = photographs.pipeline.plan(photographs.pipeline.stage("parse"))
    assert missing_input(plan) == (
        "training reads parse, which is absent: `ptx run all` first, after the setting `parse.backend`"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_a_dry_run_leaves_everything_as_it_was(work: Path, name: str) -> None:
    train(work, "train-flow", 4)
    before = tree(work)
    project = tiny_project(work, "train_flow.steps=9")
    for force in (False, True):
        estimate = step(project, name).estimate(force=force)
        assert estimate.step == name
        assert estimate.count == (
            5 if name == "train-flow" and not force else project.context.settings(TRAININGS[name]).steps
        )
        assert (estimate.seconds is None) == (estimate.source == "unknown")
    assert tree(work) == before


@pytest.mark.slow
def test_a_run_says_what_it_did(work: Path) -> None:
    project = tiny_project(work, "train_flow.steps=4")
    with open_executor(project.settings.run, project.settings.cluster) as executor:
        done = step(project, "train-flow").run(Silent(), executor)
        assert done is not None
        assert (done.condition, done.computed, done.unit) == ("done", 4, "steps")
        again = step(project, "train-flow").run(Silent(), executor)
        assert again is not None
        assert again.computed == 0
        more = step(tiny_project(work, "train_flow.steps=6"), "train-flow").run(Silent(), executor)
        assert more is not None
        assert more.computed == 2
        with pytest.raises(PtxError, match="--part is for one data stage: a training is one job"):
            step(project, "train-flow").run(Silent(), executor, part=ArraySlice(0, 2))


def test_a_job_has_a_task_a_device(data: Path) -> None:
    project = tiny_project(data, "train_flow.devices=2", "train_flow.nodes=2", "train_flow.batch=4")
    job = step(project, "train-flow").job(ClusterSettings())
    assert (job.nodes, job.tasks_per_node, job.saves_on_signal, job.array) == (2, 2, True, None)
