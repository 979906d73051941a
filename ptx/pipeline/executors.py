"""Where blocks run: in this process, on Dask's threads or processes, or on a Dask scheduler that is already there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import Annotated, Any, Protocol

from pydantic import Field

from ptx.pipeline.cluster import BATCH, ClusterSettings, batch_client
from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError
from ptx.pipeline.work import Job, Report, Task, run_block


class RunSettings(Section):
    """How work is spread; changes no result except through `block`."""

    workers: Annotated[int, Field(ge=1)] | None = None
    """Number of workers on this machine; empty means one a core."""
    block: Annotated[int, Field(ge=1, le=4096)] = 64
    """Samples a block: the unit of work, of commit and of storage. Changing it rebuilds the stores."""
    max_bad_fraction: Annotated[float, Field(ge=0, le=1)] = 0.25
    """A stage fails when more than this share of its samples is quarantined."""

    @property
    def worker_count(self) -> int:
        """Workers to start."""
        return self.workers or len(os.sched_getaffinity(0))


class Executor(Protocol):
    """Runs tasks and yields each with its report, in the order they end."""

    def __call__(self, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
        """Run all tasks; raises what a task raises."""
        ...


def serial(job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
    """One after the other, here."""
    for task in tasks:
        yield task, run_block(job, task)


@dataclass(frozen=True)
class Crew:
    """Which workers."""

    run: RunSettings
    cluster: ClusterSettings


def executor(settings: Any) -> Executor:
    """The executor that the settings (`run`, `cluster`) ask for."""
    if settings.cluster.kind == "serial":
        return serial
    crew = Crew(settings.run, settings.cluster)
    return lambda job, tasks: _on_dask(crew, job, tasks)


def _on_dask(crew: Crew, job: Job, tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
    """Keep a bounded number of blocks in flight, so that memory does not grow with the number of blocks."""
    tasks = iter(tasks)
    first = next(tasks, None)
    if first is None:
        return  # nothing to do is no reason to start workers

    from distributed import CancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    with _workers(crew) as client:
        flying: dict[Any, Task] = {}
        ended: SimpleQueue[Any] = SimpleQueue()
        window = _window(client)
        tasks = chain([first], tasks)
        try:
            while True:
                for task in islice(tasks, max(0, next(window) - len(flying))):
                    future = client.submit(run_block, job, task, pure=False)
                    flying[future] = task
                    future.add_done_callback(ended.put)
                if not flying:
                    return
                try:
                    done = [ended.get(timeout=PATIENCE)]
                except Empty:
                    _refuse_no_workers(crew, client)
                    continue
                done += [ended.get() for _ in range(ended.qsize())]
                for future, report in zip(done, client.gather(done), strict=True):
                    yield flying.pop(future), report
        except KilledWorker as error:
            raise PtxError(
                "workers died again and again on the same block (out of memory?): lower `run.block` or `run.workers`; "
                "finished blocks are safe"
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise PtxError(
                "the Dask scheduler went away; finished blocks are safe: run the same command again"
            ) from error


def _window(client: Any) -> Iterator[int]:
    """Blocks to keep in flight. Workers of a batch system come and go, so they are counted anew every second."""
    counted, asked = 0, float("-inf")
    while True:
        if time.monotonic() - asked > 1:
            counted, asked = sum(client.nthreads().values()), time.monotonic()
        yield 2 * max(1, counted) + 2


PATIENCE = 20
"""Seconds without a finished block after which to look whether anyone is still at work."""


def _refuse_no_workers(crew: Crew, client: Any) -> None:
    """Workers elsewhere may still be queued; those started here would have come back by now."""
    if crew.cluster.kind in ("local", "threads") and not client.scheduler_info()["workers"]:
        raise PtxError("all workers died (out of memory?); finished blocks are safe: run the same command again")


_kept = ExitStack()
"""Closes the workers that outlive a stage; holds any inside `keep_workers` only."""

_connection: tuple[Crew, Any] | None = None
_keeping = False


@contextmanager
def keep_workers() -> Iterator[None]:
    """Stages that run inside share their workers: starting them costs seconds."""
    global _keeping, _connection
    _keeping = True
    try:
        yield
    finally:
        _keeping, _connection = False, None
        _kept.close()


@contextmanager
def _workers(crew: Crew) -> Iterator[Any]:
    """A connection to workers, those kept where there are some."""
    global _connection
    if not _keeping:
        with _connect(crew) as client:
            yield client
        return
    if _connection is None or _connection[0] != crew or _connection[1].status != "running":
        _kept.close()
        _connection = crew, _kept.enter_context(_connect(crew))
    yield _connection[1]


@contextmanager
def _connect(crew: Crew) -> Iterator[Any]:
    """A connection to the workers; started here unless there is an address.

    Dask's nannies leave OMP_NUM_THREADS=1, which is meant for workers, in this process's environment; a training that
    follows would run on one core. So the environment is put back.
    """
    before = dict(os.environ)
    try:
        with _client(crew) as client:
            yield client
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def _client(crew: Crew) -> Any:
    import dask
    from distributed import Client

    dask.config.set({"distributed.worker.memory.terminate": 0.98, "distributed.scheduler.allowed-failures": 5})
    cluster = crew.cluster
    if cluster.kind in BATCH:
        return batch_client(cluster)
    if cluster.kind == "address":
        try:
            return Client(_named(cluster), timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            raise PtxError(
                f"cluster.address: no Dask scheduler answers at {cluster.address} ({error}); start one with `dask scheduler`"
            ) from error
    threads, count = cluster.kind == "threads", crew.run.worker_count
    return Client(
        n_workers=1 if threads else count,
        threads_per_worker=count if threads else 1,
        processes=not threads,
        dashboard_address="127.0.0.1:0",  # any free port, seen from this machine only
        silence_logs=50,
    )


def _named(cluster: ClusterSettings) -> str:
    if cluster.address is None:
        raise PtxError("cluster.address: kind address needs the scheduler's, such as tcp://node7:8786")
    return cluster.address
