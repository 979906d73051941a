"""Events of long work, and the protocol of those who listen to them.

The library prints nothing: whoever starts work hands it a `Listener`, which shows bars, writes lines, or keeps silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """Receives the events of work on a terminal, in a log, or in a test."""

    def started(self, step: str, total: int, done: int) -> None:
        """A step begins: `done` of its `total` samples (or training steps) were done before."""
        ...

    def advanced(self, step: str, count: int, bad: int) -> None:
        """`count` more are done, of which `bad` were quarantined."""
        ...

    def told(self, step: str, text: str) -> None:
        """A whole sentence for the user that names the step itself, such as the reason why a store is rebuilt."""
        ...

    def ended(self, step: str, counts: Mapping[str, float]) -> None:
        """A step is over, whole or by an exception; `counts` are totals by name: `done`, `bad`, and by code of a problem."""
        ...


class Silent:
    """A listener that ignores everything."""

    def started(self, step: str, total: int, done: int) -> None:
        """Ignore it."""

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Ignore it."""

    def told(self, step: str, text: str) -> None:
        """Ignore it."""

    def ended(self, step: str, counts: Mapping[str, float]) -> None:
        """Ignore it."""


class Advance(Protocol):
    """Reports that samples are done."""

    def __call__(self, count: int, bad: int = 0, codes: Iterable[str] = ()) -> None:
        """`count` more are done, of which `bad` were quarantined, for problems with these codes."""
        ...


@contextmanager
def progress(listener: Listener, step: str, total: int, done: int = 0) -> Iterator[Advance]:
    """Announce a step to a listener, and its end; yields the function that reports samples that are done meanwhile."""
    counts = Counter({"done": done, "bad": 0})
    listener.started(step, total, done)

    def advance(count: int, bad: int = 0, codes: Iterable[str] = ()) -> None:
        counts["done"] += count
        counts["bad"] += bad
        counts.update(codes)
        listener.advanced(step, count, bad)

    try:
        yield advance
    finally:
        listener.ended(step, counts)
