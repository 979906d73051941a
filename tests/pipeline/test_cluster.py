"""Settings of runs and clusters: times as batch systems write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ptx.pipeline import cluster
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


def test_cores_where_nobody_can_be_bound_to_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(cluster, "CPU_QUOTAS", ())
    assert RunSettings().worker_count == 6


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("max 100000", "", 64), ("200000 100000", "", 2), ("250000 100000", "", 3), ("50000 100000", "", 1),
     ("-1", "100000", 64), ("400000", "100000", 4), ("what is this", "", 64)],
)  # fmt: skip
def test_a_container_has_the_cores_of_its_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, period: str, cores: int
) -> None:
    """`docker run --cpus 2` on a machine of 64 cores (dask/distributed#3053); cgroups 2 and 1."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    (tmp_path / "quota").write_text(f"{quota}\n")
    (tmp_path / "period").write_text(f"{period}\n")
    monkeypatch.setattr(cluster, "CPU_QUOTAS", ((str(tmp_path / "quota"), str(tmp_path / "period")),))
    assert RunSettings().worker_count == cores
