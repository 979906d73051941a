"""Estimates of `ptx run --dry-run` for data stages, from rates that earlier runs measured.

The rates are kept beside the stores, whose bytes never depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ptx.pipeline.config import Section
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import Stage
from ptx.pipeline.step import Estimate
from ptx.pipeline.storage.json_values import Json, as_float, as_object, decode_json, encode_json
from ptx.pipeline.storage.storage import Storage
from ptx.pipeline.storage.store import Store

BASE_MEMORY = 350e6
"""Bytes a worker takes before it holds any data: Python, NumPy, numba, the body model (measured)."""

GUESSED_COMPRESSION = 6
"""Bytes before compression for each byte after it, where nothing was measured."""

BUFFERS = 2
"""Copies of a block's arrays that a worker holds at once: as they are, and packed or read."""

HISTORY_FILE = ".history.json"
"""File in the workspace: store → seconds a sample on one core, bytes a sample on disk."""


def remember(storage: Storage, store: Store, size: int, computed: int, core_seconds: float) -> None:
    """Keep the rate of a run, if it was long enough to tell, and the size (bytes) of its store."""
    if computed < store.block:
        return
    value = {"seconds": core_seconds / computed, "bytes": size / max(1, store.count)}
    with storage.lock(".locks/history"):
        storage.put(HISTORY_FILE, encode_json({**_history(storage), store.name: value}))


def estimate(pipeline: Pipeline, stage: Stage[Section], *, force: bool = False) -> Estimate:
    """Estimate counts, bytes on disk, memory a worker and time of a run."""
    plan = pipeline.plan(stage)
    blocks = plan.blocks if force else int(plan.needed.sum())
    samples = min(plan.count, blocks * plan.block)
    raw = sum(spec.sample_bytes for spec in stage.outputs.values())
    past = _history(pipeline.workspace).get(stage.store)
    rate, size = _rates(past) if past is not None else (stage.cost, raw / GUESSED_COMPRESSION)
    return Estimate(
        step=stage.name,
        condition=plan.condition,
        reasons=plan.stale,
        count=samples,
        blocks=blocks,
        bytes=int(size * samples),
        memory=int(BASE_MEMORY + plan.block * BUFFERS * (raw + _input_bytes(pipeline, stage))),
        seconds=rate * samples / pipeline.run.worker_count,
        source="measured" if past is not None else "guess",
    )


def _rates(past: Json) -> tuple[float, float]:
    """Return the seconds and the bytes a sample of an earlier run."""
    fields = as_object(past)
    return as_float(fields["seconds"]), as_float(fields["bytes"])


def _input_bytes(pipeline: Pipeline, stage: Stage[Section]) -> int:
    """Count the bytes of the inputs of one sample; a pair reads two images."""
    total = 0
    for name in stage.inputs:
        store, array = name.split(".")
        writer = pipeline.writer(store)
        total += writer.outputs[array].sample_bytes * (1 if writer.over == stage.over else 2)
    return total


def _history(storage: Storage) -> Mapping[str, Json]:
    value = decode_json(storage.get(HISTORY_FILE))
    return value if isinstance(value, Mapping) else {}
