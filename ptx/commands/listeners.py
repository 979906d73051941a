"""Listeners of long work: bars on a terminal, a line now and then in a log, JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from ptx.commands.words import duration
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.storage.json_values import Json

__all__ = ["Format", "JsonLines", "PlainLines", "RichBars", "Silent", "choose_listener"]

Format = Literal["auto", "plain", "json"]
"""auto: bars on a terminal, lines elsewhere; plain: lines; json: an object a line."""

REFRESH_RATE = 8
"""Times a second at which bars are drawn, at most."""


@dataclass
class Tally:
    """The counts of a step that is going on."""

    of: int
    """Samples, or steps of training, that there are to be."""
    done: int
    """Those that are done, those that were done before included."""
    moved: int = 0
    """Those that were done since the step began."""
    bad: int = 0
    """Those of them that were quarantined."""
    began: float = field(default_factory=lambda: time.monotonic())
    """Time (monotonic, s) at which the step began."""
    told: float = field(default_factory=lambda: time.monotonic())
    """Time (monotonic, s) at which its counts were last told."""

    def advance(self, count: int, bad: int) -> None:
        """Count more that are done."""
        self.done += count
        self.moved += count
        self.bad += bad

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Samples, or steps of training, a second."""
        return self.moved / max(1e-9, self.seconds)

    def is_due(self, every: float) -> bool:
        """True where the counts were last told at least `every` seconds ago; they count as told now."""
        now = time.monotonic()
        if now - self.told < every:
            return False
        self.told = now
        return True


class RichBars:
    """Shows a bar a step, with rate and time left, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._bars: dict[str, tuple[TaskID, Tally]] = {}

    def started(self, step: str, total: int, done: int) -> None:
        """Add a bar."""
        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<18}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]:>9} {task.fields[bad]}"),
                TimeRemainingColumn(),
                console=self._console,
                refresh_per_second=REFRESH_RATE,
            )
            self._progress.start()
        bar = self._progress.add_task(step, total=total, completed=done, rate="", bad="")
        self._bars[step] = (bar, Tally(total, done))

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Move a bar on."""
        bar, tally = self._bars[step]
        tally.advance(count, bad)
        if self._progress is not None:
            bad_text = f"{tally.bad} bad" if tally.bad else ""
            self._progress.update(bar, advance=count, rate=f"{tally.rate:.0f}/s", bad=bad_text)

    def told(self, step: str, text: str) -> None:  # noqa: ARG002
        """Print a sentence above the bars."""
        self._console.print(text, highlight=False, markup=False)

    def ended(self, step: str, counts: Mapping[str, float]) -> None:  # noqa: ARG002
        """Leave a bar as it is; with the last of them the drawing ends."""
        del self._bars[step]
        if self._progress is not None and not self._bars:
            self._progress.stop()
            self._progress = None


class PlainLines:
    """Prints a line now and then, for logs."""

    def __init__(self, console: Console, every: float = 10.0) -> None:
        """Print to a console, at most one line every so many seconds for each step."""
        self._console = console
        self._every = every
        self._tallies: dict[str, Tally] = {}

    def started(self, step: str, total: int, done: int) -> None:
        """Begin to count."""
        self._tallies[step] = Tally(total, done)

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Count, and print a line if it is time for one."""
        tally = self._tallies[step]
        tally.advance(count, bad)
        if tally.is_due(self._every):
            left = duration((tally.of - tally.done) / tally.rate) if tally.moved else "unknown time"
            self._print(f"{step}: {tally.done}/{tally.of}, {tally.rate:.1f}/s, {tally.bad} bad, {left} left")

    def told(self, step: str, text: str) -> None:  # noqa: ARG002
        """Print a sentence."""
        self._print(text)

    def ended(self, step: str, counts: Mapping[str, float]) -> None:  # noqa: ARG002
        """End to count."""
        del self._tallies[step]

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)


class JsonLines:
    """Writes events for programs, one JSON object a line.

    Keys: event (started, advanced, told, ended), step; of told: text; of the others: done, of, bad (counts), seconds (since the
    step began), and of ended: problems (code → samples).
    """

    def __init__(self, stream: IO[str], every: float = 1.0) -> None:
        """Write to a stream, `advanced` at most once every so many seconds for each step."""
        self._stream = stream
        self._every = every
        self._tallies: dict[str, Tally] = {}

    def started(self, step: str, total: int, done: int) -> None:
        """Write the beginning of a step."""
        self._tallies[step] = Tally(total, done)
        self._count("started", step)

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Write the counts of a step, if it is time for them."""
        tally = self._tallies[step]
        tally.advance(count, bad)
        if tally.is_due(self._every):
            self._count("advanced", step)

    def told(self, step: str, text: str) -> None:
        """Write a sentence."""
        self._write({"event": "told", "step": step, "text": text})

    def ended(self, step: str, counts: Mapping[str, float]) -> None:
        """Write the end of a step, with its problems by code."""
        codes = {name: count for name, count in counts.items() if name not in ("done", "bad")}
        self._count("ended", step, {"problems": codes})
        del self._tallies[step]

    def _count(self, event: str, step: str, more: Mapping[str, Json] | None = None) -> None:
        tally = self._tallies[step]
        counts = {"done": tally.done, "of": tally.of, "bad": tally.bad, "seconds": round(tally.seconds, 3)}
        self._write({"event": event, "step": step, **counts, **(more or {})})

    def _write(self, value: Mapping[str, Json]) -> None:
        self._stream.write(json.dumps(value) + "\n")
        self._stream.flush()


def choose_listener(format: Format, console: Console) -> Listener:
    """Return the listener for a console; with `json` its lines go to the console's stream."""
    if format == "json":
        return JsonLines(console.file)
    if format == "auto" and console.is_terminal:
        return RichBars(console)
    return PlainLines(console)
