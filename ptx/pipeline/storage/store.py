"""Stores: one Zarr v3 group a stage, one shard a block, and a record beside it for each block that is whole.

WORKSPACE/flow.zarr/        the arrays; attributes hold the manifest
WORKSPACE/flow.blocks/      a record of each committed block, written last, after the shards have reached the disk
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.core.metadata import ArrayV3Metadata

from ptx.pipeline.errors import Problem, PtxError, name_bytes, one_line
from ptx.pipeline.storage.arrays import ArraySpec, Scalar
from ptx.pipeline.storage.attributes import FORMAT, OtherFormat, StoreAttributes
from ptx.pipeline.storage.creation import GROUP_FILE, create_arrays
from ptx.pipeline.storage.json_values import decode_json
from ptx.pipeline.storage.records import Record, Records, ShardFile
from ptx.pipeline.storage.shards import Damaged, Layout, encode_shard, read_shard
from ptx.pipeline.storage.storage import Busy, Storage


@dataclass(frozen=True)
class Store:
    """The arrays and records of one stage in a workspace."""

    storage: Storage
    name: str

    def __str__(self) -> str:
        """The Zarr group as messages name it."""
        return f"{self.storage}/{self.group}"

    @property
    def group(self) -> str:
        """Name of the Zarr group in the workspace."""
        return f"{self.name}.zarr"

    @property
    def records_folder(self) -> str:
        """Name of the folder of block records in the workspace."""
        return f"{self.name}.blocks"

    @property
    def group_file(self) -> str:
        """Name of the file with the group's metadata."""
        return f"{self.group}/{GROUP_FILE}"

    def exists(self) -> bool:
        """True where the store has been created."""
        return self.storage.exists(self.group_file)

    @cached_property
    def attributes(self) -> StoreAttributes:
        """Its size and its manifest, read once.

        Raises:
            PtxError: it was written by a newer ptx, or by something else.
        """
        try:
            return StoreAttributes.from_group(decode_json(self.storage.get(self.group_file)))
        except OtherFormat as error:
            raise PtxError(
                f"{self} has store format {error.number}, this ptx reads {FORMAT}: "
                "use the ptx that wrote it, or name another `workspace:`"
            ) from None
        except (KeyError, TypeError):
            raise PtxError(f"{self} was not written by ptx: name another `workspace:`, or move it away") from None

    @property
    def count(self) -> int:
        """Number of samples."""
        return self.attributes.count

    @property
    def block(self) -> int:
        """Samples of a block."""
        return self.attributes.block

    # --- life -------------------------------------------------------------------------------------------------------------------

    def create(
        self,
        specs: Mapping[str, ArraySpec],
        attributes: StoreAttributes,
        tables: Mapping[str, NDArray[np.generic]] | None = None,
    ) -> None:
        """Lay out empty arrays, and small tables that are written whole. The store appears at once; old records go.

        Raises:
            PtxError: the disk is full or may not be written.
        """
        with self.storage.publishing(self.group, last=GROUP_FILE) as folder:
            create_arrays(folder, specs, attributes, tables or {})
            self.storage.remove_tree(self.records_folder)

    def delete(self) -> None:
        """Remove it with its records."""
        self.storage.remove(self.group_file)  # first: what a kill leaves is no store
        self.storage.remove_tree(self.records_folder)
        self.storage.remove_tree(self.group)

    # --- writing -----------------------------------------------------------------------------------------------------------------

    def commit(
        self,
        block: int,
        arrays: Mapping[str, NDArray[np.generic]],
        bad: Mapping[int, Problem],
        skipped: Sequence[int],
        reread: Mapping[int, tuple[int, ...]] | None = None,
    ) -> Record:
        """Write a block's shards, flush them to the disk, then record the block as done; the caller holds the block's lock."""
        start, stop = self.records.bounds(block)
        files: dict[str, ShardFile] = {}
        for name, rows in arrays.items():
            data = encode_shard(self._layout(name), rows)
            self.storage.put(self.shard_file(name, block), data)
            files[name] = ShardFile(len(data), zlib.crc32(data))
        record = Record(start, stop, files, dict(bad), list(skipped), dict(reread or {}))
        self.records.put(block, record)
        return record

    # --- reading -----------------------------------------------------------------------------------------------------------------

    def array(self, name: str) -> zarr.Array[ArrayV3Metadata]:
        """Return an array of the group; opened once."""
        if name not in self._arrays:
            array = zarr.open_array(self.storage.zarr_store(f"{self.group}/{name}"), mode="r", zarr_format=3)
            self._arrays[name] = array
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, zarr.Array[ArrayV3Metadata]]:
        return {}

    def read(self, name: str, index: NDArray[np.int64], kind: type[Scalar]) -> NDArray[Scalar]:
        """Read rows of an array whose values are known to be of type `kind`, such as `np.float32`; otherwise as `rows`."""
        return np.asarray(self.rows(name, index), kind)

    def rows(self, name: str, index: NDArray[np.int64]) -> NDArray[np.generic]:
        """Read rows of an array, in the order asked for; neighbours are read together.

        Args:
            name: of the array.
            index: (n,) numbers of samples.

        Returns:
            (n, *shape of a sample), of the stored type.

        Raises:
            PtxError: a chunk does not match its checksum; names the block and the cure.
        """
        layout = self._layout(name)
        rows, positions = np.unique(index, return_inverse=True)
        out = np.empty((len(rows), *layout.shape), layout.dtype)
        for first, last in _runs(rows, self.block):
            block, start = divmod(int(rows[first]), self.block)
            try:
                with self.storage.open(self.shard_file(name, block)) as file:
                    out[first:last] = read_shard(layout, file, start, start + last - first)
            except (Damaged, OSError) as error:
                raise self._damaged(name, block, error) from error
        return out if np.array_equal(positions, np.arange(len(rows))) else out[positions]

    def has(self, name: str) -> bool:
        """Return True if there is an array or a table of this name."""
        return self.storage.exists(f"{self.group}/{name}/{GROUP_FILE}")

    def table(self, name: str, kind: type[Scalar]) -> NDArray[Scalar]:
        """Read a small array that was written when the store was created, and whose values are of type `kind`."""
        return np.asarray(self.array(name)[...], kind)

    def _layout(self, name: str) -> Layout:
        """Return how an array's rows lie in its shards; read once."""
        if name not in self._layouts:
            self._layouts[name] = Layout.of(self.array(name))
        return self._layouts[name]

    @cached_property
    def _layouts(self) -> dict[str, Layout]:
        return {}

    def _damaged(self, name: str, block: int, error: Exception) -> PtxError:
        start, stop = self.records.bounds(block)
        stage = self.attributes.stage
        return PtxError(
            f"{self}: array '{name}' is damaged in block {block} (samples {start} to {stop - 1}; {one_line(error)}). "
            f"`ptx verify {stage} --drop` forgets damaged blocks, then `ptx run {stage}` computes them again."
        )

    def shard_file(self, name: str, block: int) -> str:
        """Name of the file that holds a block of an array."""
        zeros = ["0"] * len(self._layout(name).shape)
        return "/".join([self.group, name, "c", str(block), *zeros])

    # --- records -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def records(self) -> Records:
        """The records of its committed blocks."""
        return Records(self.storage, self.records_folder, self.count, self.block)

    def lock_block(self, block: int, *, wait: bool) -> AbstractContextManager[None]:
        """Hold the lock of whoever computes a block; raises Busy where another has it and `wait` is false."""
        return self.storage.lock(f".locks/{self.name}/{block:08d}", wait=wait)

    def pack_records(self) -> None:
        """Put the records of long stretches of finished blocks together; leaves it to another process that is at it."""
        with suppress(Busy), self.storage.lock(f".locks/{self.name}.pack", wait=False):
            self.records.pack(lambda block: self.lock_block(block, wait=False))


def _runs(rows: NDArray[np.int64], block: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches [first, last) of a sorted array that are consecutive numbers in one block."""
    if not len(rows):
        return
    breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(rows // block) != 0)) + 1
    yield from zip([0, *breaks.tolist()], [*breaks.tolist(), len(rows)], strict=True)


def encode_strings(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Encode N strings as (N, width) UTF-8 bytes padded with zeros, a form that every Zarr reader can open.

    Names of files that are no UTF-8 keep their bytes.
    """
    encoded = [name_bytes(text) for text in texts]
    width = max([1, *(len(one) for one in encoded)])
    return np.array(encoded, dtype=f"S{width}").view(np.uint8).reshape(len(encoded), width)


def decode_strings(table: NDArray[np.uint8]) -> list[str]:
    """Invert `encode_strings`."""
    width = table.shape[1]
    return [
        row.decode("utf-8", "surrogateescape") for row in np.ascontiguousarray(table).view(f"S{width}").ravel().tolist()
    ]
