"""What the engine adds to each stage: locks, records, checksums, dispatch. One process, blocks of 64.

    python benchmarks/engine.py [--persons 32]

Runs all stages on synthetic people with clocks round the four things that a block needs: reading its inputs, computing,
packing and writing its arrays (with the flush to disk), and the rest, which is the engine's: checks, locks, records. What
a run costs once (the plan, laying out the store) is the last column. The peer is the bare loop: the first three alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar

import ptx.pipeline.executors as executors_module
import ptx.pipeline.storage.store as store_module
import ptx.pipeline.work as work_module
from ptx.pipeline.events import Silent
from ptx.pipeline.executors import open_executor
from ptx.pipeline.run import run_stage
from ptx.pipeline.storage.local import LocalStorage
from ptx.project import Project
from ptx.settings import load_settings

P = ParamSpec("P")
R = TypeVar("R")

seconds: dict[str, float] = defaultdict(float)


def clocked(owner: ModuleType, name: str, what: str) -> None:
    """Add the time that a function takes to `seconds[what]`; a call inside another of the same kind counts once."""
    setattr(owner, name, timed(getattr(owner, name), what))


def timed(plain: Callable[P, R], what: str) -> Callable[P, R]:
    """Return a function that counts its time."""
    depth = [0]

    @wraps(plain)
    def with_clock(*arguments: P.args, **keywords: P.kwargs) -> R:
        depth[0] += 1
        started = time.perf_counter()
        try:
            return plain(*arguments, **keywords)
        finally:
            depth[0] -= 1
            if depth[0] == 0:
                seconds[what] += time.perf_counter() - started

    return with_clock


def clock_shards() -> None:
    """Add the time that written shards take to `seconds["write"]`; records are the engine's."""
    plain = LocalStorage.put
    with_clock = timed(plain, "write")

    def put(self: LocalStorage, name: str, data: bytes) -> None:
        return with_clock(self, name, data) if ".zarr/" in name else plain(self, name, data)

    setattr(LocalStorage, "put", put)  # noqa: B010


def run_all(workspace: Path, persons: int) -> list[tuple[str, int, int, dict[str, float]]]:
    """Stage, samples, blocks, seconds by kind."""
    overrides = [f"workspace={workspace}", "cluster.kind=serial", f"data.persons={persons}"]
    rows = []
    names = [stage.name for stage in Project(load_settings(None, overrides)).pipeline.active]
    for name in names:
        project = Project(load_settings(None, overrides))
        stage = project.pipeline.stage(name)
        seconds.clear()
        started = time.perf_counter()
        with open_executor(project.settings.run, project.settings.cluster) as executor:
            done = run_stage(project.pipeline, stage, Silent(), executor)
        total = time.perf_counter() - started
        rows.append((stage.name, done.computed, -(-done.computed // 64), {**seconds, "total": total}))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=64)
    options = parser.parse_args()
    clocked(executors_module, "run_block", "block")
    clocked(work_module, "read_block", "read")
    clocked(work_module, "process", "compute")
    clocked(store_module, "encode_shard", "write")
    clock_shards()
    with tempfile.TemporaryDirectory() as warm:
        run_all(Path(warm), 2)  # compiles, opens the body
    with tempfile.TemporaryDirectory() as workspace:
        rows = run_all(Path(workspace), options.persons)
    print(
        "| stage | samples | samples/s | compute, ms a block | read | pack and write | engine | engine / compute | once, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, samples, blocks, took in rows:
        rest = took["block"] - took["read"] - took["compute"] - took["write"]
        cells = [f"{1000 * took[what] / blocks:.1f}" for what in ("compute", "read", "write")]
        cells += [f"{1000 * rest / blocks:.1f}", f"{rest / took['compute']:.1%}"]
        once = 1000 * (took["total"] - took["block"])
        print(f"| {name} | {samples} | {samples / took['total']:.0f} | {' | '.join(cells)} | {once:.0f} |")


if __name__ == "__main__":
    main()
