"""Executors: objects with a beginning and an end that run the blocks of steps, here or by Dask's workers."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from ptx.pipeline.cluster import ClusterSettings, RunSettings
from ptx.pipeline.events import Listener
from ptx.pipeline.work import BlockReport, Job, Task, run_block


class Executor(Protocol):
    """Runs the blocks of one step after the other."""

    def run(self, job: Job, tasks: Iterable[Task]) -> Generator[tuple[Task, BlockReport]]:
        """Run all tasks and yield each with its report, in the order they end; raises what a task raises.

        Close it to end early: afterwards no block of the job is computed any more.
        """
        ...

    def release(self) -> None:
        """End the workers, so that others have their memory; the next task starts new ones."""
        ...


def open_executor(
    run: RunSettings, cluster: ClusterSettings, listener: Listener | None = None
) -> AbstractContextManager[Executor]:
    """Return the executor that the settings ask for, to be used in a `with` block, at whose end its workers end.

    Workers start with the first task, and are kept from one step to the next. The listener is told what is waited for while there
    are none.
    """
    if cluster.kind == "serial":
        return SerialExecutor()
    from ptx.pipeline.dask_executor import DaskExecutor

    return DaskExecutor(run, cluster, listener)


class SerialExecutor:
    """Runs blocks one after the other in this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def run(self, job: Job, tasks: Iterable[Task]) -> Generator[tuple[Task, BlockReport]]:
        """Run all tasks in order."""
        for task in tasks:
            yield task, run_block(job, task)

    def release(self) -> None:
        """Do nothing: there are no workers."""
