"""One block: what a stage is given, what becomes of its answer, and what a worker keeps open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.config import Section
from ptx.pipeline.errors import BadSample, Problem, PtxError, StageError
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.plan import Plan
from ptx.pipeline.run import job_of, task_of
from ptx.pipeline.stage import ArraySpec, Block, Process, Result, Stage
from ptx.pipeline.storage.opening import open_storage
from ptx.pipeline.storage.records import BAD, OK
from ptx.pipeline.work import Job, process, read_block, run_block
from tests.pipeline.toy import run_all, toy


class Nothing(Section):
    """No settings."""


@dataclass(frozen=True)
class Told(Stage[Nothing]):
    """A stage that does what it is told."""

    compute: Callable[[Block], Result]
    opened: list[str] = field(default_factory=list)

    name = "any"
    store = "any"
    over = "pairs"

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        return {}

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """value ()."""
        return {"value": ArraySpec((), "i8", fill=-1)}

    def open(self) -> Process:
        self.opened.append("x")
        return self.compute


def job(stage: Stage[Section]) -> Job:
    return Job(open_storage("memory://none"), stage, {stage.store: "f"}, frozenset())


def block(count: int = 4) -> Block:
    return Block(np.arange(10, 10 + count), {"a.b": np.arange(count)}, frozenset(["a.b"]))


def squares(given: Block) -> Result:
    return Result({"value": given.index**2})


def failing_on(error: Exception, *samples: int) -> Callable[[Block], Result]:
    """Squares, but for samples that raise an error."""

    def compute(given: Block) -> Result:
        if set(samples) & set(given.index.tolist()):
            raise error
        return squares(given)

    return compute


def test_a_block_is_computed_at_once() -> None:
    assert process(job(Told(Nothing(), squares)), block()).arrays["value"].tolist() == [100, 121, 144, 169]


def test_a_defect_names_the_first_sample_that_fails_by_itself() -> None:
    error = ZeroDivisionError("a defect")
    with pytest.raises(StageError, match=r"^any failed on pair 12$") as caught:
        process(job(Told(Nothing(), failing_on(error, 12, 13))), block())
    assert caught.value.sample == 12
    assert caught.value.__cause__ is error


def test_a_defect_that_no_sample_shows_by_itself() -> None:
    def compute(given: Block) -> Result:
        if len(given) > 1:
            raise ZeroDivisionError
        return squares(given)

    with pytest.raises(
        StageError, match=r"^any failed on pairs 10 to 13 together, though not on any by itself$"
    ) as caught:
        process(job(Told(Nothing(), compute)), block())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda b: np.zeros(len(b), np.int32),
        lambda b: np.zeros((len(b), 2), np.int64),
        lambda b: np.zeros(1 + len(b), np.int64),
    ],
)
def test_an_answer_of_another_shape_or_type_is_a_defect(wrong: Callable[[Block], np.ndarray]) -> None:
    with pytest.raises(StageError, match="any failed on pair 10") as caught:
        process(job(Told(Nothing(), lambda given: Result({"value": wrong(given)}))), block())
    assert "'value' should be (1,) i8, the stage gave" in str(caught.value.__cause__)


def test_a_bad_sample_that_is_raised_is_a_problem_too() -> None:
    result = process(job(Told(Nothing(), failing_on(BadSample("ugly", "as told"), 11, 13))), block())
    assert result.problems == {1: Problem("ugly", "as told"), 3: Problem("ugly", "as told")}
    assert result.arrays["value"].tolist() == [100, -1, 144, -1]


def test_a_defect_beside_a_bad_sample() -> None:
    def compute(given: Block) -> Result:
        if 11 in given.index:
            raise BadSample("ugly", "as told")
        return failing_on(ZeroDivisionError(), 13)(given)

    with pytest.raises(StageError, match=r"^any failed on pair 13$"):
        process(job(Told(Nothing(), compute)), block())


@pytest.mark.parametrize("error", [PtxError("a"), OSError("a"), MemoryError()])
def test_what_comes_from_the_surroundings_is_no_defect(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        process(job(Told(Nothing(), failing_on(error, 12))), block())
    assert caught.value is error


def test_a_stage_is_opened_once_a_run() -> None:
    stage = Told(Nothing(), squares)
    one, other = job(stage), job(stage)
    for _ in range(3):
        process(one, block())
    assert len(stage.opened) == 1
    process(other, block())
    assert len(stage.opened) == 2
    process(one, block())
    assert len(stage.opened) == 3  # only one is kept


def plan_of(folder: Path, name: str) -> Plan:
    pipeline = toy(folder)
    return pipeline.plan(pipeline.stage(name))


def test_each_distinct_image_of_a_block_of_pairs_is_read_once(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    plan = plan_of(tmp_path, "difference")
    task = task_of(plan, 1)
    assert task.pairs is not None
    given = read_block(job_of(plan), np.arange(16, 32), task.pairs)
    images = np.unique(task.pairs)
    assert given.per_sample == frozenset()
    assert (given.array("square.value", np.int64)[:, 0, 0] == 3 * images**2).all()
    assert (images[given.target] == task.pairs[:, 0]).all()
    assert (images[given.source] == task.pairs[:, 1]).all()


def test_a_block_that_is_done_is_left_alone_and_one_that_is_held_comes_back_later(tmp_path: Path) -> None:
    run_all(toy(tmp_path, bad=(20,)), "numbers")
    pipeline = toy(tmp_path, bad=(20,))
    plan = pipeline.plan(pipeline.stage("numbers"))
    report = run_block(job_of(plan), task_of(plan, 1))
    assert (report.samples, report.computed, report.bad, report.busy) == (
        16,
        0,
        {20: Problem("ugly", "as told")},
        False,
    )
    with plan.store.lock_block(1, wait=False):
        assert run_block(job_of(plan), task_of(plan, 1)).busy


def test_only_chosen_samples_are_computed_again(tmp_path: Path) -> None:
    run_all(toy(tmp_path, ugly=(33, 34)))
    plan = plan_of(tmp_path, "square")
    report = run_block(job_of(plan), task_of(plan, 2, frozenset([33])))
    assert (report.samples, report.computed, report.bad) == (16, 1, {34: Problem("ugly", "as told")})
    after = plan_of(tmp_path, "square")
    assert (after.states[33], after.states[34]) == (OK, BAD)
    assert after.store.read("value", np.array([33, 34, 35]), np.int64)[:, 0, 0].tolist() == [3 * 33**2, 0, 3 * 35**2]


def test_a_store_that_is_replaced_meanwhile_is_noticed(tmp_path: Path) -> None:
    run_all(toy(tmp_path))
    plan = plan_of(tmp_path, "square")
    stale = replace(job_of(plan), fingerprints={"square": "another", "numbers": "another"})
    with pytest.raises(PtxError, match=r"square.zarr was rebuilt with other settings while this run was going on"):
        run_block(stale, task_of(plan, 0))
