"""Workspaces as ptx 0.1 wrote them (`tests/data`) are read as they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ptx
from ptx.pipeline.errors import PtxError
from ptx.project import Project, load_project
from ptx.training.settings import RENAMED_SETTINGS
from ptx.training.state import needed_trainings
from ptx.training.trainings import TRAININGS
from tests.commands.runner import ptx as ptx_command

ARCHIVE = Path(__file__).parent / "data" / "workspace-0.1.tar.gz"

NEW = ("silhouette", "train-combined-flow")
"""Steps of 0.2."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The archive, unpacked."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def open_old(folder: Path, config: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Open a project of the archive, its settings under their names of now."""
    text = (folder / config).read_text()
    for name, now in RENAMED_SETTINGS.items():
        text = re.sub(rf"\b{name}:", f"{now}:", text)
    (folder / config).write_text(text)
    monkeypatch.chdir(folder)
    return load_project(Path(config))


def test_everything_of_the_old_workspace_is_done(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_old(old / "people", "pipeline.yaml", monkeypatch)
    states = {step.name: step.status() for step in project.steps}
    for name in NEW:
        assert states.pop(name).condition == "absent"
    assert len(states) == 16
    assert {name: (state.condition, list(state.reasons)) for name, state in states.items()} == {
        name: ("done", []) for name in states
    }


def test_old_photographs_are_done_and_old_crops_are_stale(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes around keypoints of files had a margin of .25 of their own; nothing else changed."""
    whole = open_old(old / "photographs", "picture.yaml", monkeypatch)
    assert {step.status().condition for step in whole.stages if step.name not in ("silhouette", "parse")} == {"done"}
    cropped = open_old(old / "photographs", "person.yaml", monkeypatch)
    states = [step.status() for step in cropped.stages if step.name not in ("silhouette", "parse")]
    assert {state.condition for state in states} == {"stale"}
    assert list(states[0].reasons) == ["crop margin was absent, now 0.15"]
    assert list(states[1].reasons) == ["input ingest changed"]


@pytest.mark.slow
def test_old_photographs_may_have_colour_profiles(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their store stays current, and every run says how to find out, until they are read again."""
    folder = old / "photographs"
    open_old(folder, "picture.yaml", monkeypatch)
    words = ["run", "ingest", "-c", "picture.yaml", "--cluster", "serial"]
    note, outcome = ptx_command(folder, *words).out.splitlines()[-2:]
    assert "`ptx check` counts those that have another one" in note
    assert "nothing to do" in outcome
    for more in (["--force"], []):
        assert "ptx check" not in ptx_command(folder, *words, *more).out


def test_old_keypoints_of_pictures_with_several_people_are_stale(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The surest was taken, as the largest; a file is made that ptx 0.1 would have read so, with the time that the archive gives it."""
    file = sorted((old / "photographs" / "openpose").rglob("*.json"))[0]
    status = file.stat()
    document = json.loads(file.read_text())
    document["people"] *= 2
    file.write_text(json.dumps(document))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    states = [step.status() for step in open_old(old / "photographs", "picture.yaml", monkeypatch).stages]
    assert states[0].condition == "done"
    assert (states[1].condition, list(states[1].reasons)) == ("stale", ['person was absent, now "largest by size"'])


@pytest.mark.parametrize("system", ["flow", "pose-flow", "view"])
def test_old_models_paint(old: Path, system: str) -> None:
    """Each system of the old networks paints what the code that trained them painted."""
    model = ptx.load(old / "people" / "work" / "models", system)
    assert model.size == (64, 32)
    rng = np.random.default_rng(0)
    keypoints = np.ones((18, 3), np.float32)
    keypoints[:, 0] = rng.uniform(4, 28, 18)
    keypoints[:, 1] = rng.uniform(4, 60, 18)
    image = rng.integers(0, 256, (64, 32, 3), dtype=np.uint8)
    painting = model.transfer(image, keypoints[::-1].copy(), keypoints)
    assert painting.picture.shape == (64, 32, 3)
    assert Image.fromarray(painting.picture).getextrema() != ((0, 0),) * 3


def test_an_old_setting_gets_its_new_name(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(old / "people")
    with pytest.raises(
        PtxError, match=r"pipeline.yaml:\d+: train_flow.base: no such setting, did you mean 'base_channels'\?"
    ):
        load_project(Path("pipeline.yaml"))


def test_an_old_model_outlives_the_models_that_it_was_trained_on(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a deleted model was is known from the settings, whose names were others."""
    project = open_old(old / "people", "pipeline.yaml", monkeypatch)
    underlying = {name for training in TRAININGS.values() for name in needed_trainings(project.context, training)}
    for name in underlying:
        shutil.rmtree(project.context.folder(TRAININGS[name]))
    states = {step.name: step.status() for step in project.steps if step.name not in NEW}
    assert {name for name, state in states.items() if state.condition != "done"} == underlying


@pytest.mark.slow
def test_old_fits_may_be_of_people_who_lie(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their store stays current, and every run says how to have them fitted anew, until they are."""
    folder = old / "people"
    open_old(folder, "pipeline.yaml", monkeypatch)
    words = ["run", "fit-smpl", "-c", "pipeline.yaml", "--cluster", "serial"]
    told = ptx_command(folder, *words).out
    assert "`ptx run fit-smpl --force` fits all again" in told
    assert "nothing to do" in told
    assert "nothing to do" not in ptx_command(folder, *words, "--force").out
    assert "--force" not in ptx_command(folder, *words).out
