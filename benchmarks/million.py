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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from common import table
from ptx.pipeline.storage.files import write_json
from rich.console import Console

from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import Section, Workspace
from ptx.pipeline.executors import RunSettings, keep_workers
from ptx.pipeline.part import Part
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.pipeline.stage import ArraySpec, Block, Listing, Result, Stage
from ptx.pipeline.status import describe
from ptx.pipeline.storage.records import PACK, Record
from ptx.pipeline.work import run_block

SAMPLES = 8
"""Of a block."""
REAL = 1000
"""Blocks that are really computed, for the rate."""


class Settings(Section):
    """What the stage needs."""

    workspace: Workspace
    results_folder: Path = Path()
    blocks: int
    run: RunSettings = RunSettings(block=SAMPLES)
    cluster: ClusterSettings = ClusterSettings(kind="serial")


class Nothing(Stage):
    """One byte a sample, and no work."""

    name, store, version = "nothing", "nothing", 1

    def listing(self, settings: Any) -> Listing:
        """As many images as there are samples."""
        count = settings.blocks * SAMPLES
        ids = range(count)
        none = np.zeros((0, 2), np.int32)
        return Listing(ids, ids, np.zeros(count, np.int32), np.zeros(count, np.uint8), none, "0")  # type: ignore[arg-type]

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """value ()."""
        del settings
        return {"value": ArraySpec((), "u1")}

    def process(self, block: Block, settings: Any, state: None) -> Result:
        """Zeros."""
        del settings, state
        return Result({"value": np.zeros(len(block), np.uint8)}, {})


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

    pipeline = Pipeline([Nothing()], Settings(workspace=folder, blocks=blocks))
    stage = pipeline.stages[0]
    store = pipeline.store(stage)
    with step("start: nothing is known"):
        pass
    attributes = pipeline.plan(stage).attributes()
    store.create(stage.outputs(pipeline.settings), attributes, {})
    with step("plan: everything is to do"):
        assert len(pipeline.plan(stage).ready) == blocks
    with step(f"compute and commit {REAL:,} blocks, one process"):
        commit(pipeline, stage, REAL)
    run, two = RunSettings(block=SAMPLES, workers=2), ClusterSettings(kind="local")
    by_dask = Pipeline([stage], Settings(workspace=folder, blocks=blocks, run=run, cluster=two))
    with keep_workers():
        run_stage(by_dask, stage, Console(quiet=True), part=Part(REAL + 1, blocks))  # starts the workers
        began = time.process_time()
        with step(f"{REAL:,} more by Dask, two workers"):
            run_stage(by_dask, stage, Console(quiet=True), part=Part(2, blocks // REAL))
        print(f"Dask's client and scheduler: {(time.process_time() - began) / REAL * 1000:.1f} ms of a core a block\n")
    fill(pipeline, stage, blocks)
    with step("plan: everything is done"):
        assert not len(pipeline.plan(stage).ready)
    with step("`ptx status`"):
        assert describe(pipeline, stage).done == blocks * SAMPLES
    with step("`ptx run`: nothing to do"):
        assert run_stage(pipeline, stage, Console(quiet=True)).computed == 0
    lost = np.random.default_rng(0).choice(blocks, min(1000, blocks // 10), replace=False)
    for block in lost:
        store.records.drop(int(block))
    with step(f"plan: {len(lost):,} blocks are missing here and there"):
        assert sorted(lost) == pipeline.plan(stage).ready.tolist()
    with step("`ptx run`: compute those, and pack"):
        assert run_stage(pipeline, stage, Console(quiet=True)).computed == len(lost) * SAMPLES
    print(
        f"{blocks:,} blocks, {blocks * SAMPLES:,} samples, {sum(1 for p in store.records_path.rglob('*.json')):,} files of records\n"
    )
    table(("", "seconds", "peak memory so far, MB"), rows)


def commit(pipeline: Pipeline, stage: Stage, count: int) -> None:
    """Blocks as a worker does them."""
    from ptx.pipeline.run import job_of, task_of

    plan = pipeline.plan(stage)
    job = job_of(plan)
    for block in range(count):
        run_block(job, task_of(plan, block))


def fill(pipeline: Pipeline, stage: Stage, blocks: int) -> None:
    """Records of all other blocks, each as the first block's."""
    records = pipeline.store(stage).records
    first = records.get(0)
    assert first is not None
    for start in range(0, blocks, PACK):
        own = [
            Record(*records.bounds(block), first.files, {}, []).as_json()
            for block in range(start, min(start + PACK, blocks))
        ]
        if len(own) == PACK:
            write_json(records.pack_path(start // PACK), own)
        else:
            for block, value in enumerate(own, start):
                write_json(records.path(block), value)


if __name__ == "__main__":
    main()
