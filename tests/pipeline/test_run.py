"""Runs, resumes, staleness, quarantine, defects and retries of the toy pipeline."""

from __future__ import annotations

import traceback
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.cluster import Kind
from ptx.pipeline.errors import Problem, PtxError, StageError
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import retry_stage
from ptx.pipeline.stage import Block, Process, Result
from ptx.pipeline.storage.records import BAD, OK, SKIPPED
from tests.pipeline.test_events import Notes
from tests.pipeline.toy import COUNT, Difference, calls, run_all, run_one, toy, tree

UGLY = Problem("ugly", "as told")


def values(pipeline: Pipeline, name: str) -> np.ndarray:
    store = pipeline.store(pipeline.stage(name))
    return store.read("value", np.arange(store.count), np.int64)[:, 0, 0]


def retry(pipeline: Pipeline, name: str, reason: str | None) -> int:
    """Retry a stage; returns the samples that were computed."""
    with open_executor(pipeline.run, pipeline.cluster) as executor:
        return retry_stage(pipeline, pipeline.stage(name), reason, Silent(), executor).computed


def test_values_are_right(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline)
    assert (values(pipeline, "square") == 3 * np.arange(COUNT) ** 2).all()
    pairs = pipeline.pairs()
    assert (values(pipeline, "difference") == 3 * (pairs[:, 0] ** 2 - pairs[:, 1] ** 2)).all()
    assert all(pipeline.plan(s).condition == "done" for s in pipeline.stages)


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before, counted = tree(tmp_path), calls(tmp_path)
    run_all(toy(tmp_path))
    assert tree(tmp_path) == before
    assert calls(tmp_path) == counted == 10


