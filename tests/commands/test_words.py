"""Words for people."""

from __future__ import annotations

import pytest

from ptx.commands.words import duration, rate, size


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


@pytest.mark.parametrize(
    ("per_second", "words"), [(0.01409, "0.0141/s"), (0.5, "0.5/s"), (20, "20/s"), (99.96, "100/s"), (1234.5, "1234/s")]
)
def test_rate(per_second: float, words: str) -> None:
    assert rate(per_second) == words
