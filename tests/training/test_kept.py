"""Models that are kept beside the current one: other settings never delete one, and old settings find theirs again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ptx.pipeline.errors import PtxError
from ptx.training.kept import kept_folders, put_aside, take_up
from ptx.training.models import ProjectModels
from ptx.training.trainings import TRAININGS
from tests.training.tiny import Hearing, tiny_project, train

FLOW = TRAININGS["train-flow"]


def channels(work: Path, folder: str) -> int:
    """Channels of the model in a folder, as it recorded them."""
    meta = json.loads((work / "models" / folder / "model.json").read_text())
    return int(meta["document"]["settings"]["train_flow"]["base_channels"])


@pytest.mark.slow
def test_every_model_is_kept_and_taken_up_again(work: Path) -> None:
    for count in (8, 12, 10):
        train(work, "train-flow", 4, f"train_flow.base_channels={count}")
    assert [channels(work, name) for name in ("flow", "flow.1", "flow.2")] == [10, 8, 12]
    first = (work / "models" / "flow.1" / "model.safetensors").read_bytes()
    hearing = Hearing()
    back = train(work, "train-flow", 4, listener=hearing)
    assert not back.trained
    assert "epe" in back.scores
    assert (work / "models" / "flow" / "model.safetensors").read_bytes() == first
    assert hearing.texts == [
        "train-flow is stale (train_flow.base_channels was 10, now 8): flow.1 is what the settings ask for, taken up at step 4; "
        f"the other one is kept in {work / 'models' / 'flow.3'}"
    ]
    assert [channels(work, name) for name in ("flow", "flow.2", "flow.3")] == [8, 12, 10]
    assert [folder.name for folder in kept_folders(work / "models" / "flow")] == ["flow.2", "flow.3"]
    assert train(work, "train-flow", 6, "train_flow.base_channels=12").trained  # goes on, from step 4
    assert [channels(work, name) for name in ("flow", "flow.3", "flow.4")] == [12, 10, 8]
    log = (work / "models" / "flow" / "log.csv").read_text()
    assert {int(line.split(",")[0]) for line in log.splitlines()[1:]} == {1, 2, 3, 4, 5, 6}


@pytest.mark.slow
def test_a_run_that_was_killed_between_both_renames(work: Path) -> None:
    """The current model is away, the kept one not yet there: the next run finds it."""
    for count in (8, 12):
        train(work, "train-flow", 4, f"train_flow.base_channels={count}")
    put_aside(work / "models" / "flow")
    assert not (work / "models" / "flow").exists()
    hearing = Hearing()
    assert not train(work, "train-flow", 4, listener=hearing).trained
    assert hearing.texts == ["train-flow: flow.1 is what the settings ask for, taken up at step 4"]
    assert [channels(work, name) for name in ("flow", "flow.2")] == [8, 12]


@pytest.mark.slow
def test_the_one_folder_of_an_older_ptx_is_kept_too(work: Path) -> None:
    train(work, "train-flow", 4)
    (work / "models" / "flow").rename(work / "models" / "flow.old")
    train(work, "train-flow", 4, "train_flow.base_channels=12")
    assert take_up(work / "models" / "flow", work / "models" / "flow.old") == work / "models" / "flow.1"
    assert channels(work, "flow") == 8


@pytest.mark.slow
def test_force_keeps_the_old_model(work: Path) -> None:
    from ptx.pipeline.events import Silent
    from ptx.training.run import run_training

    train(work, "train-flow", 4)
    context = tiny_project(work, "train_flow.steps=4").context
    for number in (1, 2):
        assert run_training(context, FLOW, Silent(), force=True).trained
        assert (work / "models" / f"flow.{number}" / "model.json").exists()


@pytest.mark.slow
def test_the_plan_counts_the_steps_of_the_kept_model(work: Path) -> None:
    for count in (8, 12):
        train(work, "train-flow", 4, f"train_flow.base_channels={count}")
    step = tiny_project(work, "train_flow.steps=7").step("train-flow")
    assert step.status().condition == "stale"
    assert step.estimate().count == 3
    assert step.estimate(force=True).count == 7


# --- a model's file that is lost ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["deleted", "both deleted", "cut", "bit"])
def test_a_lost_model_is_rebuilt_from_its_checkpoint(work: Path, fault: str) -> None:
    train(work, "train-flow", 8, "train_flow.checkpoint=last")
    folder = work / "models" / "flow"
    file = folder / "model.safetensors"
    before = file.read_bytes()
    if fault == "bit":
        file.write_bytes(before[:-5] + bytes([before[-5] ^ 1]) + before[-4:])
    elif fault == "cut":
        file.write_bytes(before[:-100])
    else:
        file.unlink()
        if fault == "both deleted":
            (folder / "model.json").unlink()
    project = tiny_project(work, "train_flow.steps=8", "train_flow.checkpoint=last")
    status = project.step("train-flow").status()
    if fault != "bit":  # which only reading it all tells
        what = {
            "deleted": "model.safetensors is missing",
            "both deleted": "model.json is missing",
            "cut": "model.safetensors is damaged",
        }
        assert (status.condition, status.reasons) == ("partial", [f"{what[fault]}: `ptx run train-flow` rebuilds it"])
    if fault != "both deleted":
        with pytest.raises(PtxError):
            ProjectModels.of(project.context).network("train-flow")
    hearing = Hearing()
    result = train(work, "train-flow", 8, "train_flow.checkpoint=last", listener=hearing)
    assert not result.trained
    assert "epe" in result.scores
    assert hearing.texts == [
        "train-flow: model.safetensors was missing or damaged, rebuilt from the averaged weights of step 8"
    ]
    assert file.read_bytes() == before
    assert project.step("train-flow").status().condition == "done"


def test_a_lost_model_without_a_checkpoint_is_one_line(work: Path) -> None:
    train(work, "train-flow", 4)
    folder = work / "models" / "flow"
    (folder / "model.safetensors").unlink()
    (folder / "checkpoints" / "step-00000004.safetensors").unlink()
    with pytest.raises(PtxError, match=r"missing or damaged, and its newest checkpoint too .*: `--force` trains anew"):
        train(work, "train-flow", 4)


@pytest.mark.slow
def test_a_lost_model_is_there_again_when_training_goes_on(work: Path) -> None:
    """Also where no later checkpoint is better: what is compared with is the rebuilt model."""
    train(work, "train-flow", 4)
    shutil.copytree(work / "models" / "flow", work / "models" / "whole")
    (work / "models" / "flow" / "model.safetensors").unlink()
    train(work, "train-flow", 5, "train_flow.save_every=1", "train_flow.learning_rate=0.001")
    assert (work / "models" / "flow" / "model.safetensors").exists()
