"""Tables and lines: what is told of steps of either unit, of estimates of every origin, and of text with brackets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console, RenderableType

from ptx.commands.doctor import Check
from ptx.commands.tables import (
    doctor_table,
    estimate_table,
    findings_lines,
    outcome_line,
    problem_table,
    status_tables,
)
from ptx.pipeline.errors import Problem
from ptx.pipeline.step import Estimate, Outcome, StepStatus
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.verify import Findings


def text(result: RenderableType) -> str:
    """What a wide terminal without colours shows."""
    stream = io.StringIO()
    Console(file=stream, width=200, highlight=False, soft_wrap=True).print(result)
    return stream.getvalue()


def estimate(
    step: str, seconds: float | None, source: Literal["measured", "benchmark", "guess", "unknown"], count: int = 10
) -> Estimate:
    return Estimate(step, "absent", (), count, None, 3_400_000, None, seconds, source)


def test_estimates_say_where_they_come_from(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    known = text(estimate_table([estimate("ingest", 60, "measured"), estimate("fit-smpl", 5, "measured")], storage, 2))
    assert "6.8 MB on disk" in known
    assert "1 min 5 s on 2 workers; nothing was written" in known
    assert "guesses" not in known
    rows = [
        estimate("ingest", 60, "guess"),
        estimate("train-flow", 10, "benchmark"),
        estimate("train-garment", None, "unknown"),
    ]
    mixed = text(estimate_table(rows, storage, 2))
    assert "unknown" in mixed.splitlines()[3]
    assert "more than 1 min 10 s" in mixed
    assert "steps that never ran here are guesses; times of trainings are those of a benchmark; unknown where" in mixed
    done = text(estimate_table([estimate("ingest", 0, "guess", count=0)], storage, 2))
    assert "guesses" not in done


def test_outcomes_of_both_units() -> None:
    stage = Outcome("fit-smpl", "samples", "partial", 1200, 60, quarantined=2, waiting=3)
    assert text(outcome_line(stage)) == (
        "fit-smpl: partial, 1200 computed in 1 min 0 s, 20/s, 2 quarantined (`ptx status --problems`), 3 blocks wait for inputs\n"
    )
    training = Outcome("train-flow", "steps", "done", 450, 900, scores={"epe": 4.3412})
    assert text(outcome_line(training)) == "train-flow: done, 450 steps trained in 15 min 0 s, 0.5/s; epe 4.341\n"
    idle = Outcome("train-flow", "steps", "done", 0, 0, scores={"epe": 4.3412})
    assert text(outcome_line(idle)) == "train-flow: done, nothing to do; epe 4.341\n"


def test_status_has_a_table_for_each_unit() -> None:
    stage = StepStatus("ingest", "stale", ["size was [64, 64], now [a, b]"], 4, 6, "samples", codes={"too_large": 2})
    training = StepStatus("train-flow", "partial", [], 10, 20, "steps", scores={"epe": 1.5})
    shown = [text(table) for table in status_tables([stage, training])]
    assert len(shown) == 2
    assert "size was [64, 64], now [a, b]" in shown[0]
    assert shown[1].splitlines()[1].split() == ["train-flow", "partial", "10", "20", "epe", "1.5"]
    assert len(status_tables([training])) == 1


def test_problems() -> None:
    problem = Problem("damaged_image", "a[b].png: truncated")
    rows = [StepStatus("ingest", "done", [], 5, 6, "samples", problems={"ann/[x]": problem})]
    assert text(problem_table(rows)).splitlines()[1].split(maxsplit=3) == [
        "ingest", "ann/[x]", "damaged_image", "a[b].png: truncated",
    ]  # fmt: skip
    assert problem_table([]) == "no quarantined samples"


def test_findings() -> None:
    sound = Findings("ingest", samples=6, done=5, quarantined=1, blocks=1, bytes=2048)
    assert (
        text(findings_lines(sound)[0]) == "ingest: 6 in = 5 done + 1 quarantined + 0 pending; 1 blocks, 2.0 kB: sound\n"
    )
    damaged = Findings("ingest", samples=6, done=6, blocks=1, faults=["block 0: array 'image' holds NaN"], damaged=[0])
    lines = [text(line) for line in findings_lines(damaged)]
    assert "1 block damaged" in lines[0]
    assert lines[1] == "  block 0: array 'image' holds NaN\n"
    assert "`ptx verify ingest --drop`" in lines[2]


@pytest.mark.parametrize(("ok", "mark"), [(True, "ok"), (False, "no"), (None, "--")])
def test_doctor(ok: bool | None, mark: str) -> None:
    cure = 'pip install "x[y]"'
    assert text(doctor_table([Check("thing", ok, "1.0", cure)])).splitlines()[1].split(maxsplit=3) == [
        mark,
        "thing",
        "1.0",
        cure,
    ]
