"""Options of dask-jobqueue for each batch system, jobs that are refused, fail or never start, and its absence."""

from __future__ import annotations

import shlex
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ptx.pipeline.cluster import ClusterSettings, Kind
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.pipeline.jobqueue import BATCH_SYSTEMS, BatchJob, BatchWatch, batch_client, job_options, refusal
from ptx.pipeline.run import run_stage
from tests.pipeline.toy import toy


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf", "sge"])
def test_dask_jobqueue_takes_the_options(kind: Kind, tmp_path: Path) -> None:
    """Its own job script, without a batch system: walltime, queue, and workers that leave before the end."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    cluster = ClusterSettings(kind=kind, cores=2, memory="2GB", walltime="01:00:00", queue="long", account="lab")
    with getattr(jobqueue, BATCH_SYSTEMS[kind])(**job_options(cluster), local_directory=str(tmp_path)) as made:
        script = made.job_script()
    assert "long" in script
    assert "lab" in script
    assert "--lifetime 3240s" in script
    assert "--lifetime-stagger 180s" in script
    assert "export OMP_NUM_THREADS=1" in script


def test_slurm_is_asked_for_generic_resources_and_whatever_else_is_given() -> None:
    cluster = ClusterSettings(kind="slurm", gres="gpu:2", options=("--constraint=fast",))
    assert job_options(cluster)["job_extra_directives"] == ["--gres=gpu:2", "--constraint=fast"]
    assert job_options(ClusterSettings(kind="pbs", gres="gpu:2"))["job_extra_directives"] == []


def test_without_dask_jobqueue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(PtxError, match=r"cluster\.kind: slurm needs dask-jobqueue: pip install"):
        batch_client(ClusterSettings(kind="slurm")).__enter__()


# --- jobs that do not come --------------------------------------------------------------------------------------------------------


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for commands that is the whole PATH, but for bash, rm and what Python needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "sh", "cat", "env"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def command(folder: Path, name: str, text: str) -> None:
    """Write a stand-in for a command of a batch system."""
    (folder / name).write_text(f"#!/bin/bash\n{text}\n")
    (folder / name).chmod(0o755)


def run_toy(folder: Path, kind: Kind) -> None:
    """Run a stage on jobs of a batch system."""
    from ptx.pipeline.dask_executor import DaskExecutor

    pipeline = toy(folder, kind=kind)
    with DaskExecutor(pipeline.run, ClusterSettings(kind=kind, cores=1, memory="1GB")) as executor:
        run_stage(pipeline, pipeline.stage("numbers"), Silent(), executor)


@pytest.mark.parametrize(("kind", "name"), [("slurm", "sbatch"), ("pbs", "qsub"), ("lsf", "bsub"), ("sge", "qsub")])
def test_a_machine_without_the_batch_systems_commands(tmp_path: Path, commands: Path, kind: Kind, name: str) -> None:
    assert commands.is_dir()
    with pytest.raises(PtxError, match=rf"cluster.kind: {kind} needs its command {name}, which is not on this machine"):
        run_toy(tmp_path, kind)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("slurm", "sbatch", "sbatch: error: Invalid account or account/partition combination specified"),
        ("lsf", "bsub", "bad: No such queue. Job not submitted."),
    ],
)
def test_a_batch_system_that_refuses_is_quoted(
    tmp_path: Path, commands: Path, kind: Kind, name: str, words: str
) -> None:
    """dask/dask-jobqueue#122: it asked again and again. It throws away what LSF says."""
    command(commands, name, f"echo {shlex.quote(words)} >&2; exit 1")
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(PtxError, match=rf"^{name} refuses the jobs of workers: {words}$"):
        run_toy(tmp_path, kind)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.slow
def test_jobs_that_work_are_cancelled_at_the_end(tmp_path: Path, commands: Path) -> None:
    """The batch system is this machine: a job is a process, its id the process's."""
    log = tmp_path / "cancelled"
    keep = 'script=$(cat "$1")'  # as SLURM does: the file goes when sbatch is done
    command(commands, "sbatch", f'{keep}; bash -c "$script" > /dev/null 2>&1 & echo "Submitted batch job $!"')
    command(commands, "scancel", f'echo "$1" >> {log}; kill "$1"')
    run_toy(tmp_path, "slurm")
    assert int(log.read_text()) > 0


def test_the_words_of_a_refusal() -> None:
    both = "Command exited with non-zero exit code.\nExit code: 1\nCommand:\nsbatch x\nstdout:\n{}\nstderr:\n{}\n"
    assert refusal(RuntimeError(both.format("", "no such\naccount"))) == "no such account"
    assert refusal(RuntimeError(both.format("said here", ""))) == "said here"
    assert refusal(ValueError("Could not parse job id")) == "Could not parse job id"


@dataclass
class Job:
    """A job, as far as watching it goes."""

    job_id: str | None


@dataclass
class Jobs:
    """The jobs of a cluster."""

    workers: dict[str, BatchJob] = field(default_factory=dict)


def watch(
    states: dict[str, str], monkeypatch: pytest.MonkeyPatch, *refusals: str, ids: tuple[str | None, ...]
) -> BatchWatch:
    """Watch jobs of SLURM, whose states are given."""
    monkeypatch.setattr("ptx.pipeline.jobqueue.job_state", lambda kind, job: states[job])
    jobs = Jobs({str(number): Job(job) for number, job in enumerate(ids)})  # type: ignore[misc]
    return BatchWatch("slurm", "sbatch", jobs, list(refusals))


def test_jobs_that_wait_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = watch({"4": "PENDING", "5": "PENDING"}, monkeypatch, ids=("4", "5", None))
    assert looks.look(20.0) == "slurm has the jobs 4 PENDING, 5 PENDING; Ctrl-C stops and cancels them"
    many = watch({str(n): "" for n in range(9)}, monkeypatch, "limit reached", ids=tuple(map(str, range(9))))
    words = (
        "slurm has the jobs 0, 1, 2, 3, 4 and 4 more; more are refused: limit reached; Ctrl-C stops and cancels them"
    )
    assert many.look(20.0) == words


def test_jobs_that_fail_at_once_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {"4": "FAILED", "5": "PENDING"}
    looks = watch(states, monkeypatch, ids=("4", "5"))
    assert "5 PENDING" in looks.look(10.0)  # one may still come
    states["5"] = "FAILED"
    with pytest.raises(PtxError, match=r"ended before any worker came \(4 FAILED, 5 FAILED\): look at slurm-4.out"):
        looks.look(30.0)


def test_no_job_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch({}, monkeypatch, ids=(None,)).look(30.0) == "sbatch has accepted no job yet; Ctrl-C stops"
    with pytest.raises(PtxError, match="sbatch refuses the jobs of workers: no account"):
        watch({}, monkeypatch, "no account", ids=(None,)).look(1.0)


def test_an_interpreter_in_a_folder_with_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/my envs/bin/python")
    assert job_options(ClusterSettings(kind="slurm"))["python"] == "'/my envs/bin/python'"
