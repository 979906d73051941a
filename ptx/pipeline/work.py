"""One block of work, as a worker does it: lock, read, compute, commit. Safe to kill at any instant, and to run twice."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import ArraySpec, Block, Result, Stage
from ptx.pipeline.storage.files import Busy, lock
from ptx.pipeline.storage.records import BAD
from ptx.pipeline.storage.store import Store


@dataclass(frozen=True)
class Job:
    """What every block of a run has in common; travels to the workers."""

    workspace: Path
    stage: Stage
    settings: Any
    stores: Mapping[str, str]
    """Fingerprint of every store it touches, by name: its own, and those it reads."""
    image_stores: frozenset[str]
    """Stores with one row an image."""

    @property
    def fingerprint(self) -> str:
        """Of the stage's own store."""
        return self.stores[self.stage.store]

    def open(self, name: str) -> Store:
        """One of its stores.

        Raises:
            PtxError: the store was replaced since the run began.
        """
        return _open_store(self.workspace, name, self.stores[name])


@dataclass(frozen=True)
class Task:
    """One block."""

    block: int
    usable: NDArray[np.bool_]
    """(n,) samples that the inputs allow to be computed."""
    pairs: NDArray[np.int32] | None
    """(n, 2) target and source images, for a stage over pairs."""
    redo: frozenset[int] | None = None
    """Only these quarantined samples are computed again, the others are kept; None computes the whole block."""
    wait: bool = False
    """Wait for another process that is computing the block instead of coming back later."""


@dataclass(frozen=True)
class Report:
    """What became of a block."""

    block: int
    samples: int = 0
    computed: int = 0
    bad: Mapping[int, str] = field(default_factory=dict)
    skipped: int = 0
    busy: bool = False
    """Another process holds it; nothing was done."""


def run_block(job: Job, task: Task) -> Report:
    """Compute and commit one block.

    Raises:
        PtxError: the disk is full, an input is damaged, the store was replaced meanwhile.
    """
    store = job.open(job.stage.store)
    try:
        with lock(store.lock_path(task.block), wait=task.wait):
            return _compute(job, task, store)
    except Busy:
        return Report(task.block, busy=True)


def _compute(job: Job, task: Task, store: Store) -> Report:
    done = store.records.get(task.block)
    start, stop = store.records.bounds(task.block)
    if done is not None and task.redo is None and not _outdated(done.states(), task.usable):
        return Report(task.block, stop - start, 0, done.bad, len(done.skipped))
    wanted = task.usable.copy()
    specs = job.stage.outputs(job.settings)
    rows: dict[str, NDArray[Any]] = {}
    bad: dict[int, str] = {}
    if done is not None and task.redo is not None:
        wanted &= np.isin(np.arange(start, stop), list(task.redo))
        bad = {i: reason for i, reason in done.bad.items() if i not in task.redo}
        rows = {name: store.read(name, np.arange(start, stop)) for name in specs}
    positions = np.flatnonzero(wanted)
    if len(positions):
        block = read_block(job, start + positions, None if task.pairs is None else task.pairs[positions])
        result = process(job, block)
        if len(positions) == stop - start and not result.problems:
            rows = dict(result.arrays)
        else:
            good = [i for i in range(len(positions)) if i not in result.problems]
            rows = rows or _empty_rows(specs, stop - start)
            for name in specs:
                rows[name][positions[good]] = result.arrays[name][good]
        bad |= {int(start + positions[i]): reason for i, reason in result.problems.items()}
    skipped = (start + np.flatnonzero(~task.usable)).tolist()
    store.commit(task.block, rows or _empty_rows(specs, stop - start), bad, skipped)
    return Report(task.block, stop - start, len(positions), bad, len(skipped))


def _empty_rows(specs: Mapping[str, ArraySpec], count: int) -> dict[str, NDArray[Any]]:
    return {name: np.full((count, *spec.shape), spec.fill, spec.dtype) for name, spec in specs.items()}


def _outdated(states: NDArray[np.uint8], usable: NDArray[np.bool_]) -> bool:
    """Whether a committed block no longer fits what its inputs hold (see Plan.outdated)."""
    return bool(((states <= BAD) != usable).any())


def read_block(job: Job, index: NDArray[np.int64], pairs: NDArray[np.int32] | None) -> Block:
    """Gather what the stage reads for these samples: each distinct image once."""
    images = index if pairs is None else np.unique(pairs).astype(np.int64)
    arrays, per_sample = {}, set()
    for name in job.stage.inputs:
        store_name, array = name.split(".")
        store = job.open(store_name)
        if store_name not in job.image_stores or pairs is None:
            per_sample.add(name)
        arrays[name] = store.read(array, images if store_name in job.image_stores else index)
    if pairs is None:
        return Block(index, arrays, frozenset(per_sample))
    target, source = np.searchsorted(images, pairs[:, 0]), np.searchsorted(images, pairs[:, 1])
    return Block(index, arrays, frozenset(per_sample), target, source)


def process(job: Job, block: Block) -> Result:
    """Run the stage's function; where it fails on the whole, find the samples that make it fail and quarantine those."""
    state = open_state(job.stage, job.fingerprint, job.settings)
    specs = job.stage.outputs(job.settings)
    try:
        return _checked(job.stage.process(block, job.settings, state), specs, len(block))
    except (PtxError, MemoryError, OSError):
        raise
    except Exception:
        if len(block) == 1:
            reason = traceback.format_exc(limit=-1).strip().splitlines()[-1]
            return Result(
                {n: np.full((1, *s.shape), s.fill, s.dtype) for n, s in specs.items()}, {0: f"error: {reason}"}
            )
    results = [process(job, block.only(i)) for i in range(len(block))]
    arrays = {name: np.concatenate([r.arrays[name] for r in results]) for name in specs}
    return Result(arrays, {i: r.problems[0] for i, r in enumerate(results) if r.problems})


def _checked(result: Result, specs: Mapping[str, ArraySpec], n: int) -> Result:
    for name, spec in specs.items():
        array = result.arrays[name]
        if array.shape != (n, *spec.shape) or array.dtype != spec.dtype:
            raise TypeError(
                f"'{name}' should be {(n, *spec.shape)} {spec.dtype}, the stage gave {array.shape} {array.dtype}"
            )
    return result


@lru_cache(maxsize=32)
def _open_store(workspace: Path, name: str, fingerprint: str) -> Store:
    store = Store(workspace, name)
    if store.attributes["fingerprint"] != fingerprint:
        raise PtxError(
            f"{store.path} was rebuilt with other settings while this run was going on: run the command again"
        )
    return store


_states: dict[tuple[str, str], Any] = {}


def open_state(stage: Stage, fingerprint: str, settings: Any) -> Any:
    """What the stage opens once a process; made anew when its fingerprint changes."""
    key = (stage.name, fingerprint)
    if key not in _states:
        _states.clear()
        _states[key] = stage.open(settings)
    return _states[key]
