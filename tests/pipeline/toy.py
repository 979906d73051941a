"""A tiny pipeline of three stages with results that are known without running it, and knobs to make it fail."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ptx.pipeline.cluster import ClusterSettings
from ptx.pipeline.config import Section, Workspace
from ptx.pipeline.executors import RunSettings
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import ArraySpec, Block, Listing, Result, Stage

COUNT = 150


class ToySettings(Section):
    """What the toy stages share."""

    workspace: Workspace
    run: RunSettings = RunSettings(block=16)
    cluster: ClusterSettings = ClusterSettings(kind="serial")
    factor: int = 3
    bad: tuple[int, ...] = ()
    """Samples that `numbers` quarantines."""
    crash: tuple[int, ...] = ()
    """Samples on which `square` raises."""
    kill_at: int | None = None
    """`square` kills its process when it meets this sample and the file `workspace/armed` is there."""
    sleep: float = 0.0

    @property
    def results_folder(self) -> Path:
        """The workspace."""
        return self.workspace


class Numbers(Stage):
    """Sample i holds i in every pixel."""

    name, store, version = "numbers", "numbers", 1
    settings = ("bad",)

    def listing(self, settings: Any) -> Listing:
        """150 images of 50 persons; both directions of neighbours."""
        del settings
        pairs = np.array([(a, b) for i in range(0, COUNT, 3) for a, b in ((i, i + 1), (i + 1, i))], np.int32)
        ids = [f"n{i:03d}" for i in range(COUNT)]
        return Listing(ids, ids, np.arange(COUNT, dtype=np.int32) // 3, np.zeros(COUNT, np.uint8), pairs, "0" * 64)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """value (8, 8)."""
        del settings
        return {"value": ArraySpec((8, 8), "i4", low=0)}

    def process(self, block: Block, settings: Any, state: None) -> Result:
        """The sample's number."""
        del state
        value = np.broadcast_to(block.index[:, None, None], (len(block), 8, 8)).astype("i4")
        return Result({"value": value}, {i: "ugly: as told" for i, n in enumerate(block.index) if n in settings.bad})


class Square(Stage):
    """Squares, times a factor."""

    name, store, version = "square", "square", 1
    inputs = ("numbers.value",)
    settings = ("factor",)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """value (8, 8); count of calls is in the workspace."""
        del settings
        return {"value": ArraySpec((8, 8), "i8")}

    def process(self, block: Block, settings: Any, state: None) -> Result:
        """factor * n²."""
        del state
        _count(settings.workspace)
        time.sleep(settings.sleep)
        if settings.kill_at in block.index and (settings.workspace / "armed").exists():
            (settings.workspace / "armed").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if set(settings.crash) & set(block.index.tolist()):
            raise ArithmeticError("cannot square this")
        return Result({"value": settings.factor * block["numbers.value"].astype("i8") ** 2})


class Difference(Stage):
    """Target minus source, over pairs."""

    name, store, version = "difference", "difference", 1
    over: Literal["images", "pairs"] = "pairs"
    inputs = ("square.value",)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """value (8, 8)."""
        del settings
        return {"value": ArraySpec((8, 8), "i8")}

    def process(self, block: Block, settings: Any, state: None) -> Result:
        """Pixel by pixel."""
        del settings, state
        value = block["square.value"]
        return Result({"value": value[block.target] - value[block.source]})


STAGES = (Numbers(), Square(), Difference())


def toy(workspace: Path | str, **settings: Any) -> Pipeline:
    """The toy pipeline in a workspace."""
    return Pipeline(STAGES, ToySettings(workspace=workspace, **settings))


def _count(workspace: Path) -> None:
    if not isinstance(workspace, Path):
        return  # an object store has no appending
    with open(workspace / "calls", "a") as file:
        file.write("x")


def calls(workspace: Path) -> int:
    """How many blocks `square` computed so far."""
    return len((workspace / "calls").read_text()) if (workspace / "calls").exists() else 0


def tree(workspace: Path) -> dict[str, bytes]:
    """Every byte of every store and record, by relative path."""
    found = {}
    for folder in sorted([*workspace.glob("*.zarr"), *workspace.glob("*.blocks")]):
        found |= {str(p.relative_to(workspace)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return found
