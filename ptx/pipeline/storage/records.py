"""Records of committed blocks: a block counts as done when its record is there.

    flow.blocks/00000012.json           one block: checksums of its shards, bad and skipped samples
    flow.blocks/packed/00000000.json    blocks 0 to 1023 together, once all of them are done

Workers write single records, the last thing that a commit does. Runs pack them, so that a million blocks are a thousand
files to read. A single record beside a pack is newer than what the pack says of its block. Every record holds its own
checksum; one that is damaged does not count, so that its block is computed again.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.storage.files import Busy, list_names, read_json, read_jsons, remove, write_json

PENDING, OK, BAD, SKIPPED = 0, 1, 2, 3
"""States of a sample: not computed yet, done, quarantined by this stage, quarantined by an earlier one."""

PACK = 1024
"""Blocks of a pack."""

DROPPED = "dropped"
"""Stands for the record of a block that a pack calls done, and that is not any more."""

CHECKSUM = "crc32"

Guard = Callable[[int], Any]
"""Block → a context manager that holds the block's lock, or raises Busy."""


@dataclass(frozen=True)
class Record:
    """What is known of a committed block."""

    start: int
    stop: int
    files: Mapping[str, Mapping[str, int]]
    """Array name → bytes and crc32 of its shard."""
    bad: Mapping[int, str]
    """Sample → "code: reason"."""
    skipped: Sequence[int]

    def as_json(self) -> dict[str, Any]:
        """JSON with sorted keys and a checksum; the same block gives the same bytes."""
        value = {
            "start": self.start,
            "stop": self.stop,
            "files": {k: dict(v) for k, v in self.files.items()},
            "bad": {str(k): v for k, v in sorted(self.bad.items())},
            "skipped": list(self.skipped),
        }
        return {**value, CHECKSUM: _checksum(value)}

    @classmethod
    def from_json(cls, value: Any) -> Record | None:
        """Inverse of `as_json`; None where the value is damaged, or none."""
        try:
            told = value.get(CHECKSUM)  # records of older workspaces have none
            value = {k: v for k, v in value.items() if k != CHECKSUM}
            if told is not None and told != _checksum(value):
                return None
            bad = {int(k): str(v) for k, v in value["bad"].items()}
            return cls(value["start"], value["stop"], value["files"], bad, value["skipped"])
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    @property
    def bytes(self) -> int:
        """Of its shards."""
        return sum(file["bytes"] for file in self.files.values())

    def states(self) -> NDArray[np.uint8]:
        """(stop - start,) states of its samples."""
        states = np.full(self.stop - self.start, OK, np.uint8)
        states[[i - self.start for i in self.bad]] = BAD
        states[[i - self.start for i in self.skipped]] = SKIPPED
        return states


@dataclass
class Summary:
    """What all records say together."""

    states: NDArray[np.uint8]
    """(N,) state of every sample."""
    bytes: int = 0
    """Of all shards."""
    problems: dict[int, str] = field(default_factory=dict)
    """Quarantined sample → reason."""


@dataclass(frozen=True)
class Records:
    """The records of one store."""

    folder: Path
    count: int
    """Samples of the store."""
    block: int
    """Samples of a block; the last block may be short."""

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.block)

    def bounds(self, block: int) -> tuple[int, int]:
        """First sample of a block, and the one past its last."""
        return block * self.block, min((block + 1) * self.block, self.count)

    def path(self, block: int) -> Path:
        """The file of a single record."""
        return self.folder / f"{block:08d}.json"

    def pack_path(self, pack: int) -> Path:
        """The file of a pack."""
        return self.folder / "packed" / f"{pack:08d}.json"

    def get(self, block: int) -> Record | None:
        """The record of a block; None where it is not done."""
        value = read_json(self.path(block))
        if value is None:
            packed = read_json(self.pack_path(block // PACK))
            value = packed[block % PACK] if packed else DROPPED
        return Record.from_json(value)

    def put(self, block: int, record: Record) -> None:
        """Write a record; the caller holds the block's lock."""
        write_json(self.path(block), record.as_json())

    def drop(self, block: int) -> None:
        """Forget that a block was done."""
        if self.pack_path(block // PACK).exists():
            write_json(self.path(block), DROPPED)
        else:
            remove(self.path(block))

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        """All committed blocks in order, with their records; one pack is held at a time."""
        singles = self._singles()
        packs = _numbers(self.folder / "packed")
        for pack in sorted({*packs, *singles}):
            for block, value in sorted(self._values(pack, singles.get(pack, ())).items()):
                record = Record.from_json(value)
                if record is not None:
                    yield block, record

    def summary(self) -> Summary:
        """What they say together, read once."""
        found = Summary(np.full(self.count, PENDING, np.uint8))
        for _, record in self:
            found.states[record.start : record.stop] = OK
            if record.bad or record.skipped:
                found.states[record.start : record.stop] = record.states()
                found.problems |= record.bad
            found.bytes += record.bytes
        return found

    def pack(self, guard: Guard) -> None:
        """Put the single records of every stretch of `PACK` blocks that are all done into one file.

        `guard` holds a block's lock while its single record goes, so that what a worker writes meanwhile stays.
        """
        packed = set(_numbers(self.folder / "packed"))
        for pack, blocks in self._singles().items():
            if pack not in packed and len(blocks) < PACK:
                continue  # known without reading any of them
            values = self._values(pack, blocks)
            if len(values) < PACK or not all(map(Record.from_json, values.values())):
                continue
            write_json(self.pack_path(pack), [values[block] for block in sorted(values)])
            for block in blocks:
                with suppress(Busy), guard(block):
                    if read_json(self.path(block)) == values[block]:
                        remove(self.path(block))

    def _values(self, pack: int, singles: Sequence[int]) -> dict[int, Any]:
        """Block → its record as JSON or `DROPPED`, of one pack and the single records beside it."""
        packed = read_json(self.pack_path(pack)) or []
        values = dict(enumerate(packed, pack * PACK))
        found = read_jsons([self.path(block) for block in singles])
        return values | {b: v for b, v in zip(singles, found, strict=True) if v is not None and b < self.blocks}

    def _singles(self) -> dict[int, list[int]]:
        """Pack → blocks with a single record."""
        found: dict[int, list[int]] = {}
        for block in _numbers(self.folder):
            found.setdefault(block // PACK, []).append(block)
        return found


def _numbers(folder: Path) -> list[int]:
    """Numbers of the files in a folder, which may not be there."""
    return sorted(int(name[:8]) for name in list_names(folder) if re.fullmatch(r"\d{8}\.json", name))


def _checksum(value: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())
