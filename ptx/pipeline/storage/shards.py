"""The bytes of a shard, written and read without zarr's event loop: a third of a millisecond less per sample each way.

The files are those of Zarr v3's sharding codec (specification "sharding_indexed" 1.0): compressed chunks one after the
other, then for each chunk its offset and length as uint64, then the CRC-32C of that index. Each chunk ends in its own
CRC-32C. Byte for byte what zarr itself writes, and read by any Zarr v3 reader; tests hold both against zarr.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

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
"""Names of Blosc's shuffles in Zarr's metadata → their numbers in numcodecs."""

CRC_BYTES = 4
"""Bytes of a CRC-32C, little-endian."""


class Damaged(ValueError):
    """The bytes of a shard are not those that were written."""


@dataclass(frozen=True)
class Layout:
    """The way in which the rows of one array lie in its shards."""

    block: int
    """Rows of a shard."""
    chunk: int
    """Rows of a chunk; divides the block."""
    shape: tuple[int, ...]
    """Shape of one row."""
    dtype: np.dtype[np.generic]
    """Type of the values, little-endian."""
    fill: float
    """Value of rows that were not written."""
    cname: str
    """Blosc's compressor."""
    level: int
    """Blosc's level of compression."""
    shuffle: str
    """Blosc's shuffle, as Zarr names it."""

    @classmethod
    def of(cls, array: zarr.Array[ArrayV3Metadata]) -> Layout:
        """Read the layout of an array that `Store.create` made."""
        assert isinstance(array.metadata, ArrayV3Metadata)
        sharding = array.metadata.codecs[0]
        assert isinstance(sharding, ShardingCodec)
        codec = next(c for c in sharding.codecs if isinstance(c, BloscCodec))
        assert array.shards is not None
        return cls(
            block=array.shards[0],
            chunk=array.chunks[0],
            shape=array.shape[1:],
            dtype=np.dtype(array.dtype).newbyteorder("<"),
            fill=float(np.asarray(array.fill_value)),
            cname=str(codec.cname.value),
            level=codec.clevel,
            shuffle=str(codec.shuffle.value),
        )

    @property
    def chunks(self) -> int:
        """Chunks of a shard."""
        return self.block // self.chunk

    @cached_property
    def codec(self) -> blosc.Blosc:
        """The compressor."""
        return blosc.Blosc(self.cname, self.level, SHUFFLES[self.shuffle], 0, typesize=self.dtype.itemsize)


def encode_shard(layout: Layout, rows: NDArray[np.generic]) -> bytes:
    """Encode the shard that begins with these rows (at most a block of them); chunks beyond them are left out."""
    index = np.full((layout.chunks, 2), MISSING, "<u8")
    parts: list[bytes] = []
    offset = 0
    for number, first in enumerate(range(0, len(rows), layout.chunk)):
        chunk = np.ascontiguousarray(rows[first : first + layout.chunk], layout.dtype)
        if len(chunk) < layout.chunk:
            whole = np.full((layout.chunk, *layout.shape), layout.fill, layout.dtype)
            whole[: len(chunk)] = chunk
            chunk = whole
        packed = bytes(layout.codec.encode(chunk.reshape(-1).view(np.uint8)))
        parts += [packed, _crc(packed)]
        index[number] = offset, len(packed) + CRC_BYTES
        offset += len(packed) + CRC_BYTES
    table = index.tobytes()
    return b"".join([*parts, table, _crc(table)])


def read_shard(layout: Layout, file: BinaryIO, start: int, stop: int) -> NDArray[np.generic]:
    """Read rows start to stop of a shard (stop - start, *shape); its other chunks are not read.

    Raises:
        Damaged: a checksum does not match, or the file is cut short.
        OSError: the file cannot be read.
    """
    out = np.empty((stop - start, *layout.shape), layout.dtype)
    first = start // layout.chunk
    last = -(-stop // layout.chunk)
    index = _read_index(layout, file)[first:last]
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


def _read_index(layout: Layout, file: BinaryIO) -> NDArray[np.uint64]:
    """Read the index at a shard's end: (chunks, 2) offset and length of each chunk, in bytes."""
    size = 16 * layout.chunks + CRC_BYTES
    if file.seek(0, 2) < size:
        raise Damaged("the file is cut short")
    file.seek(-size, 2)
    return np.frombuffer(_checked(file.read(size)), "<u8").reshape(-1, 2)


def _unpack(layout: Layout, packed: memoryview) -> bytes:
    try:
        data = bytes(layout.codec.decode(packed))
    except RuntimeError as error:
        raise Damaged(str(error)) from error
    if len(data) != layout.chunk * layout.dtype.itemsize * int(np.prod(layout.shape)):
        raise Damaged("a chunk has the wrong size")
    return data


def _crc(data: bytes | memoryview) -> bytes:
    return int(google_crc32c.value(bytes(data))).to_bytes(CRC_BYTES, "little")


def _checked(data: bytes | memoryview) -> memoryview:
    """Return the data without the checksum at its end; raises Damaged where it does not match."""
    view = memoryview(data)
    if len(view) < CRC_BYTES or _crc(view[:-CRC_BYTES]) != bytes(view[-CRC_BYTES:]):
        raise Damaged("stored and computed checksum do not match")
    return view[:-CRC_BYTES]
