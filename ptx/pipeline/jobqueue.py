"""Dask workers as jobs of a batch system, through dask-jobqueue."""

from __future__ import annotations

import importlib
import logging
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NotRequired, Protocol, TypedDict

from ptx.pipeline.cluster import ClusterSettings, clock, seconds
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.job_states import OVER, job_state
from ptx.pipeline.signals import kept_handlers
from ptx.pipeline.waiting import Watch

if TYPE_CHECKING:
    from distributed import Client, Status

BATCH_SYSTEMS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}
"""Batch system → dask-jobqueue's class for it."""

INSTALL = "pip install 'ptx[cluster]'"
"""How to get dask-jobqueue."""

ALLOWED_FAILURES = 100
"""Workers that may go away on the same block: a preempted worker is no fault of its block."""

ASK_EVERY = 10.0
"""Seconds between two questions to the batch system, while no worker is there."""

LONGEST_WORDS = 500
"""Characters of a batch system's own words that are repeated, at most."""

MOST_IDS = 5
"""Job ids that a sentence names, at most."""


class JobOptions(TypedDict):
    """Arguments of dask-jobqueue's clusters."""

    cores: int
    processes: int
    memory: str
    account: NotRequired[str | None]
    project: NotRequired[str | None]
    queue: str | None
    walltime: str
    python: str
    job_script_prologue: list[str]
    job_extra_directives: list[str]
    interface: str | None
    worker_extra_args: list[str]
    scheduler_options: dict[str, str]
    silence_logs: int


class BatchJob(Protocol):
    """The part of dask-jobqueue's jobs that is used here."""

    job_id: str | None
    """Number in the batch system; None until it has accepted the job."""

    status: Status
    """Status for Dask."""

    async def start(self) -> None:
        """Submit it."""
        ...

    async def close(self) -> None:
        """Cancel it."""
        ...

    @staticmethod
    async def _call(cmd: Sequence[str], *, shell: bool = False) -> str:
        """Run a command; returns its output."""
        ...


class BatchCluster(Protocol):
    """The part of dask-jobqueue's clusters that is used here."""

    workers: Mapping[str, BatchJob]
    """Name → job, of those that were submitted."""


@contextmanager
def batch_client(cluster: ClusterSettings) -> Iterator[tuple[Client, Watch]]:
    """Open a Dask client whose workers are jobs of the batch system and end with it; yields also who watches the jobs.

    Workers leave a tenth of their walltime (at least two minutes) before it ends, some earlier than others; their blocks are
    done by another. A block is committed whole or not at all, so nothing is lost by workers that are killed.

    Raises:
        PtxError: dask-jobqueue is not installed, or the batch system's commands are not there.
    """
    try:
        with kept_handlers():  # it takes Ctrl-C and SIGTERM when it is imported
            jobqueue = importlib.import_module("dask_jobqueue")
    except ImportError:
        raise PtxError(f"cluster.kind: {cluster.kind} needs dask-jobqueue: {INSTALL}") from None
    import dask
    from distributed import Client

    dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES})
    cluster_class = getattr(jobqueue, BATCH_SYSTEMS[cluster.kind])
    command = cluster_class.job_cls.submit_command
    if shutil.which(command) is None:
        raise PtxError(
            f"cluster.kind: {cluster.kind} needs its command {command}, which is not on this machine: run ptx where it is, or "
            "choose another `cluster.kind`, such as local"
        )
    refusals: list[str] = []
    job_class = _recording(cluster_class.job_cls, refusals)
    with cluster_class(job_cls=job_class, **job_options(cluster)) as jobs, closing(Client(jobs)) as client:
        jobs.adapt(minimum_jobs=cluster.least_jobs, maximum_jobs=cluster.most_jobs)
        yield client, BatchWatch(cluster.kind, command, jobs, refusals)


