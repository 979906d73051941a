"""Listeners: what a terminal, a log and a program are told of the same work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from io import StringIO

import pytest
from rich.console import Console

from ptx.commands.listeners import Format, JsonLines, PlainLines, RichBars, choose_listener
from ptx.pipeline.events import Listener, progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that only moves when it is told to."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def tick(seconds: float) -> None:
        now[0] += seconds

    return tick


def work(listener: Listener, tick: Callable[[float], None]) -> None:
    """Five of ten samples are there, three more take two seconds each, one of them is bad, then the run breaks off."""
    listener.told("square", "square is stale (factor was 3, now 5): rebuilding")
    with suppress(KeyboardInterrupt), progress(listener, "square", 10, 5) as advance:
        for codes in ([], ["ugly"], []):
            tick(2)
            advance(1, len(codes), codes)
        raise KeyboardInterrupt


def test_plain_lines(clock: Callable[[float], None]) -> None:
    stream = StringIO()
    work(PlainLines(Console(file=stream, width=200), every=3), clock)
    assert stream.getvalue().splitlines() == [
        "square is stale (factor was 3, now 5): rebuilding",
        "square: 7/10, 0.5/s, 1 bad, 6 s left",
    ]


def test_a_line_now_and_then_is_enough(clock: Callable[[float], None]) -> None:
    stream = StringIO()
    work(PlainLines(Console(file=stream, width=200)), clock)
    assert len(stream.getvalue().splitlines()) == 1


def test_json_lines(clock: Callable[[float], None]) -> None:
    stream = StringIO()
    work(JsonLines(stream, every=3), clock)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"event": "told", "step": "square", "text": "square is stale (factor was 3, now 5): rebuilding"},
        {"event": "started", "step": "square", "done": 5, "of": 10, "bad": 0, "seconds": 0},
        {"event": "advanced", "step": "square", "done": 7, "of": 10, "bad": 1, "seconds": 4},
        {"event": "ended", "step": "square", "done": 8, "of": 10, "bad": 1, "seconds": 6, "problems": {"ugly": 1}},
    ]


def test_bars() -> None:
    stream = StringIO()
    listener = RichBars(Console(file=stream, width=120, force_terminal=True))
    work(listener, lambda _: None)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "square is stale (factor was 3, now 5): rebuilding" in text
    last = [line for line in text.splitlines() if "8/10" in line][-1]
    assert "1 bad" in last
    assert re.search(r"\d+/s", last)


def test_bars_of_steps_within_steps_and_after_each_other() -> None:
    stream = StringIO()
    listener = RichBars(Console(file=stream, width=120, force_terminal=True))
    with progress(listener, "outer", 2) as outer:
        with progress(listener, "inner", 1) as inner:
            inner(1)
        outer(2)
    with progress(listener, "next", 1) as advance:
        advance(1)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    for bar in ("outer", "inner", "next"):
        assert bar in text
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 2  # the cursor comes back


@pytest.mark.parametrize(
    ("format", "terminal", "kind"),
    [
        ("auto", True, RichBars),
        ("auto", False, PlainLines),
        ("plain", True, PlainLines),
        ("json", True, JsonLines),
        ("json", False, JsonLines),
    ],
)
def test_the_choice(format: Format, terminal: bool, kind: type[Listener]) -> None:
    assert type(choose_listener(format, Console(file=StringIO(), force_terminal=terminal))) is kind
