"""Execution of blocks by Dask: on threads or processes of this machine, by a scheduler that is there, in jobs of a batch system."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain, islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ptx.pipeline.cluster import ClusterSettings, RunSettings
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.jobqueue import BATCH_SYSTEMS, batch_client
from ptx.pipeline.signals import kill_children, start_resource_tracker
from ptx.pipeline.waiting import LocalWatch, SchedulerWatch, Vigil, Watch
from ptx.pipeline.work import BlockReport, Job, Task, run_block

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_EVERY = 1.0
"""Seconds without a finished block after which to look whether any worker is still there."""

RECOUNT = 1
"""Seconds after which workers are counted anew: those of a batch system come and go."""

ALLOWED_FAILURES = 5
"""Workers that may die on the same block before the run gives up."""

CONNECT_TIMEOUT = "10s"
"""Time in which a scheduler that is there already must answer."""

NOT_STARTED = "Cluster failed to start"
"""Words of Dask where something of the machine is in its way: no folder for temporary files, no name of the host."""

LONGEST_WORDS = 300
"""Characters of Dask's own words that are repeated, at most."""

_starting = threading.Lock()
"""Held while workers start: Dask changes this process's environment meanwhile."""


class DaskExecutor:
    """Runs blocks by Dask. Workers start with the first task and are kept until the end, since starting them takes seconds."""

    def __init__(self, run: RunSettings, cluster: ClusterSettings, listener: Listener | None = None) -> None:
        self._run = run
        self._cluster = cluster
        self._listener = listener or Silent()
        self._client: Client | None = None
        self._watch: Watch = LocalWatch()
        self._resources = ExitStack()
        self._abandoned = ExitStack()
        self._environment: dict[str, str | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """End the workers, so that others have their memory; the next task starts new ones."""
        self._client = None
        self._resources.close()
        _restore(self._environment)

    def _abandon(self) -> None:
        """End the workers of this machine without a word to them: this process is about to end."""
        kill_children()
        self._client = None
        self._abandoned = self._resources.pop_all()  # kept, since what is thrown away is closed

    def run(self, job: Job, tasks: Iterable[Task]) -> Generator[tuple[Task, BlockReport]]:
        """Run all tasks, keeping a bounded number in flight, so that memory does not grow with the number of blocks.

        Workers end where this ends early: none goes on with a block of a store that the caller no longer holds.
        """
        tasks = iter(tasks)
        first = next(tasks, None)
        if first is None:
            return  # nothing to do is no reason to start workers

        _import_dask()
        from distributed import CancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        whole = False
        try:
            yield from self._run_on(self._connect(), job, chain([first], tasks))
            whole = True
        except KilledWorker as error:
            raise PtxError(
                "workers died again and again on the same block (out of memory?): lower `run.block` or `run.workers`; "
                "finished blocks are safe"
            ) from error
        except SystemExit:  # a signal: the workers end first, while this process still holds the store
            if self._cluster.kind == "local":
                self._abandon()
            raise
        except (CancelledError, CommClosedError) as error:
            raise PtxError(
                "the Dask scheduler went away; finished blocks are safe: run the same command again"
            ) from error
        finally:
            if not whole:
                self.release()
            _restore(self._environment)  # a worker that was replaced meanwhile changed it again

    def _run_on(self, client: Client, job: Job, tasks: Iterator[Task]) -> Iterator[tuple[Task, BlockReport]]:
        in_flight: dict[Future[BlockReport], Task] = {}
        ended: SimpleQueue[Future[BlockReport]] = SimpleQueue()
        window = _window(client)
        name = job.stage.name
        vigil = Vigil(self._watch, lambda text: self._listener.told(name, f"{name}: {text}"))
        while True:
            for task in islice(tasks, max(0, next(window) - len(in_flight))):
                future = client.submit(run_block, job, task, pure=False)
                in_flight[future] = task
                future.add_done_callback(ended.put)
            if not in_flight:
                return
            try:
                done = [ended.get(timeout=LOOK_EVERY)]
            except Empty:
                vigil.look(len(client.nthreads()))
                continue
            done += [ended.get() for _ in range(ended.qsize())]
            reports: Sequence[BlockReport] = client.gather(done)
            for future, report in zip(done, reports, strict=True):
                yield in_flight.pop(future), report

    def _connect(self) -> Client:
        """Return the connection to the workers, which are started where there are none or they went away."""
        if self._client is None or self._client.status != "running":
            self.release()
            with _starting, _clean_environment() as self._environment:
                if self._cluster.kind == "local":
                    self._client, self._watch = self._start_processes()
                else:
                    self._client, self._watch = self._resources.enter_context(self._open_client())
        return self._client

    def _start_processes(self) -> tuple[Client, Watch]:
        """Start workers from a thread in which Ctrl-C is blocked, which they inherit: it ends this process, and this one them."""
        start_resource_tracker()
        pool = ThreadPoolExecutor(1, initializer=partial(signal.pthread_sigmask, signal.SIG_BLOCK, [signal.SIGINT]))
        try:
            return pool.submit(self._resources.enter_context, self._open_client()).result()
        finally:
            pool.shutdown(wait=False)

    @contextmanager
    def _open_client(self) -> Iterator[tuple[Client, Watch]]:
        import dask

        dask.config.set({
            "distributed.worker.memory.terminate": 0.98,
            "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        })  # fmt: skip
        if self._cluster.kind in BATCH_SYSTEMS:
            with batch_client(self._cluster) as (client, watch):
                yield client, watch
        elif self._cluster.kind == "address":
            with _client_of(self._cluster) as client:
                yield client, SchedulerWatch(str(self._cluster.address))
        else:
            with _local_client(self._run.worker_count, threads=self._cluster.kind == "threads") as client:
                yield client, LocalWatch()


def _import_dask() -> None:
    """Import Dask, which reads the user's settings files of its own.

    Raises:
        PtxError: one of them is no YAML.
    """
    try:
        importlib.import_module("dask")
    except ValueError as error:
        raise PtxError(f"Dask's own settings: {one_line(error, LONGEST_WORDS)}") from error


def _window(client: Client) -> Iterator[int]:
    """Yield the number of blocks to keep in flight: two for each that can be computed at once, and two more."""
    workers = 0
    counted = float("-inf")
    while True:
        if time.monotonic() - counted > RECOUNT:
            workers = sum(client.nthreads().values())
            counted = time.monotonic()
        yield 2 * max(1, workers) + 2


@contextmanager
def _client_of(cluster: ClusterSettings) -> Iterator[Client]:
    """Connect to the scheduler at an address."""
    from distributed import Client

    if cluster.address is None:
        raise PtxError("cluster.address: kind address needs the scheduler's, such as tcp://node7:8786")
    try:
        client = Client(cluster.address, timeout=CONNECT_TIMEOUT)
    except (OSError, TimeoutError, ValueError) as error:
        raise PtxError(
            f"cluster.address: no Dask scheduler answers at {cluster.address} ({error}); start one with `dask scheduler`"
        ) from error
    with closing(client):
        yield client


@contextmanager
def _local_client(count: int, *, threads: bool) -> Iterator[Client]:
    """Start worker processes on this machine, or threads of this process."""
    from distributed import Client

    try:
        client = Client(
            n_workers=1 if threads else count,
            threads_per_worker=count if threads else 1,
            processes=not threads,
            dashboard_address="127.0.0.1:0",  # any free port, seen from this machine only
            silence_logs=50,
        )
    except RuntimeError as error:
        if NOT_STARTED not in str(error):
            raise
        raise PtxError(
            f"Dask's workers cannot start on this machine ({one_line(error, LONGEST_WORDS)}); `--cluster serial` needs none"
        ) from error
    with closing(client):
        yield client


@contextmanager
def _clean_environment() -> Iterator[dict[str, str | None]]:
    """Put the environment back at the end; yields a mapping that then holds the variables that were changed, as they were.

    Dask's nannies leave OMP_NUM_THREADS=1, which is meant for workers, in this process's environment; a training that
    follows would run on one core.
    """
    before = dict(os.environ)
    changed: dict[str, str | None] = {}
    try:
        yield changed
    finally:
        names = {*before, *os.environ}
        changed |= {name: before.get(name) for name in names if before.get(name) != os.environ.get(name)}
        _restore(changed)


def _restore(variables: dict[str, str | None]) -> None:
    """Set environment variables, or remove those that were not there."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
