"""A tiny pipeline of three stages with results that are known without running it, and knobs to make it fail."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.cluster import ClusterSettings, Kind, RunSettings
from ptx.pipeline.config import Section, Workspace
from ptx.pipeline.errors import Problem
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.pipeline.stage import ArraySpec, Block, Listing, Process, Result, Stage
from ptx.pipeline.step import Outcome
from ptx.pipeline.storage.opening import open_storage

COUNT = 150


class ToySettings(Section):
    """What the toy stages share."""

    workspace: Workspace
    factor: int = 3
    bad: tuple[int, ...] = ()
    """Samples that `numbers` quarantines."""
    ugly: tuple[int, ...] = ()
    """Samples that `square` quarantines; the results do not depend on it, as on a file that comes and goes."""
    crash: tuple[int, ...] = ()
    """Samples on which `square` has a defect."""
    kill_at: int | None = None
    """`square` kills its process when it meets this sample and the file `workspace/armed` is there."""
    die_at: int | None = None
    """`square` kills its process whenever it meets this sample."""
    sleep: float = 0.0
    """Seconds that `square` takes for a block at least."""


@dataclass(frozen=True)
class Numbers(Stage[ToySettings]):
    """Sample i holds i in every pixel."""

    name = "numbers"
    store = "numbers"

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        return {"bad": self.settings.bad}

    @property
    def listing(self) -> Listing:
        """150 images of 50 persons; both directions of neighbours."""
        pairs = np.array([(a, b) for i in range(0, COUNT, 3) for a, b in ((i, i + 1), (i + 1, i))], np.int32)
        ids = [f"n{i:03d}" for i in range(COUNT)]
        return Listing(ids, ids, np.arange(COUNT, dtype=np.int32) // 3, np.zeros(COUNT, np.uint8), pairs, "0" * 64)

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """value (8, 8)."""
        return {"value": ArraySpec((8, 8), "i4", low=0)}

    def open(self) -> Process:
        def process(block: Block) -> Result:
            value = np.broadcast_to(block.index[:, None, None], (len(block), 8, 8)).astype("i4")
            bad = {i: Problem("ugly", "as told") for i, n in enumerate(block.index) if n in self.settings.bad}
            return Result({"value": value}, bad)

        return process


@dataclass(frozen=True)
class Square(Stage[ToySettings]):
    """Squares, times a factor."""

    name = "square"
    store = "square"
    inputs = ("numbers.value",)

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        return {"factor": self.settings.factor}

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """value (8, 8)."""
        return {"value": ArraySpec((8, 8), "i8")}

    def open(self) -> Process:
        """Count calls in the workspace, then compute factor * n², or fail as told."""
        settings = self.settings
        folder = settings.workspace.folder

        def process(block: Block) -> Result:
            if folder is not None:  # an object store has no appending
                with open(folder / "calls", "a") as file:
                    file.write("x")
                if settings.kill_at in block.index and (folder / "armed").exists():
                    (folder / "armed").unlink()
                    os.kill(os.getpid(), signal.SIGKILL)
            if settings.die_at in block.index:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(settings.sleep)
            if set(settings.crash) & set(block.index.tolist()):
                raise ArithmeticError("cannot square this")
            bad = {i: Problem("ugly", "as told") for i, n in enumerate(block.index) if n in settings.ugly}
            return Result({"value": settings.factor * block.array("numbers.value", np.int64) ** 2}, bad)

        return process


@dataclass(frozen=True)
class Difference(Stage[ToySettings]):
    """Target minus source, over pairs."""

    name = "difference"
    store = "difference"
    over = "pairs"
    inputs = ("square.value",)

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        return {}

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """value (8, 8)."""
        return {"value": ArraySpec((8, 8), "i8")}

    def open(self) -> Process:
        def process(block: Block) -> Result:
            value = block.array("square.value", np.int64)
            return Result({"value": value[block.target] - value[block.source]})

        return process


class Knobs(TypedDict, total=False):
    """Settings of a toy pipeline besides its workspace."""

    factor: int
    bad: tuple[int, ...]
    ugly: tuple[int, ...]
    crash: tuple[int, ...]
    kill_at: int | None
    die_at: int | None
    sleep: float


def toy(
    workspace: Path | str,
    *,
    block: int = 16,
    workers: int | None = None,
    kind: Kind = "serial",
    address: str | None = None,
    **knobs: Unpack[Knobs],
) -> Pipeline:
    """Build the toy pipeline in a workspace."""
    storage = open_storage(str(workspace))
    settings = ToySettings(workspace=storage, **knobs)
    run = RunSettings(block=block, workers=workers)
    cluster = ClusterSettings(kind=kind, address=address)
    stages = (Numbers(settings), Square(settings), Difference(settings))
    return Pipeline(stages, storage, run, storage.folder or Path("results"), cluster)


def run_all(pipeline: Pipeline, *names: str, listener: Listener | None = None) -> list[Outcome]:
    """Run some stages, or all."""
    stages = [pipeline.stage(name) for name in names] or pipeline.stages
    with open_executor(pipeline.run, pipeline.cluster) as executor:
        return [run_stage(pipeline, stage, listener or Silent(), executor) for stage in stages]


def run_one(pipeline: Pipeline, name: str, *, force: bool = False, part: ArraySlice = WHOLE) -> Outcome:
    """Run one stage."""
    with open_executor(pipeline.run, pipeline.cluster) as executor:
        return run_stage(pipeline, pipeline.stage(name), Silent(), executor, force=force, part=part)


def calls(workspace: Path) -> int:
    """Count the blocks that `square` computed so far."""
    return len((workspace / "calls").read_text()) if (workspace / "calls").exists() else 0


def tree(workspace: Path) -> dict[str, bytes]:
    """Read every byte of every store and record, by relative path."""
    contents: dict[str, bytes] = {}
    for folder in sorted([*workspace.glob("*.zarr"), *workspace.glob("*.blocks")]):
        contents |= {str(p.relative_to(workspace)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return contents
