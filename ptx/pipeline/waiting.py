"""What is said, and when a run gives up, while no worker is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ptx.pipeline.errors import PtxError

PATIENCE = 20.0
"""Seconds without any worker after which the run says so, or, where none can come any more, gives up."""

REMIND_EVERY = 60.0
"""Seconds between two reminders."""


class Watch(Protocol):
    """Knows where workers come from."""

    def look(self, idle: float) -> str:
        """Return what is waited for and how to end that; `idle`: seconds without any worker.

        Raises:
            PtxError: none will come.
        """
        ...


class LocalWatch:
    """Workers of this machine, which are started anew when they die, unless that is in vain."""

    def look(self, idle: float) -> str:
        """Give up after `PATIENCE`."""
        if idle >= PATIENCE:
            raise PtxError("all workers died (out of memory?); finished blocks are safe: run the same command again")
        return "those of this machine start again"


class SchedulerWatch:
    """Workers that others connect to a scheduler."""

    def __init__(self, address: str) -> None:
        self._address = address

    def look(self, idle: float) -> str:  # noqa: ARG002
        """Say how to start some."""
        return f"none is connected to {self._address}: start some with `dask worker {self._address}`; Ctrl-C stops"


class Vigil:
    """Counts the seconds without any worker, and tells of them at intervals."""

    def __init__(self, watch: Watch, tell: Callable[[str], None]) -> None:
        self._watch = watch
        self._tell = tell
        self._since: float | None = None
        self._due = PATIENCE

    def look(self, workers: int) -> None:
        """Take note of the number of workers of now.

        Raises:
            PtxError: there is none and none will come.
        """
        if workers:
            self._since = None
            self._due = PATIENCE
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        idle = now - self._since
        sentence = self._watch.look(idle)
        if idle >= self._due:
            self._due += REMIND_EVERY
            self._tell(f"no worker since {idle:.0f} s: {sentence}")