def _recording(job_class: type[BatchJob], refusals: list[str]) -> type:
    """Derive a kind of job that writes down the words with which the batch system refuses it.

    dask-jobqueue submits a refused job again and again, tells of it in tracebacks only, and throws away what LSF says.
    """

    from distributed import Status

    async def start(job: BatchJob) -> None:
        try:
            await job_class.start(job)
        except (OSError, RuntimeError, ValueError) as error:
            refusals.append(refusal(error))
            job.status = Status.running  # for Dask, which would submit it again at once

    async def close(job: BatchJob) -> None:
        with suppress(OSError):
            await job_class.close(job)
        job.status = Status.closed  # dask-jobqueue leaves it out, and Dask insists on it

    async def call(cmd: Sequence[str], *, shell: bool = False) -> str:
        return await job_class._call([word.removesuffix(" 2> /dev/null") for word in cmd], shell=shell)

    return type(job_class.__name__, (job_class,), {"start": start, "close": close, "_call": staticmethod(call)})


def refusal(error: Exception) -> str:
    """Return what a batch system's command said: of dask-jobqueue's message its standard error, or else its output."""
    text = str(error)
    said, _, complaint = text.partition("\nstderr:\n")
    words = complaint.strip() or said.partition("\nstdout:\n")[2].strip() or text
    return one_line(RuntimeError(words), LONGEST_WORDS)


class BatchWatch:
    """Watches jobs of a batch system while none of their workers is there."""

    def __init__(self, kind: str, command: str, jobs: BatchCluster, refusals: list[str]) -> None:
        self._kind = kind
        self._command = command
        self._jobs = jobs
        self._refusals = refusals
        self._asked = 0.0
        self._states: dict[str, str] = {}

    def look(self, idle: float) -> str:
        """Return what is waited for; `idle`: seconds without a worker.

        Raises:
            PtxError: the batch system refuses jobs and has none, or all that it has are over.
        """
        ids = [job.job_id for job in list(self._jobs.workers.values()) if job.job_id]
        if not ids:
            if self._refusals:
                raise PtxError(f"{self._command} refuses the jobs of workers: {self._refusals[-1]}")
            return f"{self._command} has accepted no job yet; Ctrl-C stops"
        if idle - self._asked >= ASK_EVERY or idle < self._asked:
            self._asked = idle
            self._states = {number: job_state(self._kind, number) for number in ids}
            if OVER.issuperset(self._states.values()):
                raise PtxError(self._all_over(ids))
        named = ", ".join(f"{number} {self._states.get(number, '')}".strip() for number in ids[:MOST_IDS])
        more = f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else ""
        refused = f"; more are refused: {self._refusals[-1]}" if self._refusals else ""
        return f"{self._kind} has the jobs {named}{more}{refused}; Ctrl-C stops and cancels them"

    def _all_over(self, ids: list[str]) -> str:
        named = ", ".join(f"{number} {self._states[number]}" for number in ids[:MOST_IDS])
        logs = f"slurm-{ids[0]}.out in this folder" if self._kind == "slurm" else "what they wrote"
        return (
            f"the jobs of workers ended before any worker came ({named}): look at {logs}; "
            "`cluster.prologue` is for what must be loaded first"
        )


def job_options(cluster: ClusterSettings) -> JobOptions:
    """Return the arguments of dask-jobqueue's cluster."""
    walltime = seconds(cluster.walltime)
    lifetime = walltime - max(120, walltime // 10)
    stagger = max(30, walltime // 20)
    resources = [f"--gres={cluster.gres}"] if cluster.gres and cluster.kind == "slurm" else []
    options: JobOptions = {
        "cores": cluster.cores,
        "processes": cluster.cores,
        "memory": cluster.memory,
        "queue": cluster.queue,
        "walltime": clock(walltime) if cluster.kind != "lsf" else clock(walltime)[:-3],
        "python": shlex.quote(sys.executable),
        "job_script_prologue": ["export OMP_NUM_THREADS=1", *cluster.prologue],
        "job_extra_directives": [*resources, *cluster.options],
        "interface": cluster.interface,
        "worker_extra_args": [
            "--lifetime", f"{lifetime}s", "--lifetime-stagger", f"{stagger}s", "--dashboard-address", "127.0.0.1:0",
        ],
        "scheduler_options": {"dashboard_address": "127.0.0.1:0"},
        "silence_logs": logging.CRITICAL,
    }  # fmt: skip
    if cluster.kind in ("slurm", "pbs"):
        options["account"] = cluster.account
    else:
        options["project"] = cluster.account
    return options