def test_only_missing_blocks_are_computed(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = tree(tmp_path)
    pipeline = toy(tmp_path)
    store = pipeline.store(pipeline.stage("square"))
    for block in (0, 7):
        store.records.drop(block)
    assert pipeline.plan(pipeline.stage("square")).condition == "partial"
    run_all(toy(tmp_path))
    assert calls(tmp_path) == 12
    assert tree(tmp_path) == before


def test_setting_makes_stale_and_says_why(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    changed = toy(tmp_path, factor=5)
    assert changed.plan(changed.stage("numbers")).condition == "done"
    assert changed.plan(changed.stage("square")).stale == ["factor was 3, now 5"]
    assert changed.plan(changed.stage("difference")).stale == ["input square changed"]
    run_all(changed)
    assert (values(changed, "square") == 5 * np.arange(COUNT) ** 2).all()


def test_running_on_a_stale_input_is_refused(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    changed = toy(tmp_path, factor=5)
    with pytest.raises(
        PtxError, match=r"difference reads square, which is stale \(factor was 3, now 5\): `ptx run square` first"
    ):
        run_one(changed, "difference")


def test_bad_samples_are_quarantined_and_skipped_downstream(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(4, 20, 21))
    run_all(pipeline)
    numbers, square, difference = (pipeline.plan(s) for s in pipeline.stages)
    assert numbers.problems == {4: UGLY, 20: UGLY, 21: UGLY}
    assert set(np.flatnonzero(square.states == SKIPPED)) == {4, 20, 21}
    lost = {i for i, pair in enumerate(pipeline.pairs()) if set(pair.tolist()) & {4, 20, 21}}
    assert set(np.flatnonzero(difference.states == SKIPPED)) == lost
    assert len(lost) == 4
    assert (values(pipeline, "square")[[4, 20, 21]] == 0).all()


def test_one_bad_sample_does_not_take_its_block_along(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, ugly=(33,))
    run_all(pipeline)
    plan = pipeline.plan(pipeline.stage("square"))
    assert plan.problems == {33: UGLY}
    assert (values(pipeline, "square")[32:48] == np.where(np.arange(32, 48) == 33, 0, 3 * np.arange(32, 48) ** 2)).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["serial", "local"])
def test_a_defect_ends_the_run_and_its_traceback_names_the_sample(tmp_path: Path, kind: Kind) -> None:
    """Everything that was finished is kept; after the mend, the same command goes on."""
    pipeline = toy(tmp_path, crash=(33, 90), kind=kind, workers=1)
    with pytest.raises(StageError) as caught:
        run_all(pipeline)
    assert str(caught.value) == "square failed on image 33 (n033)"
    assert isinstance(caught.value.__cause__, ArithmeticError)
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("ArithmeticError: cannot square this") == 1
    assert (
        text.index("in process") < text.index("ArithmeticError") < text.index("StageError: square failed on image 33")
    )
    mended = toy(tmp_path)
    plan = mended.plan(mended.stage("square"))
    assert plan.problems == {}
    done = int((plan.states == OK).sum())
    assert done >= 32
    assert not (plan.states[32:48] == OK).any()
    assert run_all(mended)[1].computed == COUNT - done
    (tmp_path / "fresh").mkdir()
    run_all(toy(tmp_path / "fresh"))
    assert {k: v for k, v in tree(tmp_path).items() if not k.startswith("fresh")} == tree(tmp_path / "fresh")


def test_a_defect_over_pairs_names_both_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline, "numbers", "square")

    def wrong(self: Difference) -> Process:
        def process(block: Block) -> Result:
            return Result({"value": block.arrays["nothing"]})

        return process

    monkeypatch.setattr(Difference, "open", wrong)
    with pytest.raises(StageError, match=r"^difference failed on pair 0 \(n000 ← n001\)$") as caught:
        run_one(pipeline, "difference")
    assert isinstance(caught.value.__cause__, KeyError)


def test_too_many_bad_samples_fail_the_stage_but_keep_its_blocks(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=tuple(range(60)))
    with pytest.raises(
        PtxError, match=r"60 of 150 samples are quarantined, more than run.max_bad_fraction=0.25 allows"
    ):
        run_one(pipeline, "numbers")
    assert (pipeline.plan(pipeline.stage("numbers")).states == np.where(np.arange(COUNT) < 60, BAD, OK)).all()


def test_retry_saves_samples_and_downstream_follows(tmp_path: Path) -> None:
    run_all(toy(tmp_path, ugly=(33, 90)))
    counted = calls(tmp_path)
    mended = toy(tmp_path)
    assert retry(mended, "square", "as told") == 2
    assert calls(tmp_path) == counted + 2
    plan = mended.plan(mended.stage("difference"))
    assert plan.condition == "partial"
    run_all(mended)
    fresh = toy(tmp_path / "fresh")
    (tmp_path / "fresh").mkdir()
    run_all(fresh)
    ours = {k: v for k, v in tree(tmp_path).items() if not k.startswith("fresh")}
    assert ours == tree(tmp_path / "fresh")


def test_retry_by_reason_leaves_others(tmp_path: Path) -> None:
    run_all(toy(tmp_path, ugly=(33,)))
    mended = toy(tmp_path)
    assert retry(mended, "square", "no_person") == 0
    assert mended.plan(mended.stage("square")).problems
    assert retry(mended, "square", "ugly: as") == 1  # code and text, as they are shown
    assert not mended.plan(mended.stage("square")).problems


def test_retry_of_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="square is absent: `ptx run square` first"):
        retry(toy(tmp_path), "square", None)


def test_force_computes_everything_again(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = tree(tmp_path)
    run_one(toy(tmp_path), "square", force=True)
    assert calls(tmp_path) == 20
    after = tree(tmp_path)
    assert after.pop("square.zarr/zarr.json") != before.pop("square.zarr/zarr.json")  # says that it was made again
    assert after == before


def test_missing_input_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        PtxError, match="square reads numbers, which is absent: `ptx run numbers` first, or `ptx run all`"
    ):
        run_one(toy(tmp_path), "square")


def test_events_and_outcome_say_the_same(tmp_path: Path) -> None:
    notes = Notes()
    outcome = run_all(toy(tmp_path, bad=(4, 20)), "numbers", listener=notes)[0]
    assert (outcome.step, outcome.unit, outcome.condition, outcome.computed) == ("numbers", "samples", "done", COUNT)
    assert (outcome.quarantined, outcome.waiting) == (2, 0)
    assert notes.counts == {"done": COUNT, "bad": 2, "ugly": 2}
    assert notes.events[0] == ("started", "numbers", "150", "0")
    run_all(toy(tmp_path, bad=(4, 20)), "numbers", listener=notes)
    assert ("started", "numbers", "150", "150") in notes.events
