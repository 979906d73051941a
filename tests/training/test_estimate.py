"""Seconds of a step: from the log of the same network, else from a benchmark, which leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ptx.training.data import BATCH_FIELDS
from ptx.training.estimate import random_batch, seconds_per_step
from ptx.training.log import rate_conditions, write_rate
from ptx.training.trainings import TRAININGS
from tests.training.tiny import tiny_project

FLOW = TRAININGS["train-flow"]


def test_the_log_of_the_same_network_counts(work: Path) -> None:
    context = tiny_project(work).context
    write_rate(context.folder(FLOW), 12.5, "cpu", rate_conditions(context.settings(FLOW), context.size))
    assert seconds_per_step(context, FLOW) == (12.5, "measured")
    longer = tiny_project(work, "train_flow.steps=99").context
    assert seconds_per_step(longer, FLOW) == (12.5, "measured")
    for other in ("train_flow.max_channels=8", "train_flow.batch=2", "size=[32, 32]"):
        assert seconds_per_step(tiny_project(work, other).context, FLOW)[1] == "benchmark"


@pytest.mark.parametrize("name", [name for name in TRAININGS if name != "train-attributes"])
def test_every_training_can_be_timed_before_anything_is_there(tmp_path: Path, name: str) -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    seconds, source = seconds_per_step(tiny_project(tmp_path).context, TRAININGS[name])
    assert source == "benchmark"
    assert seconds is not None
    assert 0 < seconds < 60
    assert torch.equal(torch.get_rng_state(), state)
    assert not list(tmp_path.iterdir())


def test_without_annotation_nobody_knows(tmp_path: Path) -> None:
    assert seconds_per_step(tiny_project(tmp_path).context, TRAININGS["train-attributes"]) == (None, "unknown")


def test_noise_has_every_field() -> None:
    batch = random_batch(3, (16, 8), attributes=4)
    assert set(batch) == set(BATCH_FIELDS)
    assert {len(values) for values in batch.values()} == {3}
    assert batch["flow"].shape == (3, 2, 16, 8)
    assert batch["target_attributes"].shape == (3, 4)
