"""Estimates before a run, guessed and measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.pipeline.estimate import BASE_MEMORY, HISTORY_FILE, estimate, remember
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import Estimate
from ptx.pipeline.storage.files import read_json_object
from tests.pipeline.toy import COUNT, run_all, run_one, toy, tree


def of(pipeline: Pipeline, name: str, *, force: bool = False) -> Estimate:
    return estimate(pipeline, pipeline.stage(name), force=force)


def test_before_anything_ran_it_is_a_guess(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, workers=2)
    found = of(pipeline, "difference")
    assert (found.condition, found.count, found.blocks, found.source) == ("absent", 100, 7, "guess")
    assert found.seconds == Stage.cost * 100 / 2
    assert found.bytes == int(8 * 8 * 8 / 6 * 100)
    assert found.memory == BASE_MEMORY + 16 * 2 * (512 + 2 * 512)  # a pair reads two images
    assert not list(tmp_path.iterdir())


def test_afterwards_it_is_measured_and_force_counts_everything(tmp_path: Path) -> None:
    run_all(toy(tmp_path, sleep=0.01))
    pipeline = toy(tmp_path, factor=5, workers=1)
    found = of(pipeline, "square")
    assert (found.condition, found.count, found.source) == ("stale", COUNT, "measured")
    assert found.reasons == ["factor was 3, now 5"]
    assert found.seconds is not None
    assert found.seconds > 0.1
    done = of(toy(tmp_path), "square")
    assert (done.count, done.blocks, done.seconds) == (0, 0, 0)
    assert of(toy(tmp_path), "square", force=True).count == COUNT


def test_only_missing_blocks_count(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    pipeline = toy(tmp_path)
    pipeline.store(pipeline.stage("square")).records.drop(3)
    found = of(pipeline, "square")
    assert (found.condition, found.count, found.blocks) == ("partial", 16, 1)


def test_rates_are_kept_beside_the_stores_and_only_of_long_runs(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    before = read_json_object(tmp_path / HISTORY_FILE)
    assert sorted(before) == ["difference", "numbers", "square"]
    assert not any(HISTORY_FILE in name for name in tree(tmp_path))
    pipeline = toy(tmp_path)
    store = pipeline.store(pipeline.stage("square"))
    remember(pipeline.workspace, store, 1, 15, 1)  # less than a block
    assert read_json_object(tmp_path / HISTORY_FILE) == before
    remember(pipeline.workspace, store, 300, 16, 8)
    assert read_json_object(tmp_path / HISTORY_FILE) == {**before, "square": {"bytes": 2.0, "seconds": 0.5}}


def test_a_torn_history_is_forgotten(tmp_path: Path) -> None:
    run_all(toy(tmp_path), "numbers")
    (tmp_path / HISTORY_FILE).write_text('{"numbers": {"sec')
    assert of(toy(tmp_path), "numbers", force=True).source == "guess"
    run_one(toy(tmp_path), "numbers", force=True)
    assert of(toy(tmp_path), "numbers", force=True).source == "measured"


@pytest.mark.parametrize("name", ["numbers", "square", "difference"])
def test_nothing_is_written(tmp_path: Path, name: str) -> None:
    of(toy(tmp_path), name)
    of(toy(tmp_path), name, force=True)
    assert not list(tmp_path.iterdir())
