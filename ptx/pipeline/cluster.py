"""Settings of runs: how work is cut up, and where it runs."""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ptx.pipeline.config import Section

Kind = Literal["local", "threads", "serial", "address", "slurm", "pbs", "lsf", "sge"]
"""Kinds of machines and schedulers on which data stages run."""

MIN_WALLTIME = 300
"""Seconds of the shortest walltime that is accepted."""


class RunSettings(Section):
    """Cutting up of the work; changes no result except through `block`."""

    workers: Annotated[int, Field(ge=1)] | None = None
    """Number of workers on this machine; empty means one a core."""
    block: Annotated[int, Field(ge=1, le=4096)] = 64
    """Samples a block: the unit of work, of commit and of storage. Changing it rebuilds the stores."""
    max_bad_fraction: Annotated[float, Field(ge=0, le=1)] = 0.25
    """A stage fails when more than this share of its samples is quarantined."""

    @property
    def worker_count(self) -> int:
        """Workers to start on this machine."""
        return self.workers or usable_cores()


def usable_cores() -> int:
    """Return the number of cores that this process may use: those that it is bound to, and no more than its container's share."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # macOS has none
    return max(1, min(bound, _container_share()))


def _container_share() -> int:
    """Return the cores that a container's quota allows, rounded up; as many as one likes where there is none (cgroups 2 and 1)."""
    for file, period_file in CPU_QUOTAS:
        try:
            quota, *period = Path(file).read_text().split()
            period = period or Path(period_file).read_text().split()
            if quota not in ("max", "-1"):
                return math.ceil(int(quota) / int(period[0]))
        except (OSError, ValueError, IndexError):
            continue
    return sys.maxsize


CPU_QUOTAS = (
    ("/sys/fs/cgroup/cpu.max", ""),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
"""Files with a container's quota of processor time, and with its period where that is a file of its own."""


def seconds(walltime: str) -> int:
    """Convert a time as batch systems write it: 30 (minutes), 12:30 (h:min), 12:30:00, 2-12:00:00 (days).

    Raises:
        ValueError: the text is none.
    """
    match = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d\d))?(?::(\d\d))?", walltime)
    if not match:
        raise ValueError(f"{walltime!r} is no time such as 12:30:00 or 2-00:00:00")
    days, first, second, third = (int(part) if part is not None else None for part in match.groups())
    assert first is not None
    if second is None and days is None:
        return 60 * first
    return 86400 * (days or 0) + 3600 * first + 60 * (second or 0) + (third or 0)


def clock(duration: int) -> str:
    """Write seconds as h:min:s."""
    return f"{duration // 3600:02d}:{duration // 60 % 60:02d}:{duration % 60:02d}"


def _walltime(text: str) -> str:
    if seconds(text) < MIN_WALLTIME:
        raise ValueError("jobs of less than five minutes end before they have done anything")
    return text


class JobSettings(Section):
    """Resources that a job of the batch system asks for."""

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
    """Machine or cluster on which data stages and trainings run; changes no result."""

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
    """Resources that a training job asks for."""
