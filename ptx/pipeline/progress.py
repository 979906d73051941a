"""What a person sees while a stage runs: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn


class Advance(Protocol):
    """Tells the bar that samples are done."""

    def __call__(self, samples: int, bad: int) -> None:
        """`samples` more are done, of which `bad` were quarantined."""
        ...


@contextmanager
def progress(title: str, total: int, done: int, console: Console, every: float = 10.0) -> Iterator[Advance]:
    """Show `done` of `total` samples moving on, with rate and time left."""
    with (
        _bar(title, total, done, console)
        if console.is_terminal
        else _lines(title, total, done, console, every) as advance
    ):
        yield advance


@contextmanager
def _bar(title: str, total: int, done: int, console: Console) -> Iterator[Advance]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>9} {task.fields[bad]}"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=console, refresh_per_second=8) as bar:
        task = bar.add_task(title, total=total, completed=done, rate="", bad="")
        moved = quarantined = 0

        def advance(samples: int, bad: int) -> None:
            nonlocal moved, quarantined
            moved, quarantined = moved + samples, quarantined + bad
            rate = moved / max(1e-9, time.monotonic() - began)
            bar.update(task, advance=samples, rate=f"{rate:.0f}/s", bad=f"{quarantined} bad" if quarantined else "")

        yield advance


@contextmanager
def _lines(title: str, total: int, done: int, console: Console, every: float) -> Iterator[Advance]:
    began = last = time.monotonic()
    moved = quarantined = 0

    def advance(samples: int, bad: int) -> None:
        nonlocal moved, quarantined, last
        moved, quarantined, now = moved + samples, quarantined + bad, time.monotonic()
        if now - last >= every:
            last = now
            rate = moved / (now - began)
            left = (total - done - moved) / rate
            console.print(
                f"{title}: {done + moved}/{total}, {rate:.1f}/s, {quarantined} bad, {duration(left)} left",
                highlight=False,
            )

    yield advance


def duration(seconds: float) -> str:
    """Seconds as people say them: 42 s, 3 min 10 s, 2 h 5 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
