"""Runs, resumes, staleness, quarantine and retries of the toy pipeline."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import retry_stage, run_stage
from ptx.pipeline.storage.records import BAD, OK, SKIPPED
from tests.pipeline.toy import COUNT, calls, toy, tree

QUIET = Console(quiet=True)


def run_all(pipeline: Pipeline) -> None:
    for stage in pipeline.stages:
        run_stage(pipeline, stage, QUIET)


def values(pipeline: Pipeline, name: str) -> np.ndarray:
    store = pipeline.store(pipeline.stage(name))
    return store.read("value", np.arange(store.count))[:, 0, 0]


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
        run_stage(changed, changed.stage("difference"), QUIET)


def test_going_back_before_the_rebuild_is_whole_costs_nothing(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before, counted = tree(tmp_path), calls(tmp_path)
    changed = toy(tmp_path, factor=5, crash=tuple(range(COUNT)))
    with pytest.raises(PtxError, match="max_bad_fraction"):
        run_stage(changed, changed.stage("square"), QUIET)
    counted = calls(tmp_path)
    run_all(toy(tmp_path))
    assert tree(tmp_path) == before
    assert calls(tmp_path) == counted


def test_version_makes_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline)
    monkeypatch.setattr(type(pipeline.stage("square")), "version", 2)
    again = toy(tmp_path)
    assert again.plan(again.stage("square")).stale == ["version was 1, now 2"]


def test_bad_samples_are_quarantined_and_skipped_downstream(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(4, 20, 21))
    run_all(pipeline)
    numbers, square, difference = (pipeline.plan(s) for s in pipeline.stages)
    assert numbers.problems == {4: "ugly: as told", 20: "ugly: as told", 21: "ugly: as told"}
    assert set(np.flatnonzero(square.states == SKIPPED)) == {4, 20, 21}
    lost = {i for i, pair in enumerate(pipeline.pairs()) if set(pair.tolist()) & {4, 20, 21}}
    assert set(np.flatnonzero(difference.states == SKIPPED)) == lost
    assert len(lost) == 4
    assert (values(pipeline, "square")[[4, 20, 21]] == 0).all()


def test_one_crashing_sample_does_not_take_its_block_along(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, crash=(33,))
    run_all(pipeline)
    plan = pipeline.plan(pipeline.stage("square"))
    assert plan.problems == {33: "error: ArithmeticError: cannot square this"}
    assert (values(pipeline, "square")[32:48] == np.where(np.arange(32, 48) == 33, 0, 3 * np.arange(32, 48) ** 2)).all()


def test_too_many_bad_samples_fail_the_stage_but_keep_its_blocks(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=tuple(range(60)))
    with pytest.raises(
        PtxError, match=r"60 of 150 samples are quarantined, more than run.max_bad_fraction=0.25 allows"
    ):
        run_stage(pipeline, pipeline.stage("numbers"), QUIET)
    assert (pipeline.plan(pipeline.stage("numbers")).states == np.where(np.arange(COUNT) < 60, BAD, OK)).all()


def test_retry_saves_samples_and_downstream_follows(tmp_path: Path) -> None:
    broken = toy(tmp_path, crash=(33, 90))
    run_all(broken)
    counted = calls(tmp_path)
    mended = toy(tmp_path)
    outcome = retry_stage(mended, mended.stage("square"), "cannot square", QUIET)
    assert outcome.computed == 2
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
    broken = toy(tmp_path, crash=(33,))
    run_all(broken)
    mended = toy(tmp_path)
    assert retry_stage(mended, mended.stage("square"), "no_person", QUIET).computed == 0
    assert mended.plan(mended.stage("square")).problems


def test_force_computes_everything_again(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = tree(tmp_path)
    pipeline = toy(tmp_path)
    run_stage(pipeline, pipeline.stage("square"), QUIET, force=True)
    assert calls(tmp_path) == 20
    after = tree(tmp_path)
    assert after.pop("square.zarr/zarr.json") != before.pop("square.zarr/zarr.json")  # says that it was made again
    assert after == before


def test_missing_input_says_what_to_run(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    with pytest.raises(
        PtxError, match="square reads numbers, which is absent: `ptx run numbers` first, or `ptx run all`"
    ):
        run_stage(pipeline, pipeline.stage("square"), QUIET)


def test_unknown_stage_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no stage 'cube': the stages are numbers, square, difference, and all"):
        toy(tmp_path).stage("cube")


def test_store_of_another_format_is_refused(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    meta = tmp_path / "numbers.zarr" / "zarr.json"
    meta.write_text(meta.read_text().replace('"format":1', '"format":7'))
    pipeline = toy(tmp_path)
    with pytest.raises(PtxError, match="store format 7, this ptx reads 1"):
        pipeline.plan(pipeline.stage("numbers")).condition  # noqa: B018


@pytest.mark.parametrize("kind", ["threads", "local"])
def test_executors_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    for name in ("serial", kind):
        (tmp_path / name).mkdir()
        run_all(toy(tmp_path / name, run={"block": 16, "workers": 2}, cluster={"kind": name}))
    assert tree(tmp_path / "serial") == tree(tmp_path / kind)


def test_force_makes_what_reads_it_stale(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    pipeline = toy(tmp_path)
    run_stage(pipeline, pipeline.stage("square"), QUIET, force=True)
    plan = toy(tmp_path).plan(pipeline.stage("difference"))
    assert (plan.condition, plan.stale) == ("stale", ["input square changed"])
    run_all(toy(tmp_path))
    assert all(toy(tmp_path).plan(s).condition == "done" for s in pipeline.stages)


def test_workers_leave_the_environment_as_it_was(tmp_path: Path) -> None:
    """Dask's nannies set OMP_NUM_THREADS=1 in the parent; torch would then train on one core."""
    before = dict(os.environ)
    pipeline = toy(tmp_path, run={"block": 16, "workers": 1}, cluster={"kind": "local"})
    run_stage(pipeline, pipeline.stage("numbers"), QUIET)
    assert dict(os.environ) == before
