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
from typing import Any

from rich.console import Console

import ptx.pipeline.executors as executors_module
import ptx.pipeline.storage.store as store_module
import ptx.pipeline.work as work_module
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.project import STAGES, load_settings

seconds: dict[str, float] = defaultdict(float)


def clocked(owner: Any, name: str, what: str) -> None:
    """Add the time that a function takes to `seconds[what]`; a call inside another of the same kind counts once."""
    plain: Callable[..., Any] = getattr(owner, name)
    depth = [0]

    @wraps(plain)
    def timed(*arguments: Any, **keywords: Any) -> Any:
        depth[0] += 1
        started = time.perf_counter()
        try:
            return plain(*arguments, **keywords)
        finally:
            depth[0] -= 1
            if depth[0] == 0:
                seconds[what] += time.perf_counter() - started

    setattr(owner, name, timed)


def run_all(workspace: Path, persons: int) -> list[tuple[str, int, int, dict[str, float]]]:
    """Stage, samples, blocks, seconds by kind."""
    overrides = [f"workspace={workspace}", "cluster.kind=serial", f"data.persons={persons}"]
    rows = []
    for stage in STAGES:
        pipeline = Pipeline(STAGES, load_settings(None, overrides))
        seconds.clear()
        started = time.perf_counter()
        done = run_stage(pipeline, stage, Console(quiet=True))
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
    clocked(store_module, "write_atomic", "write")
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
