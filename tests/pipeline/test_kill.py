"""Kill workers, whole runs and rivals at random moments: the stores come out byte for byte as from a calm run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster
from distributed.chaos import KillWorker

from tests.pipeline.toy import calls, run_all, toy, tree

RUN = """
import sys
from tests.pipeline.toy import run_all, toy
if __name__ == "__main__":
    run_all(toy(sys.argv[1], block=4, workers=2, kind=sys.argv[2], sleep=float(sys.argv[3])))
"""


def start(workspace: Path, kind: str = "serial", sleep: float = 0.005) -> subprocess.Popen[bytes]:
    script = workspace.parent / "run.py"
    script.write_text(RUN)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    return subprocess.Popen(
        [sys.executable, str(script), str(workspace), kind, str(sleep)], env=environment, start_new_session=True
    )


@pytest.fixture
def calm(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "calm"
    folder.mkdir()
    run_all(toy(folder, block=4))
    return tree(folder)


@pytest.mark.slow
def test_killed_runs_resume_to_the_same_bytes(tmp_path: Path, calm: dict[str, bytes]) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    rng = random.Random(1)
    for _ in range(5):
        process = start(folder, sleep=0.02)
        until = calls(folder) + rng.randint(1, 7)
        while calls(folder) < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.03)
        assert process.poll() is None
        process.kill()
        process.wait()
    assert start(folder, sleep=0).wait(60) == 0
    assert tree(folder) == calm


@pytest.mark.slow
def test_killed_worker_is_replaced(tmp_path: Path, calm: dict[str, bytes]) -> None:
    folder = tmp_path / "worker"
    folder.mkdir()
    (folder / "armed").touch()
    run_all(toy(folder, block=4, workers=2, kind="local", kill_at=77))
    assert not (folder / "armed").exists()
    assert tree(folder) == calm


@pytest.mark.slow
def test_whole_group_killed_while_workers_are_at_it(tmp_path: Path, calm: dict[str, bytes]) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    process = start(folder, "local", 0.1)
    while calls(folder) < 8 and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < len(list((folder / "square.blocks").glob("????????.json"))) < 38
    assert start(folder, sleep=0).wait(60) == 0
    assert tree(folder) == calm


@pytest.mark.slow
def test_two_runs_at_once_share_the_work(tmp_path: Path, calm: dict[str, bytes]) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    rivals = [start(folder, sleep=0.05) for _ in range(2)]
    assert [p.wait(120) for p in rivals] == [0, 0]
    assert tree(folder) == calm
    assert calls(folder) == 38  # no block was computed twice


@pytest.mark.slow
def test_dasks_own_chaos(tmp_path: Path, calm: dict[str, bytes]) -> None:
    """Workers of a running cluster that crash at random, about every second, and are replaced."""
    folder = tmp_path / "chaos"
    folder.mkdir()
    settings = {"distributed.scheduler.allowed-failures": 1000, "distributed.comm.timeouts.connect": "5s"}
    with (
        dask.config.set(settings),
        LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
    ):
        cluster.adapt(minimum=2, maximum=2, interval="200 ms")  # a nanny gives up on a worker that dies while it starts
        with Client(cluster) as client:
            client.register_plugin(KillWorker(delay="1 s", mode="segfault"))
        run_all(toy(folder, block=4, kind="address", address=cluster.scheduler_address, sleep=0.1))
    assert calls(folder) >= 38
    assert tree(folder) == calm
