"""The process that holds the engine, and that may die without the server.

Photographs are decoded in it, so that whatever a damaged or malicious file does to a decoder is done there. The server speaks to it over a
pipe, one request at a time; when it is gone, the request that it was at ends in `WorkerDiedError`, and the next starts another.
"""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from tempfile import TemporaryDirectory
from typing import NamedTuple, Protocol

from ptx.app.messages import Answer, Failed, Options, Progress, Refused, Request

GRACE = 2.0
"""Seconds that a worker has to end by itself."""


class Service(Protocol):
    """What a worker does: `ptx.app.painter.Painter`."""

    def answer(self, request: Request, listener: Callable[[Progress], None]) -> Answer:
        """Do what is asked for."""
        ...

    def forget(self, names: Sequence[str]) -> None:
        """Let people and poses go."""
        ...


class Order(NamedTuple):
    """A request to the worker, and whose data it need not keep any longer."""

    request: Request
    forgotten: tuple[str, ...]


class Stop(NamedTuple):
    """Word to a worker that nobody wants the answer any more."""


class StoppedError(Exception):
    """Work was told to stop."""


class WorkerDiedError(Exception):
    """The worker is gone: killed, or out of memory."""


Maker = Callable[[Options], Service]


def painter(options: Options) -> Service:
    """Load the engine."""
    from ptx.app.painter import Painter

    return Painter(options)


class Worker:
    """A worker process, started with the first request and again after every death."""

    def __init__(self, options: Options, make: Maker = painter) -> None:
        self._options, self._make = options, make
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._folder: TemporaryDirectory[str] | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process, while there is one."""
        return None if self._process is None else self._process.pid

    @property
    def folder(self) -> str | None:
        """Folder of its temporary files, while there is a process."""
        return None if self._folder is None else self._folder.name

    def start(self) -> None:
        """Start the process where there is none."""
        if self._process is not None and self._process.is_alive():
            return
        self.stop()
        context = multiprocessing.get_context("spawn")
        self._folder = TemporaryDirectory(prefix="ptx-app-", ignore_cleanup_errors=True)
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._options, self._make, self._folder.name)
        self._process = context.Process(target=serve, args=arguments, name="ptx app worker", daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, order: Order, wanted: Callable[[Progress], bool]) -> Answer:
        """Have a request answered.

        Args:
            order: the request.
            wanted: hears of progress; False: nobody wants the answer any more.

        Raises:
            WorkerDiedError: the process ended meanwhile.
        """
        self.start()
        pipe = self._pipe
        assert pipe is not None
        try:
            pipe.send(order)
            while True:
                said: Answer | Progress = pipe.recv()
                if not isinstance(said, Progress):
                    return said
                if not wanted(said):
                    pipe.send(Stop())
        except (EOFError, OSError):
            self.stop()
            raise WorkerDiedError from None

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        process, pipe, folder = self._process, self._pipe, self._folder
        self._process = self._pipe = self._folder = None
        if process is not None:
            process.terminate()
            process.join(GRACE)
            if process.is_alive():
                process.kill()
                process.join()
        if pipe is not None:
            pipe.close()
        if folder is not None:
            folder.cleanup()


def serve(pipe: Connection, options: Options, make: Maker, folder: str) -> None:
    """Answer requests until the other end is closed: the worker's main function. Its temporary files lie in `folder`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends its worker
    tempfile.tempdir = folder
    try:
        service = make(options)
        while True:
            order: Order | Stop = pipe.recv()
            if isinstance(order, Order):  # else an answer and the word to stop have crossed
                service.forget(order.forgotten)
                pipe.send(_answered(service, order.request, pipe))
    except (EOFError, OSError):
        shutil.rmtree(folder, ignore_errors=True)  # the server is gone


def _answered(service: Service, request: Request, pipe: Connection) -> Answer:
    def tell(progress: Progress) -> None:
        pipe.send(progress)
        if pipe.poll() and isinstance(pipe.recv(), Stop):
            raise StoppedError

    try:
        return service.answer(request, tell)
    except StoppedError:
        return Refused("stopped")
    except Exception:
        return Failed(traceback.format_exc())
