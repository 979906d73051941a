"""The pairs of a training, and which checkpoint becomes the model: validation persons choose, test persons never do."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ptx.pipeline.errors import PtxError
from ptx.training.data import PairData
from ptx.training.loop import Trainer
from ptx.training.settings import TrainSettings
from ptx.training.splits import TrainingPairs, training_pairs
from ptx.training.trainings import TRAININGS
from ptx.training.trainings.appearance_flow import TrainGeneratorSettings
from ptx.training.trainings.view import TrainCoarseSettings
from tests.projects import run
from tests.training.tiny import Hearing, tiny_project, train, weights

FLOW = TRAININGS["train-flow"]


def persons(data: PairData, work: Path) -> set[int]:
    """The persons of some pairs."""
    known = np.asarray(tiny_project(work).pipeline.listing.persons)
    return set(known[data.pairs].ravel().tolist())


def pairs_of(work: Path, share: float, *more: str) -> TrainingPairs:
    """The pairs of train-flow."""
    return training_pairs(tiny_project(work, *more).context, FLOW, share)


def test_three_groups_of_persons(data: Path) -> None:
    """Of six persons the last one is for testing, a fifth of the five others for validation."""
    chosen = pairs_of(data, 0.2)
    assert chosen.held_out is not None
    assert chosen.held_out.persons == "validation"
    assert chosen.can_choose
    train_persons, held_out = persons(chosen.train, data), persons(chosen.held_out.pairs, data)
    assert (len(train_persons), len(held_out)) == (4, 1)
    assert train_persons | held_out == {0, 1, 2, 3, 4}


def test_test_persons_are_looked_at_only_where_there_is_nobody_else(data: Path) -> None:
    chosen = pairs_of(data, 0.0)
    assert chosen.held_out is not None
    assert (chosen.held_out.persons, chosen.can_choose) == ("test", False)
    assert persons(chosen.held_out.pairs, data) == {5}
    assert persons(chosen.train, data) == {0, 1, 2, 3, 4}


def test_all_persons_for_validation_leave_none_to_train_on(data: Path) -> None:
    with pytest.raises(PtxError, match=r"no pair is left for training: .*`data.validation_fraction`"):
        pairs_of(data, 1.0)


def scored(monkeypatch: pytest.MonkeyPatch, values: Sequence[float]) -> list[set[int]]:
    """Give checkpoints these end-point errors; returns a list that will hold the pairs that were scored."""
    errors, seen = iter(values), list[set[int]]()

    def validate(self: Trainer, data: PairData) -> dict[str, float]:
        seen.append(set(data.numbers.tolist()))
        return {"epe": next(errors)}

    monkeypatch.setattr(Trainer, "validate", validate)
    return seen


def model(work: Path) -> tuple[int, dict[str, torch.Tensor]]:
    """The step of the model, and its weights."""
    folder = work / "models" / "flow"
    return json.loads((folder / "model.json").read_text())["step"], load_file(folder / "model.safetensors")


EVERY = "train_flow.save_every=2", "train_flow.keep=3"


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "step"), [("auto", 4), ("best", 4), ("last", 6)])
def test_the_model_is_the_best_on_validation_persons_or_the_last(
    work: Path, monkeypatch: pytest.MonkeyPatch, rule: str, step: int
) -> None:
    seen = scored(monkeypatch, [3.0, 1.0, 2.0])
    result = train(work, "train-flow", 6, *EVERY, f"train_flow.checkpoint={rule}")
    chosen = pairs_of(work, 0.2)
    assert chosen.held_out is not None
    assert seen == [set(chosen.held_out.pairs.numbers.tolist())] * 3
    found, tensors = model(work)
    assert found == step
    assert result.scores == {"epe": {4: 1.0, 6: 2.0}[step]}
    averaged = weights(work, "flow", step)
    assert all(torch.equal(value, averaged[f"average/module.{name}"]) for name, value in tensors.items())
    assert not all(torch.equal(value, averaged[f"net/flow/{name}"]) for name, value in tensors.items())


@pytest.mark.slow
def test_test_persons_choose_nothing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are scored, and the last checkpoint becomes the model, also where the best one is asked for."""
    seen, hearing = scored(monkeypatch, [3.0, 1.0, 2.0]), Hearing()
    train(work, "train-flow", 6, *EVERY, "data.validation_fraction=0", "train_flow.checkpoint=best", listener=hearing)
    assert model(work)[0] == 6
    assert hearing.texts == [
        "train-flow: no persons are set apart for validation: the last checkpoint becomes the model"
    ]
    held_out = pairs_of(work, 0.0).held_out
    assert held_out is not None
    assert seen == [set(held_out.pairs.numbers.tolist())] * 3
    with (work / "models" / "flow" / "log.csv").open(newline="") as file:
        assert {row["term"] for row in csv.DictReader(file) if "/epe" in row["term"]} == {"test/epe"}


def test_the_last_is_the_default_where_a_discriminator_takes_part() -> None:
    assert TrainGeneratorSettings(adversarial=0.01).takes_last
    assert not TrainGeneratorSettings(adversarial=0).takes_last
    assert not TrainGeneratorSettings(adversarial=0.01, checkpoint="best").takes_last
    assert TrainGeneratorSettings(adversarial=0, checkpoint="last").takes_last
    assert not TrainCoarseSettings().takes_last


@pytest.mark.parametrize("training", TRAININGS.values(), ids=lambda training: training.name)
def test_published_schedules_take_the_last(training: object) -> None:
    from ptx.training.training import Training

    assert isinstance(training, Training)
    for preset in training.settings.PRESETS:
        settings: TrainSettings = training.settings.model_validate({"preset": preset})
        assert settings.takes_last == (preset != "demo")


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_photographs_of_one_or_two_persons_train(tmp_path: Path, count: int) -> None:
    few = f"data.persons={count}", "data.images_per_person=3"
    run(tiny_project(tmp_path, *few))
    hearing = Hearing()
    result = train(tmp_path, "train-flow", 4, *few, listener=hearing)
    assert result.trained
    assert result.scores == {}
    assert hearing.texts == [
        "train-flow: too few persons for any validation person (data.validation_fraction 0.2): the last checkpoint becomes the "
        "model"
    ]
    assert model(tmp_path)[0] == 4
    assert tiny_project(tmp_path, *few, "train_flow.steps=4").step("train-flow").status().condition == "done"


def test_a_model_of_an_older_ptx_goes_on_with_all_persons(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was begun without validation persons, so none are taken away from it, and the last checkpoint becomes the model."""
    from tests.training.test_identity import of_older_ptx, rewrite

    train(work, "train-flow", 2, *EVERY)
    rewrite(work, "flow", of_older_ptx)
    scored(monkeypatch, [9.0])
    hearing = Hearing()
    train(work, "train-flow", 4, *EVERY, listener=hearing)
    assert hearing.texts == [
        "train-flow: it was begun by an older ptx, without validation persons: the last checkpoint becomes the model"
    ]
    assert model(work)[0] == 4
    meta = json.loads((work / "models" / "flow" / "model.json").read_text())
    assert "data.validation_fraction" not in meta["document"]  # so what was trained on it stays current
