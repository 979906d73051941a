"""The queue before the worker: bounded, in order, and without those whose page is gone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ptx.app.messages import Answer, Progress, Request
from ptx.app.worker import Order, Worker, WorkerDiedError

MOST_WAITING = 8
"""Jobs that wait; who comes then is told to come again."""

LONGEST = 180.0
"""Seconds without a word from the worker after which it hangs, and is ended."""


LINGER = 0.5
"""Seconds that a worker that is not kept waits for another job: a person who is to be read, and then painted."""


class FullError(Exception):
    """The queue is full."""


@dataclass(eq=False)
class Job:
    """A request that waits, is worked at, or is done."""

    request: Request
    listener: Callable[[Progress], None]
    answer: asyncio.Future[Answer]
    cancelled: bool = False
    heard: float = field(default=0.0)
    """When the worker was heard of last, by the loop's clock."""


class Jobs:
    """Has requests answered by a worker, one after another."""

    def __init__(
        self, worker: Worker, most_waiting: int = MOST_WAITING, longest: float = LONGEST, *, keep: bool = True
    ) -> None:
        """Make a queue.

        Args:
            worker: answers.
            most_waiting: jobs that may wait.
            longest: seconds without a word from the worker after which it is ended.
            keep: False: end the worker, and what it remembers, whenever nobody waits any more.
        """
        self.worker = worker
        self._keep = keep
        self._most_waiting, self._longest = most_waiting, longest
        self._waiting: deque[Job] = deque()
        self._forgotten: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Number of jobs that wait."""
        return len(self._waiting)

    def check_room(self) -> None:
        """Raise FullError where too many wait, WorkerDiedError where the queue is closed."""
        if self._closed:
            raise WorkerDiedError
        if len(self._waiting) >= self._most_waiting:
            raise FullError

    def forget(self, names: list[str]) -> None:
        """Have the worker let people and poses go, with its next job."""
        self._forgotten += names

    async def run(self, request: Request, listener: Callable[[Progress], None] = lambda _: None) -> Answer:
        """Have a request answered. Whoever is cancelled while they wait for it leaves the queue, or stops the work.

        Raises:
            FullError: too many wait already.
            WorkerDiedError: the worker ended while it was at it.
        """
        self.check_room()
        job = Job(request, listener, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        try:
            return await job.answer
        except asyncio.CancelledError:
            job.cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
            raise

    async def close(self) -> None:
        """End the worker, and with it whatever is waited for; for good."""
        self._closed = True
        for job in self._waiting:
            if not job.answer.done():
                job.answer.set_exception(WorkerDiedError())
        self._waiting.clear()
        await asyncio.to_thread(self.worker.stop)
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        """Answer jobs until none waits."""
        while self._waiting:
            job = self._waiting.popleft()
            try:
                answer = await self._ask(job)
            except WorkerDiedError as error:
                if not job.answer.done():
                    job.answer.set_exception(error)
            else:
                if not job.answer.done():
                    job.answer.set_result(answer)
            if not self._keep:
                await asyncio.sleep(LINGER)  # who is answered may ask once more
                if not self._waiting:
                    await asyncio.to_thread(self.worker.stop)

    async def _ask(self, job: Job) -> Answer:
        """Ask the worker; ends it where it hangs. Raises WorkerDiedError."""
        loop = asyncio.get_running_loop()
        job.heard = loop.time()
        forgotten, self._forgotten = tuple(self._forgotten), []

        def wanted(progress: Progress) -> bool:
            job.heard = loop.time()
            loop.call_soon_threadsafe(job.listener, progress)
            return not job.cancelled

        asked = asyncio.ensure_future(asyncio.to_thread(self.worker.ask, Order(job.request, forgotten), wanted))
        while not asked.done():
            left = job.heard + self._longest - loop.time()
            if left <= 0:
                await asyncio.to_thread(self.worker.stop)
                left = self._longest
            await asyncio.wait([asked], timeout=left)
        return asked.result()
