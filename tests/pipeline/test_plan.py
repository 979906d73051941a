"""Plans: manifests, staleness, and which blocks there are to compute."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json, digest
from ptx.pipeline.storage.records import OK, PENDING, SKIPPED
from tests.pipeline.toy import COUNT, Numbers, Square, run_all, run_one, toy

MANIFEST_OF_NUMBERS: dict[str, Json] = {
    "stage": "numbers", "version": 1, "block": 16, "settings": {"bad": [4, 20]}, "inputs": {}, "dependencies": {"data set": "0" * 64},
}  # fmt: skip
MANIFEST_OF_SQUARE: dict[str, Json] = {
    "stage": "square", "version": 1, "block": 16, "settings": {"factor": 3},
    "inputs": {"numbers": "4f10d48366b875660a68f68deb747a23610590526a688093f74239632849e101"}, "dependencies": {},
}  # fmt: skip
"""As the first version of ptx wrote them: stores that it wrote stay current."""

LISTING = Numbers.listing.fget
"""The listing of `numbers`, which tests replace."""
assert LISTING is not None


def test_manifests_are_those_of_older_versions(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(4, 20))
    assert json.loads(json.dumps(pipeline.manifest(pipeline.stage("numbers")))) == MANIFEST_OF_NUMBERS
    assert {"numbers": digest(MANIFEST_OF_NUMBERS)} == MANIFEST_OF_SQUARE["inputs"]
    assert pipeline.manifest(pipeline.stage("square")) == MANIFEST_OF_SQUARE
    run_all(pipeline, "numbers")
    stored = json.loads((tmp_path / "numbers.zarr" / "zarr.json").read_text())["attributes"]["ptx"]
    assert stored["document"] == MANIFEST_OF_NUMBERS
    assert stored["fingerprint"] == digest(MANIFEST_OF_NUMBERS)
    assert stored["again"] == 0
    assert sorted(stored) == ["again", "block", "count", "document", "fingerprint", "format", "stage", "versions"]


def test_results_made_again_have_another_id(tmp_path: Path) -> None:
    run_all(toy(tmp_path), "numbers")
    pipeline = toy(tmp_path)
    numbers = pipeline.stage("numbers")
    before = pipeline.result_id(numbers)
    assert before == digest(pipeline.manifest(numbers))
    for times in (1, 2):
        run_one(pipeline, "numbers", force=True)
        assert pipeline.result_id(numbers) == f"{before} made again {times}"
        assert pipeline.manifest(pipeline.stage("square"))["inputs"] == {"numbers": f"{before} made again {times}"}


def test_version_makes_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_all(toy(tmp_path))
    monkeypatch.setattr(Square, "version", 2)
    again = toy(tmp_path)
    assert again.plan(again.stage("square")).stale == ["version was 1, now 2"]


def stale(workspace: Path) -> dict[str, list[str]]:
    """Stages whose stores are stale now, and why."""
    pipeline = toy(workspace)
    reasons = {stage.name: pipeline.plan(stage).stale for stage in pipeline.stages}
    return {name: own for name, own in reasons.items() if own}


def set_files(monkeypatch: pytest.MonkeyPatch, stamp: Json, former: Json, state: str | None) -> None:
    """Let `square` depend on files, by a stamp and by what an older version noted, and the listing on the state of its files."""
    monkeypatch.setattr(Square, "dependencies", property(lambda _: {"files": stamp, "model": "m"}))
    monkeypatch.setattr(Square, "former_dependencies", property(lambda _: {} if former is None else {"files": former}))
    monkeypatch.setattr(Numbers, "listing", property(lambda self: replace(LISTING(self), state=state)))


def test_what_older_versions_noted_otherwise_stays_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_files(monkeypatch, [2, 7], None, None)  # the older version
    run_all(toy(tmp_path))
    ids = [toy(tmp_path).result_id(stage) for stage in toy(tmp_path).stages]
    set_files(monkeypatch, "a" * 64, [2, 7], "b" * 64)
    assert stale(tmp_path) == {}
    assert [toy(tmp_path).result_id(stage) for stage in toy(tmp_path).stages] == ids
    set_files(monkeypatch, "c" * 64, [2, 8], "b" * 64)  # a file was replaced, as the older version noticed too
    assert list(stale(tmp_path)) == ["square", "difference"]
    assert stale(tmp_path)["square"] == [f'files was [2, 7], now "{"c" * 56}...']
    set_files(monkeypatch, "a" * 64, [2, 7], "b" * 64)
    monkeypatch.setattr(Square, "version", 2)  # nothing is said of the stamp, which is the same in other words
    assert stale(tmp_path)["square"] == ["version was 1, now 2"]
    run_all(toy(tmp_path))
    set_files(monkeypatch, "d" * 64, [2, 7], "b" * 64)  # the new store noted the new stamp
    assert stale(tmp_path)["square"] == ["files changed"]


def test_replaced_files_of_the_data_set_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_files(monkeypatch, [], None, "a" * 64)
    run_all(toy(tmp_path))
    assert stale(tmp_path) == {}
    set_files(monkeypatch, [], None, "b" * 64)
    assert stale(tmp_path)["numbers"] == ["data files changed"]
    set_files(monkeypatch, [], None, None)  # as of an older ptx, which does not look
    assert stale(tmp_path)["numbers"] == [f'data files was "{"a" * 56}..., now absent']


def test_files_that_are_named_later_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that did not depend on files, and now does, is stale also where older versions would have noted them otherwise."""
    run_all(toy(tmp_path))
    monkeypatch.setattr(Square, "dependencies", property(lambda _: {"files": "a" * 64}))
    monkeypatch.setattr(Square, "former_dependencies", property(lambda _: {"files": [2, 7]}))
    assert stale(tmp_path)["square"] == [f'files was absent, now "{"a" * 56}...']


