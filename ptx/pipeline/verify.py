"""Check stores against their records: checksums, torn chunks, NaN, ranges, totals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import ArraySpec, Stage
from ptx.pipeline.storage.records import OK, PENDING, Record
from ptx.pipeline.storage.store import Store


@dataclass
class Findings:
    """What verification of a stage found."""

    stage: str
    samples: int = 0
    done: int = 0
    quarantined: int = 0
    pending: int = 0
    blocks: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    """Blocks with a fault."""

    @property
    def adds_up(self) -> bool:
        """in = done + quarantined + pending."""
        return self.samples == self.done + self.quarantined + self.pending


def verify_stage(
    pipeline: Pipeline, stage: Stage, advance: Callable[[int, int], None] = lambda _samples, _bad: None
) -> Findings:
    """Read everything a stage has written, one block at a time.

    Raises:
        PtxError: there is no store to verify.
    """
    store = pipeline.store(stage)
    if not store.exists():
        raise PtxError(f"{stage.name} has no store in {pipeline.workspace}: `ptx run {stage.name}` makes it")
    found = Findings(stage.name, samples=store.count)
    specs = stage.outputs(pipeline.settings)
    states = np.full(store.count, PENDING, np.uint8)
    for block, record in store.records:
        faults = list(_faults(store, block, record, specs))
        found.faults += [f"block {block} (samples {record.start} to {record.stop - 1}): {fault}" for fault in faults]
        if faults:
            found.damaged.append(block)
        states[record.start : record.stop] = record.states()
        found.blocks += 1
        found.bytes += record.bytes
        advance(record.stop - record.start, 0)
    found.done = int((states == OK).sum())
    found.pending = int((states == PENDING).sum())
    found.quarantined = store.count - found.done - found.pending
    return found


def drop_damaged(store: Store, found: Findings) -> None:
    """Forget damaged blocks, so that the next run computes them again."""
    for block in found.damaged:
        store.records.drop(block)


def _faults(store: Store, block: int, record: Record, specs: dict[str, ArraySpec]) -> Iterator[str]:
    if (record.start, record.stop) != store.records.bounds(block):
        yield f"its record speaks of samples {record.start} to {record.stop - 1}"
        return
    for name, spec in specs.items():
        fault = _file_fault(store, name, block, record) or _value_fault(store, name, record, spec)
        if fault:
            yield fault


def _file_fault(store: Store, name: str, block: int, record: Record) -> str | None:
    path = store.shard_path(name, block)
    expected = record.files.get(name)
    if expected is None:
        return f"array '{name}' has no checksum in the record"
    if not path.exists():
        return f"array '{name}': {path} is missing"
    data = path.read_bytes()
    if len(data) != expected["bytes"]:
        return f"array '{name}': {path} has {len(data)} bytes, {expected['bytes']} were written"
    if zlib.crc32(data) != expected["crc32"]:
        return f"array '{name}': {path} does not match its checksum"
    return None


def _value_fault(store: Store, name: str, record: Record, spec: ArraySpec) -> str | None:
    rows = store.read(name, np.arange(record.start, record.stop))[record.states() == OK]
    if rows.dtype.kind == "f":
        if np.isnan(rows).any() and not spec.nan:
            return f"array '{name}' holds NaN"
        rows = rows[~np.isnan(rows)]
    if spec.low is not None and (rows < spec.low).any():
        return f"array '{name}' holds {rows.min()}, below {spec.low}"
    if spec.high is not None and (rows > spec.high).any():
        return f"array '{name}' holds {rows.max()}, above {spec.high}"
    return None
