"""Verification of stores against their records: checksums, torn chunks, NaN, ranges, totals."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ptx.pipeline.config import Section
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener, Silent, progress
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.stage import ArraySpec, Stage
from ptx.pipeline.storage.records import OK, PENDING, Record
from ptx.pipeline.storage.store import Store


@dataclass
class Findings:
    """The result of verifying a stage."""

    stage: str
    samples: int = 0
    done: int = 0
    quarantined: int = 0
    """Samples quarantined by this stage or an earlier one."""
    pending: int = 0
    blocks: int = 0
    """Committed blocks."""
    bytes: int = 0
    """Bytes of all shards."""
    faults: list[str] = field(default_factory=list)
    """Sentences, each with its block."""
    damaged: list[int] = field(default_factory=list)
    """Blocks with a fault."""

    @property
    def adds_up(self) -> bool:
        """True where samples = done + quarantined + pending."""
        return self.samples == self.done + self.quarantined + self.pending


def verify_stage(pipeline: Pipeline, stage: Stage[Section], listener: Listener | None = None) -> Findings:
    """Read everything a stage has written, one block at a time.

    Raises:
        PtxError: there is no store to verify.
    """
    store = pipeline.store(stage)
    if not store.exists():
        raise PtxError(f"{stage.name} has no store in {pipeline.workspace}: `ptx run {stage.name}` makes it")
    findings = Findings(stage.name, samples=store.count)
    states = np.full(store.count, PENDING, np.uint8)
    with progress(listener or Silent(), f"verify {stage.name}", store.count) as advance:
        for block, record in store.records:
            _verify_block(store, block, record, stage.outputs, findings)
            states[record.start : record.stop] = record.states()
            advance(record.stop - record.start)
    findings.done = int((states == OK).sum())
    findings.pending = int((states == PENDING).sum())
    findings.quarantined = store.count - findings.done - findings.pending
    return findings


def drop_damaged(store: Store, findings: Findings) -> None:
    """Forget damaged blocks, so that the next run computes them again."""
    for block in findings.damaged:
        store.records.drop(block)


def _verify_block(store: Store, block: int, record: Record, specs: Mapping[str, ArraySpec], findings: Findings) -> None:
    faults = list(_faults(store, block, record, specs))
    findings.faults += [f"block {block} (samples {record.start} to {record.stop - 1}): {fault}" for fault in faults]
    if faults:
        findings.damaged.append(block)
    findings.blocks += 1
    findings.bytes += record.bytes


def _faults(store: Store, block: int, record: Record, specs: Mapping[str, ArraySpec]) -> Iterator[str]:
    if (record.start, record.stop) != store.records.bounds(block):
        yield f"its record speaks of samples {record.start} to {record.stop - 1}"
        return
    for name, spec in specs.items():
        fault = _file_fault(store, name, block, record) or _value_fault(store, name, record, spec)
        if fault:
            yield fault


def _file_fault(store: Store, name: str, block: int, record: Record) -> str | None:
    """Compare a shard with the size and checksum in the block's record."""
    file = store.shard_file(name, block)
    path = f"{store.storage}/{file}"
    expected = record.files.get(name)
    if expected is None:
        return f"array '{name}' has no checksum in the record"
    data = store.storage.get(file)
    if data is None:
        return f"array '{name}': {path} is missing"
    if len(data) != expected.bytes:
        return f"array '{name}': {path} has {len(data)} bytes, {expected.bytes} were written"
    if zlib.crc32(data) != expected.crc32:
        return f"array '{name}': {path} does not match its checksum"
    return None


def _value_fault(store: Store, name: str, record: Record, spec: ArraySpec) -> str | None:
    """Compare the values of a block's good samples with the range that the stage declares."""
    rows = store.rows(name, np.arange(record.start, record.stop))[record.states() == OK]
    if rows.dtype.kind == "f":
        missing = np.isnan(rows)
        if missing.any() and not spec.nan:
            return f"array '{name}' holds NaN"
        rows = rows[~missing]
    if spec.low is not None and (rows < spec.low).any():
        return f"array '{name}' holds {rows.min()}, below {spec.low}"
    if spec.high is not None and (rows > spec.high).any():
        return f"array '{name}' holds {rows.max()}, above {spec.high}"
    return None
