"""Records of committed blocks: a block counts as done when its record is there.

    flow.blocks/00000012.json           one block: checksums of its shards, quarantined and skipped samples
    flow.blocks/packed/00000000.json    blocks 0 to 1023 together, once all of them are done

Workers write single records, the last thing that a commit does. Runs pack them, so that a million blocks are a thousand
files to read. A single record beside a pack is newer than the pack's record of its block. Every record holds its own
checksum; one that is damaged does not count, so that its block is computed again.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import Problem
from ptx.pipeline.storage.json_values import Json, as_int, as_list, as_object, as_str, decode_json, encode_json
from ptx.pipeline.storage.storage import Busy, Storage

PENDING = 0
"""State of a sample that is not computed yet."""
OK = 1
"""State of a sample that is done."""
BAD = 2
"""State of a sample that this stage quarantined."""
SKIPPED = 3
"""State of a sample that an earlier stage quarantined."""

BLOCKS_PER_PACK = 1024
"""Blocks whose records one pack holds."""

DROPPED = "dropped"
"""Stands for the record of a block that a pack calls done, and that is not any more."""

CHECKSUM_KEY = "crc32"
"""Key of a record's checksum in its JSON."""

BlockLock = Callable[[int], AbstractContextManager[None]]
"""Block → a context manager that holds the block's lock, or raises Busy."""


class ShardFile(NamedTuple):
    """Size and checksum of a written shard."""

    bytes: int
    crc32: int


@dataclass(frozen=True)
class Record:
    """A committed block."""

    start: int
    """First sample."""
    stop: int
    """The sample after the last."""
    files: Mapping[str, ShardFile]
    """Array name → its shard."""
    bad: Mapping[int, Problem]
    """Quarantined sample → why."""
    skipped: Sequence[int]
    """Samples that an earlier stage quarantined."""
    reread: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Sample → stamp of its file as it was read, where that is another than when the store was laid out."""

    def as_json(self) -> dict[str, Json]:
        """Return JSON values with a checksum; the same block gives the same bytes."""
        value: dict[str, Json] = {
            "start": self.start,
            "stop": self.stop,
            "files": {name: file._asdict() for name, file in self.files.items()},
            "bad": {str(sample): problem.stored for sample, problem in sorted(self.bad.items())},
            "skipped": list(self.skipped),
        }
        if self.reread:
            value["reread"] = {str(sample): list(stamp) for sample, stamp in sorted(self.reread.items())}
        return {**value, CHECKSUM_KEY: _checksum(value)}

    @classmethod
    def from_json(cls, value: Json) -> Record | None:
        """Read what `as_json` returned; None where the value is damaged, or no record."""
        try:
            fields = dict(as_object(value))
            checksum = fields.pop(CHECKSUM_KEY, None)  # records of older workspaces have none
            if checksum is not None and checksum != _checksum(fields):
                return None
            files = {name: _shard_file(file) for name, file in as_object(fields["files"]).items()}
            bad = {int(sample): Problem.parse(as_str(text)) for sample, text in as_object(fields["bad"]).items()}
            skipped = [as_int(sample) for sample in as_list(fields["skipped"])]
            reread = {int(sample): _stamp(stamp) for sample, stamp in as_object(fields.get("reread", {})).items()}
            return cls(as_int(fields["start"]), as_int(fields["stop"]), files, bad, skipped, reread)
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def bytes(self) -> int:
        """Bytes of its shards."""
        return sum(file.bytes for file in self.files.values())

    def states(self) -> NDArray[np.uint8]:
        """(stop - start,) states of its samples."""
        states = np.full(self.stop - self.start, OK, np.uint8)
        states[[sample - self.start for sample in self.bad]] = BAD
        states[[sample - self.start for sample in self.skipped]] = SKIPPED
        return states


def _shard_file(value: Json) -> ShardFile:
    fields = as_object(value)
    return ShardFile(as_int(fields["bytes"]), as_int(fields["crc32"]))


def _stamp(value: Json) -> tuple[int, ...]:
    return tuple(map(as_int, as_list(value)))


_CANONICAL = json.JSONEncoder(sort_keys=True)
"""Encoder of the text that a record's checksum is taken of; made once, since making it takes as long as using it."""


def _checksum(value: Mapping[str, Json]) -> int:
    return zlib.crc32(_CANONICAL.encode(value).encode())


