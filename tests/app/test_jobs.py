"""The queue and the worker's process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from ptx.app.jobs import LINGER, FullError, Jobs
from ptx.app.messages import Look, Options, Posed, Progress, ReadPerson, Refused, TakePose, Turn, Upload
from ptx.app.worker import Worker, WorkerDiedError
from tests.app.fakes import fake

pytestmark = pytest.mark.slow  # processes

T = TypeVar("T")
ANNA = ReadPerson("anna", (Upload("me.jpg", b""),))
ROUND = Turn("anna", None, Look(), "0:360:9", "gif")


def run(test: Callable[[Jobs], Coroutine[None, None, T]], **bounds: float) -> T:
    """Run a test on a queue whose worker knows Anna."""

    async def whole() -> T:
        jobs = Jobs(Worker(Options(), fake), int(bounds.get("most_waiting", 8)), bounds.get("longest", 30.0))
        try:
            await jobs.run(ANNA)
            return await test(jobs)
        finally:
            await jobs.close()
            assert jobs.worker.pid is None

    return asyncio.run(whole())


def test_jobs_are_answered_in_order() -> None:
    async def test(jobs: Jobs) -> list[str]:
        order: list[str] = []

        async def ask(name: str) -> None:
            await jobs.run(TakePose("anna", name))
            order.append(name)

        await asyncio.gather(ask("wait"), ask("Wave"), ask("nothing"))
        return order

    assert run(test) == ["wait", "Wave", "nothing"]


def test_who_comes_to_a_full_queue_is_told_so() -> None:
    async def test(jobs: Jobs) -> None:
        asked = []
        for _ in range(3):  # one is worked at, two wait
            asked.append(asyncio.ensure_future(jobs.run(TakePose("anna", "wait"))))
            await asyncio.sleep(0.05)
        with pytest.raises(FullError):
            await jobs.run(TakePose("anna", "Wave"))
        answers = await asyncio.gather(*asked)
        assert all(isinstance(answer, Posed) for answer in answers)
        assert isinstance(await jobs.run(TakePose("anna", "Wave")), Posed)

    run(test, most_waiting=2)


def test_who_is_gone_leaves_the_queue() -> None:
    async def test(jobs: Jobs) -> None:
        first = asyncio.ensure_future(jobs.run(TakePose("anna", "wait")))
        second = asyncio.ensure_future(jobs.run(TakePose("anna", "hang")))
        await asyncio.sleep(0.1)
        assert jobs.waiting == 1
        second.cancel()
        await asyncio.sleep(0)
        assert jobs.waiting == 0
        await first

    run(test)


def test_long_work_that_nobody_wants_is_stopped() -> None:
    async def test(jobs: Jobs) -> float:
        heard: list[Progress] = []
        task = asyncio.ensure_future(jobs.run(ROUND, heard.append))
        while not heard:
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        task.cancel()
        assert isinstance(await jobs.run(TakePose("anna", "Wave")), Posed)  # by the same worker: it still knows her
        return time.monotonic() - begun

    assert run(test) < 0.5  # all of it takes .8 s


def test_progress_is_heard_in_order() -> None:
    async def test(jobs: Jobs) -> list[int]:
        heard: list[Progress] = []
        await jobs.run(ROUND, heard.append)
        return [one.done for one in heard]

    assert run(test) == list(range(1, 41))


def test_a_killed_worker_ends_its_job_and_the_next_has_another() -> None:
    async def test(jobs: Jobs) -> None:
        before = jobs.worker.pid
        assert before is not None
        task = asyncio.ensure_future(jobs.run(TakePose("anna", "hang")))
        await asyncio.sleep(0.1)
        os.kill(before, signal.SIGKILL)
        with pytest.raises(WorkerDiedError):
            await task
        await jobs.run(ANNA)
        assert jobs.worker.pid not in (None, before)

    run(test)


def test_a_worker_that_hangs_is_ended() -> None:
    async def test(jobs: Jobs) -> None:
        with pytest.raises(WorkerDiedError):
            await jobs.run(TakePose("anna", "hang"))

    run(test, longest=1.0)


def test_closing_leaves_no_process_and_no_file() -> None:
    async def test(jobs: Jobs) -> tuple[int, Path]:
        assert jobs.worker.pid is not None
        assert jobs.worker.folder is not None
        return jobs.worker.pid, Path(jobs.worker.folder)

    pid, folder = run(test)
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_that_is_not_kept_ends_with_its_work() -> None:
    async def test() -> None:
        jobs = Jobs(Worker(Options(), fake), keep=False)
        await jobs.run(ANNA)
        assert isinstance(await jobs.run(TakePose("anna", "Wave")), Posed)  # it lingers
        await asyncio.sleep(LINGER + 0.5)
        assert jobs.worker.pid is None
        await jobs.run(ANNA)
        await jobs.close()

    asyncio.run(test())


def test_what_is_refused_is_said() -> None:
    async def test(jobs: Jobs) -> None:
        assert await jobs.run(TakePose("anna", "Handstand")) == Refused("gallery: no pose is called Handstand")

    run(test)
