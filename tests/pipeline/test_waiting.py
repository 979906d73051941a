"""Sentences at intervals while no worker is there, and when a run gives up."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ptx.pipeline import waiting
from ptx.pipeline.errors import PtxError
from ptx.pipeline.waiting import LocalWatch, SchedulerWatch, Vigil


@dataclass
class Patient:
    """A watch that waits for ever."""

    asked: list[float] = field(default_factory=list)

    def look(self, idle: float) -> str:
        self.asked.append(idle)
        return "they are on their way"


def test_sentences_come_at_intervals_and_not_while_there_are_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    watch, said = Patient(), list[str]()
    vigil = Vigil(watch, said.append)
    for second in range(100):
        now[0] = 100.0 + second
        vigil.look(0)
    assert said == [f"no worker since {s} s: they are on their way" for s in (20, 80)]
    assert watch.asked == list(range(100))
    vigil.look(3)
    now[0] += 1000
    vigil.look(0)
    assert len(said) == 2  # counted anew
    assert watch.asked[-1] == 0


def test_workers_of_this_machine_that_stay_away() -> None:
    watch = LocalWatch()
    watch.look(waiting.PATIENCE - 1)
    with pytest.raises(PtxError, match="all workers died"):
        watch.look(waiting.PATIENCE)


def test_a_scheduler_without_workers() -> None:
    words = SchedulerWatch("tcp://node7:8786").look(9999)
    assert "start some with `dask worker tcp://node7:8786`" in words
    assert "Ctrl-C stops" in words
