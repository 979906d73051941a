"""Dask workers as jobs of a batch system, through dask-jobqueue."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NotRequired, TypedDict

from ptx.pipeline.cluster import ClusterSettings, clock, seconds
from ptx.pipeline.errors import PtxError

if TYPE_CHECKING:
    from distributed import Client

BATCH_SYSTEMS = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}
"""Batch system → dask-jobqueue's class for it."""

INSTALL = "pip install 'ptx[cluster]'"
"""How to get dask-jobqueue."""

ALLOWED_FAILURES = 100
"""Workers that may go away on the same block: a preempted worker is no fault of its block."""


class JobOptions(TypedDict):
    """Arguments of dask-jobqueue's clusters."""

    cores: int
    processes: int
    memory: str
    account: NotRequired[str | None]
    project: NotRequired[str | None]
    queue: str | None
    walltime: str
    job_script_prologue: list[str]
    job_extra_directives: list[str]
    interface: str | None
    worker_extra_args: list[str]
    scheduler_options: dict[str, str]


@contextmanager
def batch_client(cluster: ClusterSettings) -> Iterator[Client]:
    """Open a Dask client whose workers are jobs of the batch system and end with it.

    Workers leave a tenth of their walltime (at least two minutes) before it ends, some earlier than others; their blocks are
    done by another. A block is committed whole or not at all, so nothing is lost by workers that are killed.

    Raises:
        PtxError: dask-jobqueue is not installed, or the batch system's commands are not there.
    """
    try:
        jobqueue = importlib.import_module("dask_jobqueue")
    except ImportError:
        raise PtxError(f"cluster.kind: {cluster.kind} needs dask-jobqueue: {INSTALL}") from None
    import dask
    from distributed import Client

    dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES})
    jobs = getattr(jobqueue, BATCH_SYSTEMS[cluster.kind])(**job_options(cluster))
    with jobs, Client(jobs) as client:
        jobs.adapt(minimum_jobs=cluster.least_jobs, maximum_jobs=cluster.most_jobs)
        yield client


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
        "job_script_prologue": ["export OMP_NUM_THREADS=1", *cluster.prologue],
        "job_extra_directives": [*resources, *cluster.options],
        "interface": cluster.interface,
        "worker_extra_args": [
            "--lifetime", f"{lifetime}s", "--lifetime-stagger", f"{stagger}s", "--dashboard-address", "127.0.0.1:0",
        ],
        "scheduler_options": {"dashboard_address": "127.0.0.1:0"},
    }  # fmt: skip
    if cluster.kind in ("slurm", "pbs"):
        options["account"] = cluster.account
    else:
        options["project"] = cluster.account
    return options
