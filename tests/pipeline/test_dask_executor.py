"""Dask's workers: when they start and end, what they leave in this process, and what is said when they die."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distributed import Client

from ptx.pipeline import dask_executor
from ptx.pipeline.cluster import ClusterSettings, RunSettings
from ptx.pipeline.dask_executor import DaskExecutor
from ptx.pipeline.errors import PtxError, StageError
from ptx.pipeline.events import Silent
from ptx.pipeline.run import run_stage
from tests.pipeline.toy import calls, run_all, run_one, toy, tree

THREADS = ClusterSettings(kind="threads")


def test_workers_start_with_the_first_task_and_are_kept_until_the_end(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    with DaskExecutor(RunSettings(workers=2), THREADS) as executor:
        assert executor._client is None
        clients: list[Client | None] = []
        for stage in pipeline.stages:
            run_stage(pipeline, stage, Silent(), executor)
            clients.append(executor._client)
        assert clients[0] is not None
        assert clients == [clients[0]] * 3
        executor.release()
        assert executor._client is None
        run_stage(pipeline, pipeline.stage("square"), Silent(), executor, force=True)
        assert executor._client is not clients[0]
        again = executor._client
        assert again is not None
    assert again.status == "closed"


def test_nothing_to_do_starts_no_workers(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    pipeline = toy(tmp_path)
    with DaskExecutor(RunSettings(), THREADS) as executor:
        for stage in pipeline.stages:
            run_stage(pipeline, stage, Silent(), executor)
        assert executor._client is None


@pytest.mark.slow
def test_workers_that_went_away_are_started_again(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    with DaskExecutor(RunSettings(workers=1), THREADS) as executor:
        run_stage(pipeline, pipeline.stage("numbers"), Silent(), executor)
        assert executor._client is not None
        executor._client.shutdown()
        run_stage(pipeline, pipeline.stage("square"), Silent(), executor)
    run_all(pipeline)
    (tmp_path / "serial").mkdir()
    run_all(toy(tmp_path / "serial"))
    assert {k: v for k, v in tree(tmp_path).items() if "serial" not in k} == tree(tmp_path / "serial")


@pytest.mark.slow
def test_no_worker_goes_on_after_a_run_that_failed(tmp_path: Path) -> None:
    """The caller gives back the lock of the store: from then on others may replace it."""
    pipeline = toy(tmp_path, crash=(3,), sleep=0.2)
    run_all(toy(tmp_path), "numbers")
    with DaskExecutor(RunSettings(workers=2), THREADS) as executor:
        with pytest.raises(StageError):
            run_stage(pipeline, pipeline.stage("square"), Silent(), executor)
        assert executor._client is None
        counted = calls(tmp_path)
        time.sleep(0.5)
        assert calls(tmp_path) == counted
        run_stage(pipeline, pipeline.stage("numbers"), Silent(), executor, force=True)  # the executor is still of use


@pytest.mark.slow
def test_several_executors_live_in_one_process(tmp_path: Path) -> None:
    def work(name: str) -> dict[str, bytes]:
        (tmp_path / name).mkdir()
        run_all(toy(tmp_path / name, kind="threads", workers=2, sleep=0.01))
        return tree(tmp_path / name)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(work, ["one", "other"])
    assert one == other


@pytest.mark.slow
def test_workers_leave_the_environment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's nannies set OMP_NUM_THREADS=1 in the parent; torch would then train on one core."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = dict(os.environ)
    pipeline = toy(tmp_path)
    with DaskExecutor(RunSettings(workers=1), ClusterSettings(kind="local")) as executor:
        run_stage(pipeline, pipeline.stage("numbers"), Silent(), executor)
        assert dict(os.environ) == before  # also while the workers wait for the next step
    assert dict(os.environ) == before


def test_variables_that_were_not_there_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with dask_executor._clean_environment() as changed:
        os.environ |= {"MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    assert changed == {"MKL_NUM_THREADS": None, "OMP_NUM_THREADS": "7"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.slow
def test_no_scheduler_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "CONNECT_TIMEOUT", "1s")
    with pytest.raises(
        PtxError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 .*start one with `dask scheduler`"
    ):
        run_one(toy(tmp_path, kind="address", address="tcp://127.0.0.1:9"), "numbers")
    with pytest.raises(PtxError, match=r"cluster.address: kind address needs the scheduler's, such as tcp://"):
        run_one(toy(tmp_path, kind="address"), "numbers")


@pytest.mark.slow
def test_a_block_that_kills_its_workers_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "ALLOWED_FAILURES", 1)
    pipeline = toy(tmp_path, kind="local", workers=1, die_at=77)
    run_all(pipeline, "numbers")
    with pytest.raises(PtxError, match=r"workers died again and again on the same block .*finished blocks are safe"):
        run_one(pipeline, "square")
    assert run_all(toy(tmp_path))[1].computed < 150


def test_settings_of_dask_that_are_no_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def malformed(_: str) -> None:
        raise ValueError(
            "A dask config file at '/home/me/.config/dask/d.yaml' is malformed, original error message:\n..."
        )

    monkeypatch.setattr(dask_executor.importlib, "import_module", malformed)
    with pytest.raises(PtxError, match=r"^Dask's own settings: A dask config file at .* is malformed"):
        run_one(toy(tmp_path, kind="threads"), "numbers")


@pytest.mark.slow
def test_a_machine_on_which_no_worker_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a container without any folder for temporary files."""

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", none)
    monkeypatch.setattr("tempfile._get_default_tempdir", none)
    with pytest.raises(
        PtxError, match=r"Dask's workers cannot start on this machine \(.*temporary.*`--cluster serial` needs"
    ):
        run_one(toy(tmp_path, kind="local", workers=1), "numbers")
