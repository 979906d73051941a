"""Executors give the same bytes, keep their workers from step to step, and several live in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.pipeline.cluster import ClusterSettings, Kind, RunSettings
from ptx.pipeline.executors import SerialExecutor, open_executor
from tests.pipeline.toy import run_all, toy, tree


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "local"])
def test_executors_give_the_same_bytes(tmp_path: Path, kind: Kind) -> None:
    one: Kind
    for one in ("serial", kind):
        (tmp_path / one).mkdir()
        run_all(toy(tmp_path / one, workers=2, kind=one))
    assert tree(tmp_path / "serial") == tree(tmp_path / kind)


def test_the_settings_choose() -> None:
    assert isinstance(open_executor(RunSettings(), ClusterSettings(kind="serial")), SerialExecutor)
    assert not isinstance(open_executor(RunSettings(), ClusterSettings(kind="threads")), SerialExecutor)


def test_a_serial_executor_has_nothing_to_end() -> None:
    with open_executor(RunSettings(), ClusterSettings(kind="serial")) as executor:
        executor.release()