@dataclass
class Summary:
    """All records of a store, summed up."""

    states: NDArray[np.uint8]
    """(N,) state of every sample."""
    bytes: int = 0
    """Bytes of all shards."""
    problems: dict[int, Problem] = field(default_factory=dict)
    """Quarantined sample → why."""
    reread: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Sample → stamp of its file, as `Record.reread`."""


@dataclass(frozen=True)
class Records:
    """The records of one store."""

    storage: Storage
    folder: str
    """Name of the folder that holds them."""
    count: int
    """Samples of the store."""
    block: int
    """Samples of a block; the last block may be short."""

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.count // self.block)

    def bounds(self, block: int) -> tuple[int, int]:
        """Return the first sample of a block, and the one after its last."""
        return block * self.block, min((block + 1) * self.block, self.count)

    def file(self, block: int) -> str:
        """Name of the file of a single record."""
        return f"{self.folder}/{block:08d}.json"

    def pack_file(self, pack: int) -> str:
        """Name of the file of a pack."""
        return f"{self.folder}/packed/{pack:08d}.json"

    def get(self, block: int) -> Record | None:
        """Read the record of a block; None where it is not done."""
        value = self._read(self.file(block))
        if value is None:
            pack = self._read_pack(block // BLOCKS_PER_PACK)
            value = pack[block % BLOCKS_PER_PACK] if pack else DROPPED
        return Record.from_json(value)

    def put(self, block: int, record: Record) -> None:
        """Write a record; the caller holds the block's lock."""
        self._write(self.file(block), record.as_json())

    def drop(self, block: int) -> None:
        """Forget that a block was done."""
        if self.storage.exists(self.pack_file(block // BLOCKS_PER_PACK)):
            self._write(self.file(block), DROPPED)
        else:
            self.storage.remove(self.file(block))

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        """Iterate over all committed blocks in order, with their records; one pack is held in memory at a time."""
        singles = self._singles()
        for pack in sorted({*self._packs(), *singles}):
            for block, value in sorted(self._values(pack, singles.get(pack, ())).items()):
                record = Record.from_json(value)
                if record is not None:
                    yield block, record

    def summary(self) -> Summary:
        """Read all records once and sum them up."""
        summary = Summary(np.full(self.count, PENDING, np.uint8))
        for _, record in self:
            summary.states[record.start : record.stop] = OK
            if record.bad or record.skipped:
                summary.states[record.start : record.stop] = record.states()
                summary.problems |= record.bad
            summary.reread |= record.reread
            summary.bytes += record.bytes
        return summary

    def pack(self, lock: BlockLock) -> None:
        """Put the single records of every stretch of `BLOCKS_PER_PACK` blocks that are all done into one file.

        A block's lock is held while its single record goes, so that a record that a worker writes meanwhile stays.
        """
        packed = set(self._packs())
        for pack, blocks in self._singles().items():
            if pack not in packed and len(blocks) < BLOCKS_PER_PACK:
                continue  # known without reading any of them
            values = self._values(pack, blocks)
            if len(values) < BLOCKS_PER_PACK or not all(map(Record.from_json, values.values())):
                continue
            self._write(self.pack_file(pack), [values[block] for block in sorted(values)])
            for block in blocks:
                with suppress(Busy), lock(block):
                    if self._read(self.file(block)) == values[block]:
                        self.storage.remove(self.file(block))

    def _values(self, pack: int, singles: Sequence[int]) -> dict[int, Json]:
        """Return block → its record as JSON or `DROPPED`, of one pack and the single records beside it."""
        values = dict(enumerate(self._read_pack(pack), pack * BLOCKS_PER_PACK))
        contents = self.storage.get_many([self.file(block) for block in singles])
        for block, value in zip(singles, map(decode_json, contents), strict=True):
            if value is not None and block < self.blocks:
                values[block] = value
        return values

    def _singles(self) -> dict[int, list[int]]:
        """Return pack → the blocks of it that have a single record."""
        singles: dict[int, list[int]] = {}
        for block in self._numbers(self.folder):
            singles.setdefault(block // BLOCKS_PER_PACK, []).append(block)
        return singles

    def _packs(self) -> list[int]:
        """Numbers of the packs."""
        return self._numbers(f"{self.folder}/packed")

    def _numbers(self, folder: str) -> list[int]:
        """Numbers of the files in a folder, which may not be there."""
        names = self.storage.names(folder)
        return sorted(int(name[:8]) for name in names if re.fullmatch(r"\d{8}\.json", name))

    def _read_pack(self, pack: int) -> Sequence[Json]:
        """Read a pack; empty where it is not there or damaged."""
        value = self._read(self.pack_file(pack))
        return value if isinstance(value, list) else []

    def _read(self, name: str) -> Json:
        return decode_json(self.storage.get(name))

    def _write(self, name: str, value: Json) -> None:
        self.storage.put(name, encode_json(value))
