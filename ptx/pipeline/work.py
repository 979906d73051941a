"""One block of work, as a worker does it: lock, read, compute, commit. Safe to kill at any instant, and to run twice."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.config import Section
from ptx.pipeline.errors import BadSample, Problem, PtxError, StageError
from ptx.pipeline.stage import ArraySpec, Block, Process, Result, Stage
from ptx.pipeline.storage.records import BAD
from ptx.pipeline.storage.storage import Busy, Storage
from ptx.pipeline.storage.store import Store


@dataclass(frozen=True)
class Job:
    """The part that all blocks of a run have in common; travels to the workers."""

    storage: Storage
    stage: Stage[Section]
    fingerprints: Mapping[str, str]
    """Store → fingerprint, of every store that the stage touches: its own, and those it reads."""
    image_stores: frozenset[str]
    """Stores with one row an image."""
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells one run from another: each opens its stage anew."""

    def open(self, name: str) -> Store:
        """Open one of its stores.

        Raises:
            PtxError: the store was replaced since the run began.
        """
        return _open_store(self.storage, name, self.fingerprints[name])


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
    reread: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Sample of the block → stamp of its file of now, where that is another than when the store was laid out."""
    wait: bool = False
    """Wait for another process that is computing the block instead of coming back later."""


@dataclass(frozen=True)
class BlockReport:
    """The end of a block."""

    block: int
    """Number of the block."""
    samples: int = 0
    """Samples of the block."""
    computed: int = 0
    """Samples that were computed by this task."""
    bad: Mapping[int, Problem] = field(default_factory=dict)
    """Quarantined sample → why."""
    skipped: int = 0
    """Samples that an earlier stage quarantined."""
    busy: bool = False
    """Another process holds it; nothing was done."""


def run_block(job: Job, task: Task) -> BlockReport:
    """Compute and commit one block.

    Raises:
        PtxError: the disk is full, an input is damaged, the store was replaced meanwhile.
        StageError: the stage has a defect.
    """
    store = job.open(job.stage.store)
    try:
        with store.lock_block(task.block, wait=task.wait):
            return _compute(job, task, store)
    except Busy:
        return BlockReport(task.block, busy=True)


def _compute(job: Job, task: Task, store: Store) -> BlockReport:
    done = store.records.get(task.block)
    start, stop = store.records.bounds(task.block)
    if done is not None and task.redo is None and not _outdated(done.states(), task.usable):
        return BlockReport(task.block, stop - start, 0, done.bad, len(done.skipped))
    wanted = task.usable.copy()
    specs = job.stage.outputs
    rows: dict[str, NDArray[np.generic]] = {}
    bad: dict[int, Problem] = {}
    if done is not None and task.redo is not None:
        wanted &= np.isin(np.arange(start, stop), list(task.redo))
        bad = {sample: problem for sample, problem in done.bad.items() if sample not in task.redo}
        rows = {name: store.rows(name, np.arange(start, stop)) for name in specs}
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
        bad |= {int(start + positions[i]): problem for i, problem in result.problems.items()}
    skipped = (start + np.flatnonzero(~task.usable)).tolist()
    reread = {**done.reread, **task.reread} if done is not None and task.redo is not None else task.reread
    store.commit(task.block, rows or _empty_rows(specs, stop - start), bad, skipped, reread)
    return BlockReport(task.block, stop - start, len(positions), bad, len(skipped))


def _empty_rows(specs: Mapping[str, ArraySpec], count: int) -> dict[str, NDArray[np.generic]]:
    return {name: np.full((count, *spec.shape), spec.fill, spec.dtype) for name, spec in specs.items()}


def _outdated(states: NDArray[np.uint8], usable: NDArray[np.bool_]) -> bool:
    """Return True where a committed block no longer fits what its inputs hold (see Plan.outdated)."""
    return bool(((states <= BAD) != usable).any())


def read_block(job: Job, index: NDArray[np.int64], pairs: NDArray[np.int32] | None) -> Block:
    """Gather the arrays that the stage reads for these samples: each distinct image once."""
    images = index if pairs is None else np.unique(pairs).astype(np.int64)
    arrays: dict[str, NDArray[np.generic]] = {}
    per_sample: set[str] = set()
    for name in job.stage.inputs:
        store_name, array = name.split(".")
        store = job.open(store_name)
        if store_name not in job.image_stores or pairs is None:
            per_sample.add(name)
        arrays[name] = store.rows(array, images if store_name in job.image_stores else index)
    if pairs is None:
        return Block(index, arrays, frozenset(per_sample))
    target = np.searchsorted(images, pairs[:, 0])
    source = np.searchsorted(images, pairs[:, 1])
    return Block(index, arrays, frozenset(per_sample), target, source)


# --- computing --------------------------------------------------------------------------------------------------------------------


def process(job: Job, block: Block) -> Result:
    """Run the stage's function.

    Raises:
        StageError: the stage has a defect; names the sample that shows it, found by running the samples one by one.
    """
    compute = _opened_stage.process(job)
    try:
        return _checked(compute(block), job.stage.outputs, len(block))
    except NO_DEFECTS:
        raise
    except Exception as error:
        failure = error
    return _one_by_one(job.stage, compute, block, failure)  # out here, so that tracebacks do not tell of both


NO_DEFECTS = (PtxError, OSError, MemoryError)
"""Exceptions of a stage that come from its surroundings."""


def _one_by_one(stage: Stage[Section], compute: Process, block: Block, failure: Exception) -> Result:
    """Run the samples of a block that failed as a whole one by one; those that raise BadSample are problems."""
    specs = stage.outputs
    arrays = _empty_rows(specs, len(block))
    problems: dict[int, Problem] = {}
    for i in range(len(block)):
        try:
            result = _checked(compute(block.only(i)), specs, 1)
        except BadSample as error:
            problems[i] = error.problem
            continue
        except NO_DEFECTS:
            raise
        except Exception as error:
            sample = int(block.index[i])
            raise StageError(stage.name, f"{stage.over.removesuffix('s')} {sample}", sample) from error
        if 0 in result.problems:
            problems[i] = result.problems[0]
        for name in specs:
            arrays[name][i] = result.arrays[name][0]
    if not isinstance(failure, BadSample):
        where = f"{stage.over} {block.index[0]} to {block.index[-1]} together, though not on any by itself"
        raise StageError(stage.name, where) from failure
    return Result(arrays, problems)


def _checked(result: Result, specs: Mapping[str, ArraySpec], n: int) -> Result:
    for name, spec in specs.items():
        array = result.arrays[name]
        if array.shape != (n, *spec.shape) or array.dtype != spec.dtype:
            raise TypeError(
                f"'{name}' should be {(n, *spec.shape)} {spec.dtype}, the stage gave {array.shape} {array.dtype}"
            )
    return result


@lru_cache(maxsize=32)
def _open_store(storage: Storage, name: str, fingerprint: str) -> Store:
    store = Store(storage, name)
    if store.attributes.fingerprint != fingerprint:
        raise PtxError(f"{store} was rebuilt with other settings while this run was going on: run the command again")
    return store


class OpenedStage:
    """The one stage that a process has open: a body model or a detector may fill much of the memory."""

    def __init__(self) -> None:
        self._key = ("", "")
        self._process: Process | None = None
        self._lock = threading.Lock()

    def process(self, job: Job) -> Process:
        """Return the function of a job's stage, which is opened unless it is open for the same run."""
        key = (job.fingerprints[job.stage.store], job.run)
        with self._lock:
            if self._process is None or self._key != key:
                self._process = None  # first, so that two are never in memory
                self._process = job.stage.open()
                self._key = key
            return self._process


_opened_stage = OpenedStage()
"""The open stage of this process, which is one of the workers or the only one."""
