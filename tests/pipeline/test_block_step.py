"""A data stage as a step."""

from __future__ import annotations

from pathlib import Path

from ptx.pipeline.array_slice import ArraySlice
from ptx.pipeline.block_step import BlockStep
from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import SerialExecutor
from ptx.pipeline.step import Step
from tests.pipeline.toy import COUNT, toy, tree


def steps(folder: Path, ugly: tuple[int, ...] = ()) -> list[BlockStep]:
    pipeline = toy(folder, ugly=ugly)
    return [BlockStep(pipeline, stage) for stage in pipeline.stages]


def test_a_step_from_nothing_to_done(tmp_path: Path) -> None:
    step: Step
    for step in steps(tmp_path):
        assert (step.unit, step.status().condition, step.estimate().condition) == ("samples", "absent", "absent")
        outcome = step.run(Silent(), SerialExecutor())
        assert outcome is not None
        assert (outcome.step, outcome.condition, outcome.computed) == (step.name, "done", step.status().of)
        assert step.status().condition == "done"
        again = step.run(Silent(), SerialExecutor())
        assert again is not None
        assert again.computed == 0
        forced = step.run(Silent(), SerialExecutor(), force=True)
        assert forced is not None
        assert forced.computed == outcome.computed


def test_needs_are_what_is_read_directly_or_through_others(tmp_path: Path) -> None:
    numbers, square, difference = steps(tmp_path)
    assert numbers.needs() == ()
    assert square.needs() == ("numbers",)
    assert difference.needs() == ("numbers", "square")


def test_a_slice_of_it(tmp_path: Path) -> None:
    numbers = steps(tmp_path)[0]
    first = numbers.run(Silent(), SerialExecutor(), part=ArraySlice(1, 2))
    assert (first.condition, first.computed) == ("partial", 80)
    second = numbers.run(Silent(), SerialExecutor(), part=ArraySlice(2, 2))
    assert (second.condition, second.computed) == ("done", COUNT - 80)


def test_verify_drop_and_retry(tmp_path: Path) -> None:
    numbers, square, _ = steps(tmp_path, ugly=(33,))
    for step in (numbers, square):
        assert not step.exists()
        step.run(Silent(), SerialExecutor())
        assert step.exists()
    before = tree(tmp_path)
    assert not square.verify(Silent()).faults
    shard = tmp_path / square.pipeline.store(square.stage).shard_file("value", 1)
    shard.write_bytes(shard.read_bytes()[:-1])
    findings = square.verify(Silent())
    assert findings.damaged == [1]
    square.drop(findings)
    assert square.run(Silent(), SerialExecutor()).computed == 16
    assert tree(tmp_path) == before
    mended = steps(tmp_path)[1]
    outcome = mended.retry(None, Silent(), SerialExecutor())
    assert (outcome.computed, outcome.quarantined) == (1, 0)


def test_a_job_is_an_array_whose_tasks_use_the_cores_they_get(tmp_path: Path) -> None:
    numbers = steps(tmp_path)[0]
    many = numbers.job(ClusterSettings(cores=4, parts=3))
    assert (many.array, many.resources.cores, many.saves_on_signal) == (3, 4, False)
    assert many.overrides == ("cluster.kind=local", "run.workers=4")
    assert numbers.job(ClusterSettings(cores=1)).overrides == ("cluster.kind=serial", "run.workers=1")
