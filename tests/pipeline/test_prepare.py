"""The life of a store: put aside when settings change, taken up again, discarded when the new one is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.pipeline.errors import PtxError, StageError
from ptx.pipeline.events import Silent
from ptx.pipeline.prepare import OLD_FOLDER, prepare_store, run_lock
from tests.pipeline.toy import COUNT, calls, run_all, run_one, toy, tree


class Told(Silent):
    """Keeps sentences."""

    def __init__(self) -> None:
        self.sentences: list[tuple[str, str]] = []

    def told(self, step: str, text: str) -> None:
        self.sentences.append((step, text))


def test_going_back_before_the_rebuild_is_whole_costs_nothing(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before, counted = tree(tmp_path), calls(tmp_path)
    with pytest.raises(StageError):
        run_one(toy(tmp_path, factor=5, crash=tuple(range(COUNT))), "square")
    counted = calls(tmp_path)
    run_all(toy(tmp_path))
    assert tree(tmp_path) == before
    assert calls(tmp_path) == counted


def test_going_back_from_a_rebuild_with_too_many_bad_samples_costs_nothing(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = tree(tmp_path)
    with pytest.raises(PtxError, match="max_bad_fraction"):
        run_one(toy(tmp_path, factor=5, ugly=tuple(range(COUNT))), "square")
    counted = calls(tmp_path)
    run_all(toy(tmp_path))
    assert tree(tmp_path) == before
    assert calls(tmp_path) == counted


def test_an_old_store_goes_when_the_new_one_is_whole(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    changed = toy(tmp_path, factor=5)
    plan = changed.plan(changed.stage("square"))
    prepare_store(plan, Silent(), force=False)
    assert [p.name.partition("-")[0] for p in (tmp_path / OLD_FOLDER).iterdir()] == ["square"]
    run_one(changed, "square")
    assert not list((tmp_path / OLD_FOLDER).iterdir())


def test_the_reason_of_a_rebuild_is_told(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    told = Told()
    run_all(toy(tmp_path, factor=5), "square", listener=told)
    assert told.sentences == [("square", "square is stale (factor was 3, now 5): rebuilding")]


def test_a_store_that_others_compute_is_not_replaced(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    changed = toy(tmp_path, factor=5)
    plan = changed.plan(changed.stage("square"))
    with (
        plan.store.storage.lock(run_lock(plan), shared=True),
        pytest.raises(PtxError, match=r"another run is at work on .*square.zarr: wait for it, or stop it"),
    ):
        run_one(changed, "square")
    run_one(changed, "square")


def test_what_another_run_laid_out_meanwhile_is_left_alone(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    plan = pipeline.plan(pipeline.stage("numbers"))
    assert plan.condition == "absent"
    run_all(toy(tmp_path), "numbers")
    before = tree(tmp_path)
    prepare_store(plan, Silent(), force=False)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("left", ["numbers.blocks", "numbers.zarr"])
def test_a_kill_between_two_renames_loses_no_more_than_what_is_computed_again(tmp_path: Path, left: str) -> None:
    """Of a store that was half put aside only the one half is there."""
    run_all(toy(tmp_path), "numbers")
    before = tree(tmp_path)
    (tmp_path / left).rename(tmp_path / "elsewhere")
    run_all(toy(tmp_path), "numbers")
    assert tree(tmp_path) == before


def test_a_half_that_was_put_aside_is_taken_up_as_a_store_without_blocks(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = tree(tmp_path)
    changed = toy(tmp_path, factor=5)
    prepare_store(changed.plan(changed.stage("square")), Silent(), force=False)
    (old,) = (tmp_path / OLD_FOLDER).iterdir()
    (old / "square.blocks").rename(tmp_path / "lost")
    run_all(toy(tmp_path))
    assert tree(tmp_path) == before
