"""Where workers are: on this machine, with a scheduler that is there already, or in jobs of a batch system (dask-jobqueue)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError

Kind = Literal["local", "threads", "serial", "address", "slurm", "pbs", "lsf", "sge"]
BATCH = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}
"""Batch systems, and dask-jobqueue's name for each."""

INSTALL = "pip install 'ptx[cluster]'"


def seconds(walltime: str) -> int:
    """Seconds of a time as batch systems write it: 30 (minutes), 12:30 (h:min), 12:30:00, 2-12:00:00 (days).

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d\d))?(?::(\d\d))?", walltime)
    if not match:
        raise ValueError(f"{walltime!r} is no time such as 12:30:00 or 2-00:00:00")
    days, first, second, third = (int(part) if part is not None else None for part in match.groups())
    assert first is not None
    if second is None and days is None:
        return 60 * first
    return 86400 * (days or 0) + 3600 * first + 60 * (second or 0) + (third or 0)


def _walltime(text: str) -> str:
    if seconds(text) < 300:
        raise ValueError("jobs of less than five minutes end before they have done anything")
    return text


class JobSettings(Section):
    """What a job of the batch system asks for."""

    cores: Annotated[int, Field(ge=1)] = 4
    """Cores; a data worker uses one process a core."""
    memory: str = "8GB"
    """Memory of the whole job."""
    walltime: Annotated[str, AfterValidator(_walltime)] = "04:00:00"
    """Longest time: h:min:s, or days-h:min:s. Workers leave before it ends."""
    account: str | None = None
    """Account, or project, that is charged."""
    queue: str | None = None
    """Queue, or partition."""
    gres: str | None = None
    """Generic resources, such as gpu:1 (SLURM)."""
    prologue: tuple[str, ...] = ()
    """Lines of shell before ptx: modules to load, an environment to activate."""
    options: tuple[str, ...] = ()
    """More options of the batch system, as on its command line: --constraint=fast."""


class ClusterSettings(JobSettings):
    """Where data stages and training run; changes no result."""

    kind: Kind = "local"
    """local: Dask worker processes on this machine; threads: of this process; serial: no Dask; address: a Dask scheduler that is
    running; slurm, pbs, lsf, sge: workers as jobs of a batch system."""
    address: str | None = None
    """For kind address: the scheduler's, e.g. tcp://node7:8786."""
    most_jobs: Annotated[int, Field(ge=1)] = 8
    """Jobs at once: workers come and go with the work (adaptive scaling)."""
    least_jobs: Annotated[int, Field(ge=0)] = 0
    """Jobs that are kept while a stage runs."""
    parts: Annotated[int, Field(ge=1)] = 16
    """Jobs of the array that `ptx submit` makes of a data stage."""
    interface: str | None = None
    """Network interface that workers reach the scheduler by, such as ib0."""
    training: JobSettings = JobSettings(gres="gpu:1", cores=8, memory="32GB")
    """What a training job asks for."""


@contextmanager
def batch_client(cluster: ClusterSettings) -> Iterator[Any]:
    """A Dask client whose workers are jobs of the batch system and end with it.

    Workers leave a tenth of their walltime (at least two minutes) before it ends, some earlier than others: what they were at is
    done by another. A block is committed whole or not at all, so nothing is lost by those that are killed.

    Raises:
        PtxError: dask-jobqueue is not installed, or the batch system's commands are not there.
    """
    try:
        jobqueue = importlib.import_module("dask_jobqueue")
    except ImportError:
        raise PtxError(f"cluster.kind: {cluster.kind} needs dask-jobqueue: {INSTALL}") from None
    import dask
    from distributed import Client

    dask.config.set({"distributed.scheduler.allowed-failures": 100})  # a preempted worker is no fault of its block
    with getattr(jobqueue, BATCH[cluster.kind])(**job_options(cluster)) as made, Client(made) as client:
        made.adapt(minimum_jobs=cluster.least_jobs, maximum_jobs=cluster.most_jobs)
        yield client


def job_options(cluster: ClusterSettings) -> dict[str, Any]:
    """The arguments of dask-jobqueue's cluster."""
    lasts = seconds(cluster.walltime)
    leave = lasts - max(120, lasts // 10)
    account = "account" if cluster.kind in ("slurm", "pbs") else "project"
    extra = [*([f"--gres={cluster.gres}"] if cluster.gres and cluster.kind == "slurm" else []), *cluster.options]
    options: dict[str, Any] = {
        "cores": cluster.cores,
        "processes": cluster.cores,
        "memory": cluster.memory,
        account: cluster.account,
        "queue": cluster.queue,
        "walltime": clock(lasts) if cluster.kind != "lsf" else clock(lasts)[:-3],
        "job_script_prologue": ["export OMP_NUM_THREADS=1", *cluster.prologue],
        "job_extra_directives": extra,
        "interface": cluster.interface,
        "worker_extra_args": [
            "--lifetime", f"{leave}s", "--lifetime-stagger", f"{max(30, lasts // 20)}s", "--dashboard-address", "127.0.0.1:0",
        ],
        "scheduler_options": {"dashboard_address": "127.0.0.1:0"},
    }  # fmt: skip
    return options


def clock(time: int) -> str:
    """Seconds as h:min:s."""
    return f"{time // 3600:02d}:{time // 60 % 60:02d}:{time % 60:02d}"
