"""The state of a stage as `ptx status` says it."""

from __future__ import annotations

from pathlib import Path

from ptx.pipeline.errors import Problem
from ptx.pipeline.status import describe
from tests.pipeline.toy import COUNT, run_all, toy


def test_states_are_counted_and_problems_named(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(4, 20), ugly=(33,))
    run_all(pipeline)
    numbers, square, difference = (describe(pipeline, stage, problems=True) for stage in pipeline.stages)
    assert (numbers.done, numbers.quarantined, numbers.skipped, numbers.pending) == (COUNT - 2, 2, 0, 0)
    assert numbers.codes == {"ugly": 2}
    assert numbers.problems == {"n004": Problem("ugly", "as told"), "n020": Problem("ugly", "as told")}
    assert (square.done, square.quarantined, square.skipped) == (COUNT - 3, 1, 2)
    assert (difference.of, difference.done, difference.skipped) == (100, 96, 4)  # 20 is in no pair
    assert square.bytes == sum(
        p.stat().st_size for p in (tmp_path / "square.zarr" / "value" / "c").rglob("*") if p.is_file()
    )
    assert square.reasons == []


def test_problems_are_listed_only_where_they_are_wanted(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(4,))
    run_all(pipeline, "numbers")
    status = describe(pipeline, pipeline.stage("numbers"))
    assert status.problems == {}
    assert status.codes == {"ugly": 1}


def test_a_stale_stage_says_why_and_has_nothing_done(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    changed = toy(tmp_path, factor=5)
    status = describe(changed, changed.stage("square"))
    assert (status.condition, status.done, status.pending) == ("stale", 0, COUNT)
    assert status.reasons == ["factor was 3, now 5"]
