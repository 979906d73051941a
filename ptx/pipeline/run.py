"""Run a stage: lay out its store, compute the blocks it needs, count what was quarantined."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from ptx.pipeline.errors import PtxError
from ptx.pipeline.estimate import remember
from ptx.pipeline.executors import executor
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.part import Part
from ptx.pipeline.plan import Pipeline, Plan
from ptx.pipeline.progress import progress
from ptx.pipeline.stage import Stage
from ptx.pipeline.storage.files import Busy, list_names, lock, remove, remove_tree
from ptx.pipeline.storage.store import GROUP, Store, encode_strings
from ptx.pipeline.work import Job, Task

WHOLE = Part()

PACK_EVERY = 4096
"""Finished blocks after which a run packs records; the more there are, the longer its list of single ones."""


@dataclass(frozen=True)
class Outcome:
    """What a run of one stage did."""

    stage: str
    computed: int
    """Samples computed by this run."""
    bad: int
    """Samples now quarantined by this stage."""
    waiting: int
    """Blocks whose inputs are not there yet."""
    seconds: float


def run_stage(
    pipeline: Pipeline, stage: Stage, console: Console, *, force: bool = False, part: Part = WHOLE
) -> Outcome:
    """Compute whatever the stage lacks; with `force`, everything. Of it only a `part`, beside which others may run anywhere.

    Raises:
        PtxError: its inputs are missing, another run holds the stage, the disk is full, too many samples were quarantined.
    """
    plan = pipeline.plan(stage)
    _refuse_missing_inputs(plan)
    if force or plan.condition in ("absent", "stale"):
        _prepare(plan, force, console)
        plan = pipeline.plan(stage)
    tasks = (task_of(plan, int(block)) for block in part.blocks(plan.ready))
    total = plan.samples(part.blocks(np.arange(plan.blocks)))
    return _run(plan, tasks, console, total, total - plan.samples(part.blocks(np.flatnonzero(plan.needed))))


def retry_stage(pipeline: Pipeline, stage: Stage, reason: str | None, console: Console) -> Outcome:
    """Compute quarantined samples again, all or those whose reason contains `reason`; the rest of their blocks is kept.

    Raises:
        PtxError: the stage is absent or stale.
    """
    plan = pipeline.plan(stage)
    if plan.condition in ("absent", "stale"):
        raise PtxError(f"{stage.name} is {plan.condition}: `ptx run {stage.name}` first")
    by_block: dict[int, set[int]] = {}
    for sample, why in plan.problems.items():
        if reason is None or reason in why:
            by_block.setdefault(sample // plan.block, set()).add(sample)
    chosen = sum(map(len, by_block.values()))
    tasks = (task_of(plan, block, frozenset(redo)) for block, redo in sorted(by_block.items()))
    return _run(plan, tasks, console, plan.count, plan.count - chosen)


def _run(plan: Plan, tasks: Iterable[Task], console: Console, total: int, done: int) -> Outcome:
    """Send the tasks to the workers; blocks that another run holds come last, and are waited for. `total` and `done` samples are
    what the progress counts from."""
    pipeline, stage = plan.pipeline, plan.stage
    job, run = job_of(plan), executor(pipeline.settings)
    began, computed, blocks = time.monotonic(), 0, 0
    with lock(_run_lock(plan), shared=True), progress(stage.name, total, done, console) as advance:
        while True:
            busy: list[Task] = []
            for task, report in run(job, tasks):
                if report.busy:
                    busy.append(replace(task, wait=True))
                else:
                    computed += report.computed
                    advance(report.computed if task.redo else report.samples, len(report.bad))
                    blocks += 1
                    if blocks % PACK_EVERY == 0:
                        plan.store.pack_records()
            if not busy:
                break
            tasks = busy
        plan.store.pack_records()
    seconds = time.monotonic() - began
    after = pipeline.plan(stage)
    remember(
        pipeline.workspace, after.store, after.summary.bytes, computed, seconds * pipeline.settings.run.worker_count
    )
    _refuse_too_many_bad(after)
    _forget_old(after)
    return Outcome(stage.name, computed, len(after.problems), after.waiting, seconds)


def job_of(plan: Plan) -> Job:
    """What all blocks of a stage have in common."""
    pipeline = plan.pipeline
    above = [pipeline.writer(name) for name in plan.stage.input_stores]
    stores = {s.store: digest(pipeline.document(s)) for s in [plan.stage, *above]}
    return Job(
        pipeline.workspace,
        plan.stage,
        pipeline.settings,
        stores,
        frozenset(s.store for s in above if s.over == "images"),
    )


def task_of(plan: Plan, block: int, redo: frozenset[int] | None = None) -> Task:
    """One block; `redo`: samples that alone are computed again."""
    rows = slice(block * plan.block, (block + 1) * plan.block)
    pairs = np.asarray(plan.pipeline.pairs()[rows]) if plan.stage.over == "pairs" else None
    return Task(block, plan.usable(block), pairs, redo)


def _refuse_missing_inputs(plan: Plan) -> None:
    for name in plan.stage.input_stores:
        above = plan.pipeline.plan(plan.pipeline.writer(name))
        if above.condition in ("absent", "stale"):
            why = f" ({'; '.join(above.stale)})" if above.stale else ""
            raise PtxError(
                f"{plan.stage.name} reads {name}, which is {above.condition}{why}: `ptx run {above.stage.name}` first, or `ptx run all`"
            )


def _refuse_too_many_bad(plan: Plan) -> None:
    limit = plan.pipeline.settings.run.max_bad_fraction
    if plan.count and len(plan.problems) > limit * plan.count:
        sample, reason = next(iter(plan.problems.items()))
        raise PtxError(
            f"{plan.stage.name}: {len(plan.problems)} of {plan.count} samples are quarantined, more than "
            f"run.max_bad_fraction={limit} allows; the first is {sample}: {reason}. `ptx status --problems` lists them"
        )


# --- the store's life ---------------------------------------------------------------------------------------------------------------


def _run_lock(plan: Plan) -> Path:
    """Held by everyone who computes blocks of a stage, so that nobody replaces its store meanwhile."""
    return plan.pipeline.workspace / ".locks" / f"{plan.stage.store}.run"


def _prepare(plan: Plan, force: bool, console: Console) -> None:
    """Lay out the store. An old one is put aside, and one put aside earlier is taken up again if it is what is wanted now."""
    with lock(plan.pipeline.workspace / ".locks" / f"{plan.stage.store}.prepare"):
        plan = plan.pipeline.plan(plan.stage)  # another run may have laid it out while we waited for the lock
        if plan.condition in ("partial", "done") and not force:
            return
        try:
            with lock(_run_lock(plan), wait=False):
                _replace_store(plan, force, console)
        except Busy:
            raise PtxError(f"another run is at work on {plan.store.path}: wait for it, or stop it") from None


def _replace_store(plan: Plan, force: bool, console: Console) -> None:
    pipeline, stage, store = plan.pipeline, plan.stage, plan.store
    attributes = plan.attributes(again=force and plan.condition in ("partial", "done"))
    if plan.condition == "stale":
        console.print(f"{stage.name} is stale ({'; '.join(plan.stale)}): rebuilding", highlight=False)
    kept = _aside(store, digest(plan.document))
    if store.exists():
        _move_aside(store)
    if kept.exists() and not force:
        remove_tree(store.records_path)
        for path in (store.records_path, store.path):
            (kept / path.name).rename(path)
        remove_tree(kept)
    else:
        store.create(stage.outputs(pipeline.settings), attributes, _tables(pipeline, stage))
    pipeline.forget()


def _aside(store: Store, fingerprint: str) -> Path:
    return store.workspace / ".old" / f"{store.name}-{fingerprint[:12]}"


def _move_aside(store: Store) -> None:
    """On disk; at a URL, where a rename is a copy of every object, an old store is given up."""
    if not isinstance(store.workspace, Path):
        remove(store.path / GROUP)  # first: what is left by a kill is no store
        remove_tree(store.records_path)
        remove_tree(store.path)
        return
    folder = _aside(store, store.attributes["fingerprint"])
    remove_tree(folder)
    folder.mkdir(parents=True)
    for path in (store.path, store.records_path):
        path.rename(folder / path.name)


def _tables(pipeline: Pipeline, stage: Stage) -> dict[str, np.ndarray]:
    listing = stage.listing(pipeline.settings)
    if listing is None:
        return {}
    return {
        "id": encode_strings(listing.ids),
        "path": encode_strings(listing.paths),
        "person": np.asarray(listing.persons, np.int32),
        "split": np.asarray(listing.splits, np.uint8),
        "pair": np.asarray(listing.pairs, np.int32).reshape(-1, 2),
    }


def _forget_old(plan: Plan) -> None:
    """Results of other settings are kept until the new ones are whole."""
    if plan.condition == "done":
        old = plan.pipeline.workspace / ".old"
        for name in list_names(old):
            if name.startswith(f"{plan.stage.store}-"):
                remove_tree(old / name)
