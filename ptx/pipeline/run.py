"""Runs of a data stage: lay out its store, compute the blocks it needs, count quarantined samples."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

import numpy as np

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError, StageError
from ptx.pipeline.estimate import remember
from ptx.pipeline.events import Advance, Listener, progress
from ptx.pipeline.executors import Executor
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.plan import Pipeline, Plan
from ptx.pipeline.prepare import discard_old_stores, prepare_store, run_lock
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import Outcome
from ptx.pipeline.storage.json_values import as_object
from ptx.pipeline.work import Job, Task

PACK_EVERY = 4096
"""Finished blocks after which a run packs records; the more there are, the longer its list of single ones."""


def run_stage(
    pipeline: Pipeline,
    stage: Stage[Section],
    listener: Listener,
    executor: Executor,
    *,
    force: bool = False,
    part: ArraySlice = WHOLE,
) -> Outcome:
    """Compute whatever the stage lacks; with `force`, everything. Only the blocks of `part`, beside which others may run anywhere.

    Raises:
        PtxError: its inputs are missing, another run holds the stage, the disk is full, too many samples were quarantined.
        StageError: the stage has a defect; blocks that were finished before are safe.
    """
    plan = pipeline.plan(stage)
    _refuse_missing_inputs(plan)
    for note in pipeline.listing.notes if stage.name == pipeline.listing_stage.name else ():
        listener.told(stage.name, f"{stage.name}: {note}")
    if force or plan.condition in ("absent", "stale"):
        prepare_store(plan, listener, force=force)
        plan = pipeline.plan(stage)
    if own := stage.note(as_object(plan.store.attributes.manifest.get("dependencies") or {})):
        listener.told(stage.name, f"{stage.name}: {own}")
    mended = samples_by_block(plan, np.flatnonzero(plan.mended).tolist())
    tasks = (task_of(plan, int(block), mended.get(int(block))) for block in part.select(plan.ready))
    total = plan.samples(part.select(np.arange(plan.blocks)))
    needed = plan.samples(part.select(np.flatnonzero(plan.needed)))
    return _run(plan, tasks, listener, executor, total, total - needed)


def retry_stage(
    pipeline: Pipeline, stage: Stage[Section], reason: str | None, listener: Listener, executor: Executor
) -> Outcome:
    """Compute quarantined samples again, all or those whose reason contains `reason`; the others of their blocks are kept.

    Raises:
        PtxError: the stage is absent or stale.
        StageError: the stage has a defect.
    """
    plan = pipeline.plan(stage)
    if plan.condition in ("absent", "stale"):
        raise PtxError(f"{stage.name} is {plan.condition}: `ptx run {stage.name}` first")
    chosen = [sample for sample, problem in plan.problems.items() if reason is None or reason in problem.stored]
    tasks = (task_of(plan, block, redo) for block, redo in sorted(samples_by_block(plan, chosen).items()))
    return _run(plan, tasks, listener, executor, plan.count, plan.count - len(chosen))


def _run(plan: Plan, tasks: Iterable[Task], listener: Listener, executor: Executor, total: int, done: int) -> Outcome:
    """Compute tasks, with everything that a run does before and after; its progress begins with `done` of `total` samples."""
    pipeline = plan.pipeline
    stage = plan.stage
    began = time.monotonic()
    with (
        pipeline.workspace.lock(run_lock(plan), shared=True),
        progress(listener, stage.name, total, done) as advance,
    ):
        try:
            computed = _compute(plan, tasks, executor, advance)
        except StageError as error:
            if error.sample is None:
                raise
            where = f"{error.where} ({pipeline.sample_name(stage, error.sample)})"
            raise StageError(stage.name, where, error.sample) from error.__cause__
        plan.store.pack_records()
    seconds = time.monotonic() - began
    after = pipeline.plan(stage)
    core_seconds = seconds * pipeline.run.worker_count
    remember(pipeline.workspace, after.store, after.summary.bytes, computed, core_seconds)
    _refuse_too_many_bad(after)
    discard_old_stores(after)
    return Outcome(
        step=stage.name,
        unit="samples",
        condition=after.condition,
        computed=computed,
        seconds=seconds,
        quarantined=len(after.problems),
        waiting=after.waiting,
    )


def _compute(plan: Plan, tasks: Iterable[Task], executor: Executor, advance: Advance) -> int:
    """Send the tasks to the workers; blocks that another run holds come last, and are waited for. Counts computed samples."""
    job = job_of(plan)
    computed = 0
    blocks = 0
    while True:
        busy: list[Task] = []
        with closing(executor.run(job, tasks)) as reports:  # closed before the lock of the store is given back
            for task, report in reports:
                if report.busy:
                    busy.append(replace(task, wait=True))
                    continue
                computed += report.computed
                codes = [problem.code for problem in report.bad.values()]
                advance(report.computed if task.redo else report.samples, len(codes), codes)
                blocks += 1
                if blocks % PACK_EVERY == 0:
                    plan.store.pack_records()
        if not busy:
            return computed
        tasks = busy


def job_of(plan: Plan) -> Job:
    """Return the part that all blocks of a stage have in common."""
    pipeline = plan.pipeline
    writers = [pipeline.writer(name) for name in plan.stage.input_stores]
    return Job(
        storage=pipeline.workspace,
        stage=plan.stage,
        fingerprints={stage.store: digest(pipeline.manifest(stage)) for stage in (plan.stage, *writers)},
        image_stores=frozenset(stage.store for stage in writers if stage.over == "images"),
    )


def samples_by_block(plan: Plan, samples: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return block → those of some samples that are in it."""
    blocks: dict[int, set[int]] = {}
    for sample in samples:
        blocks.setdefault(sample // plan.block, set()).add(sample)
    return {block: frozenset(own) for block, own in blocks.items()}


def task_of(plan: Plan, block: int, redo: frozenset[int] | None = None) -> Task:
    """Return one block; `redo`: samples that alone are computed again."""
    rows = slice(block * plan.block, (block + 1) * plan.block)
    pairs = np.asarray(plan.pipeline.pairs()[rows]) if plan.stage.over == "pairs" else None
    return Task(block, plan.usable(block), pairs, redo, plan.reread(block, redo))


def _refuse_missing_inputs(plan: Plan) -> None:
    for name in plan.stage.input_stores:
        above = plan.pipeline.plan(plan.pipeline.writer(name))
        if above.condition in ("absent", "stale"):
            why = f" ({'; '.join(above.stale)})" if above.stale else ""
            raise PtxError(
                f"{plan.stage.name} reads {name}, which is {above.condition}{why}: `ptx run {above.stage.name}` first, or `ptx run all`"
            )


def _refuse_too_many_bad(plan: Plan) -> None:
    limit = plan.pipeline.run.max_bad_fraction
    if plan.count and len(plan.problems) > limit * plan.count:
        sample, problem = next(iter(plan.problems.items()))
        raise PtxError(
            f"{plan.stage.name}: {len(plan.problems)} of {plan.count} samples are quarantined, more than "
            f"run.max_bad_fraction={limit} allows; the first is {sample}: {problem.stored}. `ptx status --problems` lists them"
        )
