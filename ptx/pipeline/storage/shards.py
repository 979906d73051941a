"""The bytes of a shard, written and read without zarr's event loop: a third of a millisecond less per sample each way.

The files are those of Zarr v3's sharding codec (specification "sharding_indexed" 1.0): compressed chunks one after the
other, then for each chunk its offset and length as uint64, then the CRC-32C of that index. Each chunk ends in its own
CRC-32C. Byte for byte what zarr itself writes, and read by any Zarr v3 reader; tests hold both against zarr.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import zarr
from numcodecs import blosc
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, ShardingCodec
from zarr.core.metadata import ArrayV3Metadata

blosc.use_threads = False  # with threads the order of a chunk's parts depends on which ended first

MISSING = np.iinfo(np.uint64).max
"""Offset and length of a chunk that was not written."""

SHUFFLES = {"noshuffle": blosc.NOSHUFFLE, "shuffle": blosc.SHUFFLE, "bitshuffle": blosc.BITSHUFFLE}


class Damaged(ValueError):
    """A shard's bytes are not what was written."""


@dataclass(frozen=True)
class Layout:
    """How the rows of one array lie in its shards."""

    block: int
    """Rows of a shard."""
    chunk: int
    """Rows of a chunk; divides the block."""
    shape: tuple[int, ...]
    """Of one row."""
    dtype: np.dtype[Any]
    fill: Any
    cname: str
    level: int
    shuffle: str

    @classmethod
    def of(cls, array: zarr.Array) -> Layout:
        """The layout of an array that `Store.create` made."""
        assert isinstance(array.metadata, ArrayV3Metadata)
        sharding = array.metadata.codecs[0]
        assert isinstance(sharding, ShardingCodec)
        codec = next(c for c in sharding.codecs if isinstance(c, BloscCodec))
        assert array.shards is not None
        dtype = np.dtype(array.dtype).newbyteorder("<")
        names = str(codec.cname.value), codec.clevel, str(codec.shuffle.value)
        return cls(array.shards[0], array.chunks[0], array.shape[1:], dtype, array.fill_value, *names)

    @property
    def chunks(self) -> int:
        """Chunks of a shard."""
        return self.block // self.chunk

    @cached_property
    def codec(self) -> blosc.Blosc:
        """The compressor."""
        return blosc.Blosc(self.cname, self.level, SHUFFLES[self.shuffle], 0, typesize=self.dtype.itemsize)


def encode_shard(layout: Layout, rows: NDArray[Any]) -> bytes:
    """The shard that begins with these rows (at most a block of them); chunks beyond them are left out."""
    index = np.full((layout.chunks, 2), MISSING, "<u8")
    parts, offset = [], 0
    for number, first in enumerate(range(0, len(rows), layout.chunk)):
        chunk = np.ascontiguousarray(rows[first : first + layout.chunk], layout.dtype)
        if len(chunk) < layout.chunk:
            whole = np.full((layout.chunk, *layout.shape), layout.fill, layout.dtype)
            whole[: len(chunk)] = chunk
            chunk = whole
        packed = bytes(layout.codec.encode(chunk.reshape(-1).view(np.uint8)))
        parts += [packed, _crc(packed)]
        index[number] = offset, len(packed) + 4
        offset += len(packed) + 4
    table = index.tobytes()
    return b"".join([*parts, table, _crc(table)])


def read_shard(layout: Layout, path: Path, start: int, stop: int) -> NDArray[Any]:
    """Rows start to stop of a shard (stop - start, *shape); its other chunks are not read.

    Raises:
        Damaged: a checksum does not match, or the file is cut short.
        OSError: the file is not there.
    """
    out = np.empty((stop - start, *layout.shape), layout.dtype)
    first, last = start // layout.chunk, -(-stop // layout.chunk)
    with path.open("rb") as file:
        size = 16 * layout.chunks + 4
        if file.seek(0, 2) < size:
            raise Damaged("the file is cut short")
        file.seek(-size, 2)
        index = np.frombuffer(_checked(file.read(size)), "<u8").reshape(-1, 2)[first:last]
        written = index[index[:, 0] != MISSING].astype(np.int64)
        low = int(written[:, 0].min(initial=0 if not len(written) else written[0, 0]))
        file.seek(low)
        data = memoryview(file.read(int(written.sum(1).max(initial=low)) - low))
    for number, (offset, length) in enumerate(index.tolist(), first):
        rows = slice(max(number * layout.chunk, start) - start, min((number + 1) * layout.chunk, stop) - start)
        if offset == MISSING:
            out[rows] = layout.fill
            continue
        packed = _checked(data[offset - low : offset - low + length])
        chunk = np.frombuffer(_unpack(layout, packed), layout.dtype).reshape(-1, *layout.shape)
        skip = max(start - number * layout.chunk, 0)
        out[rows] = chunk[skip : skip + rows.stop - rows.start]
    return out


def _unpack(layout: Layout, packed: memoryview) -> bytes:
    try:
        data = bytes(layout.codec.decode(packed))
    except RuntimeError as error:
        raise Damaged(str(error)) from error
    if len(data) != layout.chunk * layout.dtype.itemsize * int(np.prod(layout.shape)):
        raise Damaged("a chunk has the wrong size")
    return data


def _crc(data: bytes | memoryview) -> bytes:
    return int(google_crc32c.value(bytes(data))).to_bytes(4, "little")


def _checked(data: bytes | memoryview) -> memoryview:
    """The data without its checksum."""
    view = memoryview(data)
    if len(view) < 4 or _crc(view[:-4]) != bytes(view[-4:]):
        raise Damaged("stored and computed checksum do not match")
    return view[:-4]
