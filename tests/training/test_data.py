"""Batches: what a step sees depends on its number alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptx.training.data import StepSampler


@given(st.integers(1, 50), st.integers(1, 12), st.integers(0, 5), st.integers(0, 40))
def test_going_on_sees_what_one_run_sees(count: int, batch: int, seed: int, cut: int) -> None:
    whole = list(StepSampler(count, batch, seed, 0, 40))
    assert whole[cut:] == list(StepSampler(count, batch, seed, cut, 40))


@given(st.integers(1, 50), st.integers(0, 5))
def test_every_epoch_sees_every_pair_once(count: int, seed: int) -> None:
    places = [p for step in StepSampler(count, 1, seed, 0, 3 * count) for p in step]
    for epoch in range(3):
        assert sorted(places[epoch * count : (epoch + 1) * count]) == list(range(count))
