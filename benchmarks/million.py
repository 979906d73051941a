"""A million blocks of a stage that does nothing: what planning and tracking them costs, apart from all computing.

python benchmarks/million.py [--blocks 1000000] [FOLDER]

The first blocks are really computed and committed. The others' records are written in packs, as a run would have left
them: a million commits that wait for the disk take hours. Everything that reads them is the real thing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from common import table

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.cluster import ClusterSettings, RunSettings
from ptx.pipeline.config import Section
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import Executor, SerialExecutor, open_executor
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import job_of, run_stage, task_of
from ptx.pipeline.stage import ArraySpec, Block, Listing, Process, Result, Stage
from ptx.pipeline.status import describe
from ptx.pipeline.storage.json_values import encode_json
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.records import BLOCKS_PER_PACK, Record
from ptx.pipeline.work import run_block

SAMPLES = 8
"""Samples of a block."""
REAL = 1000
"""Blocks that are really computed, for the rate."""


class Settings(Section):
    """What the stage needs."""

    blocks: int


@dataclass(frozen=True)
class Numbers(Sequence[str]):
    """The numbers below a count, as ids that take no memory."""

    total: int

    def __len__(self) -> int:
        return self.total

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        numbers = range(self.total)[index]
        return str(numbers) if isinstance(numbers, int) else [str(number) for number in numbers]


@dataclass(frozen=True)
class Nothing(Stage[Settings]):
    """One byte a sample, and no work."""

    name = "nothing"
    store = "nothing"

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Nothing."""
        return {}

    @property
    def listing(self) -> Listing:
        """As many images as there are samples."""
        count = self.settings.blocks * SAMPLES
        ids = Numbers(count)
        none = np.zeros((0, 2), np.int32)
        return Listing(ids, ids, np.zeros(count, np.int32), np.zeros(count, np.uint8), none, "0")

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """value ()."""
        return {"value": ArraySpec((), "u1")}

    def open(self) -> Process:
        """Return a function that gives zeros."""
        return zeros


def zeros(block: Block) -> Result:
    """Return zeros."""
    return Result({"value": np.zeros(len(block), np.uint8)})


def main() -> None:
    """Time every step, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--blocks", type=int, default=1_000_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        measure(Path(folder), args.blocks)


def measure(folder: Path, blocks: int) -> None:
    """All steps in one workspace."""
    rows: list[tuple[str, str, str]] = []

    @contextmanager
    def step(what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((what, f"{spent:.1f}", f"{peak:.0f}"))

    pipeline = make_pipeline(folder, blocks, RunSettings(block=SAMPLES), ClusterSettings(kind="serial"))
    stage = pipeline.stages[0]
    store = pipeline.store(stage)
    with step("start: nothing is known"):
        pass
    store.create(stage.outputs, pipeline.plan(stage).attributes())
    with step("plan: everything is to do"):
        assert len(pipeline.plan(stage).ready) == blocks
    with step(f"compute and commit {REAL:,} blocks, one process"):
        commit(pipeline, stage, REAL)
    run, two = RunSettings(block=SAMPLES, workers=2), ClusterSettings(kind="local")
    by_dask = make_pipeline(folder, blocks, run, two)
    with open_executor(run, two) as executor:
        compute(by_dask, executor, ArraySlice(REAL + 1, blocks))  # starts the workers
        began = time.process_time()
        with step(f"{REAL:,} more by Dask, two workers"):
            compute(by_dask, executor, ArraySlice(2, blocks // REAL))
        print(f"Dask's client and scheduler: {(time.process_time() - began) / REAL * 1000:.1f} ms of a core a block\n")
    fill(pipeline, stage, blocks)
    with step("plan: everything is done"):
        assert not len(pipeline.plan(stage).ready)
    with step("`ptx status`"):
        assert describe(pipeline, stage).done == blocks * SAMPLES
    with step("`ptx run`: nothing to do"):
        assert compute(pipeline, SerialExecutor()) == 0
    lost = np.random.default_rng(0).choice(blocks, min(1000, blocks // 10), replace=False)
    for block in lost:
        store.records.drop(int(block))
    with step(f"plan: {len(lost):,} blocks are missing here and there"):
        assert sorted(lost) == pipeline.plan(stage).ready.tolist()
    with step("`ptx run`: compute those, and pack"):
        assert compute(pipeline, SerialExecutor()) == len(lost) * SAMPLES
    files = sum(1 for _ in (folder / store.records_folder).rglob("*.json"))
    print(f"{blocks:,} blocks, {blocks * SAMPLES:,} samples, {files:,} files of records\n")
    table(("", "seconds", "peak memory so far, MB"), rows)


def make_pipeline(folder: Path, blocks: int, run: RunSettings, cluster: ClusterSettings) -> Pipeline:
    """Build the pipeline of one stage."""
    return Pipeline([Nothing(Settings(blocks=blocks))], LocalStorage(folder), folder, run, cluster)


def compute(pipeline: Pipeline, executor: Executor, part: ArraySlice = WHOLE) -> int:
    """Run the stage; returns the samples that were computed."""
    return run_stage(pipeline, pipeline.stages[0], Silent(), executor, part=part).computed


def commit(pipeline: Pipeline, stage: Stage[Section], count: int) -> None:
    """Blocks as a worker does them."""
    plan = pipeline.plan(stage)
    job = job_of(plan)
    for block in range(count):
        run_block(job, task_of(plan, block))


def fill(pipeline: Pipeline, stage: Stage[Section], blocks: int) -> None:
    """Records of all other blocks, each as the first block's."""
    records = pipeline.store(stage).records
    first = records.get(0)
    assert first is not None
    for start in range(0, blocks, BLOCKS_PER_PACK):
        own = [
            Record(*records.bounds(block), first.files, {}, []).as_json()
            for block in range(start, min(start + BLOCKS_PER_PACK, blocks))
        ]
        if len(own) == BLOCKS_PER_PACK:
            pipeline.workspace.put(records.pack_file(start // BLOCKS_PER_PACK), encode_json(own))
        else:
            for block, value in enumerate(own, start):
                pipeline.workspace.put(records.file(block), encode_json(value))


if __name__ == "__main__":
    main()
