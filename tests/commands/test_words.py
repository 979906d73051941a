"""Words for people."""

from __future__ import annotations

import pytest

from ptx.commands.words import duration, outcome_line, size
from ptx.pipeline.step import Outcome


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (42, "42 s"),
        (59.6, "1 min 0 s"),
        (190, "3 min 10 s"),
        (7500, "2 h 5 min"),
        (360000, "100 h 0 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (3400, "3.4 kB"), (5.6e9, "5.6 GB"), (7e12, "7.0 TB"), (7e15, "7000.0 TB")],
)
def test_size(count: float, words: str) -> None:
    assert size(count) == words


def samples(computed: int, seconds: float, quarantined: int = 0, waiting: int = 0) -> Outcome:
    return Outcome("ingest", "samples", "done", computed, seconds, quarantined, waiting)


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (samples(64, 3.2), "[bold]ingest[/bold]: done, 64 computed in 3 s, 20/s"),
        (samples(64, 0.3), "[bold]ingest[/bold]: done, 64 computed in 0 s"),
        (samples(0, 3), "[bold]ingest[/bold]: done, nothing to do"),
        (
            samples(6, 3, 2, 1),
            "[bold]ingest[/bold]: done, 6 computed in 3 s, 2/s, 2 quarantined (`ptx status --problems`), 1 blocks wait for inputs",
        ),
        (
            Outcome("train-flow", "steps", "done", 9, 3, scores={"epe": 2.34567, "l1": 1}),
            "[bold]train-flow[/bold]: done, epe 2.346, l1 1",
        ),
        (
            Outcome("train-flow", "steps", "done", 0, 3, scores={"epe": 2}),
            "[bold]train-flow[/bold]: done, nothing to do; epe 2",
        ),
    ],
)
def test_outcomes(outcome: Outcome, line: str) -> None:
    assert outcome_line(outcome) == line
