"""What earlier runs measured, for the estimates of `ptx run --dry-run`. Kept beside the stores, whose bytes never depend on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.storage.files import lock, read_json, write_json
from ptx.pipeline.storage.store import Store

BASE_MEMORY = 350e6
"""Bytes a worker takes before it holds any data: Python, NumPy, numba, the body model (measured)."""


@dataclass(frozen=True)
class Estimate:
    """What a run would do, before anything is written."""

    stage: str
    condition: str
    reasons: Sequence[str]
    samples: int
    blocks: int
    bytes: int
    """On disk, compressed."""
    memory: int
    """Bytes a worker."""
    seconds: float
    measured: bool
    """Whether time and bytes come from an earlier run in this workspace, or are a guess."""


def remember(workspace: Path, store: Store, size: int, computed: int, core_seconds: float) -> None:
    """Keep the rate of a run that was long enough to tell, and the size (bytes) of its store."""
    if computed < store.block:
        return
    value = {"seconds": core_seconds / computed, "bytes": size / max(1, store.count)}
    path = _path(workspace)
    with lock(workspace / ".locks" / "history"):
        write_json(path, (read_json(path) or {}) | {store.name: value})


def estimate(pipeline: Pipeline, stage: Stage, *, force: bool = False) -> Estimate:
    """Counts, bytes on disk, memory a worker and time of a run."""
    plan = pipeline.plan(stage)
    blocks = -(-plan.count // plan.block) if force else int(plan.needed.sum())
    samples = min(plan.count, blocks * plan.block)
    past = (read_json(_path(pipeline.workspace)) or {}).get(stage.store)
    raw = sum(spec.sample_bytes for spec in stage.outputs(pipeline.settings).values())
    rate = past["seconds"] if past else stage.cost
    size = past["bytes"] if past else raw / 6
    memory = BASE_MEMORY + plan.block * 2 * (raw + _input_bytes(pipeline, stage))
    seconds = rate * samples / pipeline.settings.run.worker_count
    return Estimate(
        stage.name,
        plan.condition,
        plan.stale,
        samples,
        blocks,
        int(size * samples),
        int(memory),
        seconds,
        past is not None,
    )


def _input_bytes(pipeline: Pipeline, stage: Stage) -> int:
    """Bytes of the inputs of one sample; a pair reads two images."""
    total = 0
    for name in stage.inputs:
        store, array = name.split(".")
        writer = pipeline.writer(store)
        total += writer.outputs(pipeline.settings)[array].sample_bytes * (1 if writer.over == stage.over else 2)
    return total


def _path(workspace: Path) -> Path:
    return workspace / ".history.json"
