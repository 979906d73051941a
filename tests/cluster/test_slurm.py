"""The pipeline on a real SLURM of two nodes: jobs are killed and queued again, and the results are those of an undisturbed run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ptx.pipeline.slurm import jobs_of
from tests.cluster.slurm import lacking, running
from tests.pipeline.toy import tree

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(lacking()), reason=lacking() or "SLURM")]

SETTINGS = [
    "body=small", "size=[64, 64]", "data.persons=8", "data.images_per_person=3", "run.block=4",
    "train_flow.base_channels=8", "train_flow.max_channels=16", "train_flow.scales=3", "train_flow.batch=4", "train_flow.steps=60",
    "train_flow.save_every=20", "train_flow.workers=0", "train_flow.validate_pairs=4",
]  # fmt: skip
JOBS = [
    "cluster.parts=3", "cluster.cores=1", "cluster.memory=1500MB", "cluster.walltime=00:10:00",
    "cluster.training.cores=1", "cluster.training.memory=2500MB", "cluster.training.walltime=00:10:00", "cluster.training.gres=null",
    "cluster.prologue=[export OMP_NUM_THREADS=1]",
    # The names of these nodes mean nothing to the resolver, and they are to meet on loopback.
    "cluster.training.prologue=[export OMP_NUM_THREADS=1, export MASTER_ADDR=127.0.0.1, export GLOO_SOCKET_IFNAME=lo]",
]  # fmt: skip


def ptx(workspace: Path, *words: str, more: list[str], env: dict[str, str]) -> str:
    overrides = [x for one in [f"workspace={workspace}", *SETTINGS, *more] for x in ("--set", one)]
    done = subprocess.run(
        [sys.executable, "-m", "ptx.cli", *words, *overrides], env=env | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    with running() as environment:
        yield environment


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made here, by one process, undisturbed."""
    workspace = tmp_path_factory.mktemp("calm")
    for stage in ("all", "train-flow"):
        ptx(workspace, "run", stage, more=["cluster.kind=serial"], env=dict(os.environ))
    return workspace


def wait_until(holds: Callable[[], bool], what: str, patience: float = 240) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.2)


def states(job: str, env: dict[str, str]) -> dict[str, str]:
    """Task → state of a job and of the tasks of its array."""
    command = ["squeue", "--noheader", "--states=all", "--array", "--format=%i %T", f"--jobs={job}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return dict(line.split() for line in done.stdout.splitlines())


def requeue(job: str, env: dict[str, str]) -> None:
    """As a preemption does it: SIGTERM, SIGKILL two seconds later, queued again under the same id."""
    subprocess.run(["scontrol", "requeue", job], env=env, check=True, capture_output=True)


def same_models(one: Path, other: Path) -> bool:
    files = [p.relative_to(one) for p in sorted((one / "models").rglob("*.safetensors"))]
    return bool(files) and all((one / f).read_bytes() == (other / f).read_bytes() for f in files)


def test_submitted_stages_with_killed_and_requeued_jobs(tmp_path: Path, calm: Path, slurm: dict[str, str]) -> None:
    printed = ptx(tmp_path, "submit", "all", "train-flow", "--print", more=JOBS, env=slurm)
    assert "--part $SLURM_ARRAY_TASK_ID/3" in printed
    ptx(tmp_path, "submit", "all", "train-flow", more=JOBS, env=slurm)
    jobs = jobs_of(tmp_path)

    def running_tasks(stage: str) -> list[str]:
        return [task for task, state in states(jobs[stage], slurm).items() if state == "RUNNING"]

    wait_until(lambda: bool(running_tasks("fit-smpl")), "a running part of fit-smpl")
    time.sleep(1.5)
    for task in running_tasks("fit-smpl")[:1]:
        requeue(task, slurm)
    shown = ptx(tmp_path, "status", more=JOBS, env=slurm)
    assert f"fit-smpl: job {jobs['fit-smpl']}, " in shown
    saved = tmp_path / "models" / "flow" / "checkpoints" / "step-00000020.json"
    wait_until(saved.exists, "the first checkpoint of train-flow")
    requeue(jobs["train-flow"], slurm)
    succeeds_after_a_signal(tmp_path, slurm)
    assert tree(tmp_path) == tree(calm)
    assert same_models(calm, tmp_path)


def succeeds_after_a_signal(workspace: Path, env: dict[str, str]) -> None:
    """Waits for the end of a requeued train-flow."""
    job = jobs_of(workspace)["train-flow"]
    ends = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"}
    wait_until(lambda: set(states(job, env).values()) <= ends, "the end of train-flow")
    logs = "".join(p.read_text(errors="replace") for p in (workspace / "jobs" / "logs").glob("train-flow*"))
    assert set(states(job, env).values()) == {"COMPLETED"}, logs
    assert "stopped by a signal and saved" in logs


def test_two_nodes_train_together_and_are_requeued(tmp_path: Path, calm: Path, slurm: dict[str, str]) -> None:
    """One task a node under srun; as two processes on this machine that nobody stopped, bit for bit."""
    for name in ("nodes", "here"):
        (tmp_path / name).mkdir()
        for store in (p for p in calm.iterdir() if p.name != "models"):
            (tmp_path / name / store.name).symlink_to(store)
    longer = ["train_flow.steps=60", "train_flow.save_every=10", "train_flow.precision=fp32"]
    ptx(tmp_path / "nodes", "submit", "train-flow", more=[*JOBS, *longer, "train_flow.nodes=2"], env=slurm)
    saved = tmp_path / "nodes" / "models" / "flow" / "checkpoints" / "step-00000010.json"
    wait_until(saved.exists, "the first checkpoint of both nodes")
    requeue(jobs_of(tmp_path / "nodes")["train-flow"], slurm)
    ptx(
        tmp_path / "here", "run", "train-flow", more=[*longer, "train_flow.devices=2"], env=dict(os.environ)
    )  # meanwhile
    succeeds_after_a_signal(tmp_path / "nodes", slurm)
    assert same_models(tmp_path / "here", tmp_path / "nodes")


def test_dask_workers_as_jobs_one_of_them_cancelled(tmp_path: Path, calm: Path, slurm: dict[str, str]) -> None:
    """`--cluster slurm`: workers are jobs; one is cancelled while it works, another takes its place."""
    more = [*JOBS, "cluster.kind=slurm", "cluster.most_jobs=2", "cluster.least_jobs=2", "cluster.interface=lo"]
    env = slurm | {"DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "2s"}
    overrides = [x for one in [f"workspace={tmp_path}", *SETTINGS, *more] for x in ("--set", one)]
    process = subprocess.Popen([sys.executable, "-m", "ptx.cli", "run", "all", *overrides], env=env, cwd=tmp_path)

    def workers() -> list[str]:
        found = subprocess.run(
            ["squeue", "--noheader", "--name=dask-worker", "--states=RUNNING", "--format=%i"],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return found.stdout.split()

    try:
        wait_until(lambda: bool(list((tmp_path / "ingest.blocks").glob("*.json"))), "the first block")
        for job in workers()[:1]:
            subprocess.run(["scancel", job], env=env, check=True)
        assert process.wait(300) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    wait_until(lambda: not workers(), "the end of all workers", 30)
    assert tree(tmp_path) == tree(calm)
