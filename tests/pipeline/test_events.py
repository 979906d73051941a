"""Events of a step, as its listener receives them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ptx.pipeline.events import Silent, progress


class Notes(Silent):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, ...]] = []
        self.counts: dict[str, float] = {}

    def started(self, step: str, total: int, done: int) -> None:
        self.events.append(("started", step, str(total), str(done)))

    def advanced(self, step: str, count: int, bad: int) -> None:
        self.events.append(("advanced", step, str(count), str(bad)))

    def ended(self, step: str, counts: Mapping[str, float]) -> None:
        self.events.append(("ended", step))
        self.counts = dict(counts)


def test_totals_count_what_was_done_before_and_problems_by_code() -> None:
    notes = Notes()
    with progress(notes, "ingest", 10, 4) as advance:
        advance(3, 2, ["no_person", "unreadable"])
        advance(1, 1, ["no_person"])
        advance(2)
    assert notes.events == [
        ("started", "ingest", "10", "4"),
        ("advanced", "ingest", "3", "2"),
        ("advanced", "ingest", "1", "1"),
        ("advanced", "ingest", "2", "0"),
        ("ended", "ingest"),
    ]
    assert notes.counts == {"done": 10, "bad": 3, "no_person": 2, "unreadable": 1}


def test_the_end_is_told_also_of_a_step_that_fails() -> None:
    notes = Notes()
    with pytest.raises(ArithmeticError), progress(notes, "ingest", 10):
        raise ArithmeticError
    assert notes.events[-1] == ("ended", "ingest")
