"""What steps say of themselves, as JSON."""

from __future__ import annotations

import json

from ptx.pipeline.errors import Problem
from ptx.pipeline.step import StepStatus


def test_a_data_stage_as_json() -> None:
    status = StepStatus(
        step="ingest", condition="partial", reasons=[], done=5, of=10, unit="samples", quarantined=2, skipped=1, bytes=99,
        codes={"no_person": 2}, counts={"bare": 1}, problems={"a": Problem("no_person", "nobody"), "b": Problem("no_person", "nobody")},
    )  # fmt: skip
    text = json.dumps(status.as_json())
    assert json.loads(text) == {
        "stage": "ingest", "condition": "partial", "reasons": [], "samples": 10, "done": 5, "quarantined": 2, "skipped": 1,
        "pending": 2, "bytes": 99, "codes": {"no_person": 2}, "counts": {"bare": 1},
        "problems": {"a": "no_person: nobody", "b": "no_person: nobody"},
    }  # fmt: skip
    assert list(json.loads(text)) == [
        "stage", "condition", "reasons", "samples", "done", "quarantined", "skipped", "pending", "bytes", "codes", "counts", "problems",
    ]  # fmt: skip


def test_a_training_as_json() -> None:
    status = StepStatus("train-flow", "stale", ["steps was 3, now 4"], 3, 4, "steps", scores={"epe": 1.5})
    assert json.loads(json.dumps(status.as_json())) == {
        "stage": "train-flow", "condition": "stale", "reasons": ["steps was 3, now 4"], "step": 3, "steps": 4, "scores": {"epe": 1.5},
    }  # fmt: skip