def test_block_size_makes_stale(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    again = toy(tmp_path, block=32)
    assert again.plan(again.stage("numbers")).stale == ["block was 16, now 32"]


def test_force_makes_what_reads_it_stale(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    run_one(toy(tmp_path), "square", force=True)
    pipeline = toy(tmp_path)
    plan = pipeline.plan(pipeline.stage("difference"))
    assert (plan.condition, plan.stale) == ("stale", ["input square changed"])
    run_all(toy(tmp_path))
    assert all(toy(tmp_path).plan(s).condition == "done" for s in pipeline.stages)


def test_unknown_stage_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no stage 'cube': the stages are numbers, square, difference, and all"):
        toy(tmp_path).stage("cube")


def test_store_of_another_format_is_refused(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    meta = tmp_path / "numbers.zarr" / "zarr.json"
    meta.write_text(meta.read_text().replace('"format":1', '"format":7'))
    pipeline = toy(tmp_path)
    with pytest.raises(PtxError, match=r"numbers.zarr has store format 7, this ptx reads 1"):
        pipeline.plan(pipeline.stage("numbers")).condition  # noqa: B018


def test_only_one_stage_lists_the_data_set(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    assert pipeline.listing_stage.name == "numbers"
    twice = type(pipeline)(
        [pipeline.stages[0], *pipeline.stages], pipeline.workspace, pipeline.results, pipeline.run, pipeline.cluster
    )
    with pytest.raises(RuntimeError, match="exactly one stage"):
        twice.listing  # noqa: B018


def test_counts_and_names_of_samples(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    numbers, _, difference = pipeline.stages
    assert (pipeline.count(numbers), pipeline.count(difference)) == (COUNT, 100)
    assert pipeline.sample_name(numbers, 7) == "n007"
    assert pipeline.sample_name(difference, 3) == "n004 ← n003"


def test_blocks_wait_for_all_their_inputs(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline)
    pipeline.store(pipeline.stage("numbers")).records.drop(1)  # images 16 to 31: pairs 10 to 20, of blocks 0 and 1
    square, difference = (pipeline.plan(pipeline.stage(name)) for name in ("square", "difference"))
    assert set(np.flatnonzero(square.upstream == PENDING)) == set(range(16, 32))
    assert square.condition == "done"  # nothing says that what is there is wrong
    pipeline.store(pipeline.stage("square")).records.drop(1)
    square, difference = (pipeline.plan(pipeline.stage(name)) for name in ("square", "difference"))
    assert (square.needed.sum(), square.ready.tolist(), square.waiting) == (1, [], 1)
    pipeline.store(pipeline.stage("difference")).records.drop(0)
    pipeline.store(pipeline.stage("difference")).records.drop(3)
    difference = pipeline.plan(pipeline.stage("difference"))
    assert (difference.ready.tolist(), difference.waiting) == ([3], 1)


def test_samples_of_blocks_with_a_short_last_one(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    plan = pipeline.plan(pipeline.stage("numbers"))  # 9 blocks of 16, one of 6
    assert plan.blocks == 10
    assert plan.samples(np.arange(10)) == COUNT
    assert plan.samples(np.array([0, 9])) == 22
    assert plan.samples(np.array([0, 1])) == 32
    assert plan.samples(np.array([], np.int64)) == 0


def test_what_a_retry_upstream_changed_is_done_again(tmp_path: Path) -> None:
    run_all(toy(tmp_path, ugly=(33,)))
    pipeline = toy(tmp_path)
    store = pipeline.store(pipeline.stage("square"))
    store.records.drop(2)
    run_all(pipeline, "square")  # now without a problem
    plan = pipeline.plan(pipeline.stage("difference"))
    assert (plan.states == SKIPPED).sum() == 2
    assert plan.outdated.sum() == 2
    assert plan.condition == "partial"
    run_all(pipeline)
    assert (pipeline.plan(pipeline.stage("difference")).states == OK).all()
