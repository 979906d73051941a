"""The processes that the soak test runs and kills: a Dask scheduler, workers, and the `ptx` command as a client.

They come from a server that has imported everything, so that a new one is there in a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ParamSpec

P = ParamSpec("P")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    ["ptx.cli", "ptx.project", "ptx.pipeline.dask_executor", "ptx.pipeline.verify", "distributed", __name__]
)


def _prepare(log: Path) -> None:
    """Everything that this process says goes into a file; and it obeys the modes of files, also as root."""
    libc = ctypes.CDLL(None)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()  # capabilities as capset(2) has them
    libc.capget(header, sets)
    sets[0] &= ~(1 << 1)  # CAP_DAC_OVERRIDE out of those in force
    assert libc.capset(header, sets) == 0
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)


def _scheduler(port: int, log: Path) -> None:
    from distributed import Scheduler

    async def serve() -> None:
        async with Scheduler(host="127.0.0.1", port=port, dashboard_address="127.0.0.1:0") as scheduler:
            await scheduler.finished()

    _prepare(log)
    asyncio.run(serve())


def _worker(address: str, folder: Path, log: Path) -> None:
    from distributed import Worker

    async def serve() -> None:
        async with Worker(address, nthreads=1, local_directory=str(folder), dashboard_address="127.0.0.1:0") as worker:
            await worker.finished()

    _prepare(log)
    warnings.simplefilter("ignore")
    asyncio.run(serve())


def _client(words: Sequence[str], log: Path) -> None:
    from ptx.cli import main

    _prepare(log)
    sys.argv = ["ptx", *words]
    main()


def kill(process: BaseProcess) -> bool:
    """SIGKILL; whether it was alive and died of it."""
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode == -signal.SIGKILL


class Crew:
    """A scheduler of its own and two workers; whoever is missing is replaced by `muster`."""

    def __init__(self, folder: Path) -> None:
        """`folder`: for logs and what workers need."""
        self.folder = folder
        self.scheduler: BaseProcess | None = None
        self.workers: list[BaseProcess] = []
        self.address = ""

    def muster(self, count: int = 2) -> None:
        """Start who is not there; workers of a scheduler that died go too."""
        if self.scheduler is None or not self.scheduler.is_alive():
            self.dismiss()
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self.address = f"tcp://127.0.0.1:{port}"
            self.scheduler = self._start(_scheduler, port, self.folder / "scheduler.log")
            end = time.monotonic() + 60
            while not _answers(port):
                assert time.monotonic() < end, (self.folder / "scheduler.log").read_text()
                time.sleep(0.05)
        self.workers = [w for w in self.workers if w.is_alive()]
        while len(self.workers) < count:
            self.workers.append(self._start(_worker, self.address, self.folder / "space", self.folder / "workers.log"))

    def client(self, *words: str) -> BaseProcess:
        """`ptx WORDS...`; what it says is in client.log, from the start."""
        (self.folder / "client.log").write_text("")
        return self._start(_client, words, self.folder / "client.log")

    def dismiss(self) -> None:
        """Kill all."""
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            kill(process)
        self.workers, self.scheduler = [], None

    def _start(self, target: Callable[P, None], *given: P.args, **more: P.kwargs) -> BaseProcess:
        process = context.Process(target=target, args=given, kwargs=more, daemon=False)
        process.start()
        return process


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
