"""Settings of runs and clusters: times as batch systems write them."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ptx.pipeline.cluster import ClusterSettings, RunSettings, clock, seconds


@pytest.mark.parametrize(
    ("text", "wanted"), [("30", 1800), ("12:30", 45000), ("01:02:03", 3723), ("2-12:00:00", 216000), ("1-0", 86400)]
)
def test_walltimes(text: str, wanted: int) -> None:
    assert seconds(text) == wanted
    assert seconds(clock(wanted)) == wanted


@given(st.integers(0, 10_000_000))
def test_clock_is_read_back(duration: int) -> None:
    assert seconds(clock(duration)) == duration


@pytest.mark.parametrize("text", ["", "1:2:3", "1h", "-5", "1-2-3", "00:00:00:00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time such as"):
        seconds(text)


def test_jobs_of_no_use_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than five minutes"):
        ClusterSettings(walltime="00:01:00")


def test_workers_are_one_a_core_unless_told_otherwise() -> None:
    assert RunSettings(workers=3).worker_count == 3
    assert RunSettings().worker_count == len(os.sched_getaffinity(0))
