"""Stores: one Zarr v3 group a stage, one shard a block, and a record beside it for each block that is whole.

    WORKSPACE/flow.zarr/        the arrays; attributes say what made them
    WORKSPACE/flow.blocks/      a record of each committed block, written last, after the shards have reached the disk

WORKSPACE is a folder, or (`remote`) a place on an object store that behaves as one.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
import zarr.storage
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.stage import ArraySpec
from ptx.pipeline.storage import remote
from ptx.pipeline.storage.files import Busy, explain, lock, read_json, remove_tree, write_atomic, write_json
from ptx.pipeline.storage.records import Record, Records
from ptx.pipeline.storage.shards import Damaged, Layout, encode_shard, read_shard

FORMAT = 1
"""Raised when the layout on disk changes."""

GROUP = "zarr.json"
"""Metadata of a Zarr group: once it is there, so is the store."""


@dataclass(frozen=True)
class Store:
    """The arrays and records of one stage in a workspace."""

    workspace: Path
    name: str

    @property
    def path(self) -> Path:
        """The Zarr group."""
        return self.workspace / f"{self.name}.zarr"

    @property
    def records_path(self) -> Path:
        """The folder of block records."""
        return self.workspace / f"{self.name}.blocks"

    def exists(self) -> bool:
        """Whether the store has been created."""
        return (self.path / GROUP).exists()

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """What made it: format, stage, fingerprint document, digest, count, block, versions.

        Raises:
            PtxError: it was written by a newer ptx, or by something else.
        """
        meta = read_json(self.path / GROUP)
        ours = (meta or {}).get("attributes", {}).get("ptx")
        if not isinstance(ours, dict):
            raise PtxError(f"{self.path} was not written by ptx: name another `workspace:`, or move it away")
        if ours.get("format") != FORMAT:
            raise PtxError(
                f"{self.path} has store format {ours.get('format')}, this ptx reads {FORMAT}: "
                "use the ptx that wrote it, or name another `workspace:`"
            )
        return ours

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.attributes["count"])

    @property
    def block(self) -> int:
        """Samples a block."""
        return int(self.attributes["block"])

    def create(
        self, specs: Mapping[str, ArraySpec], attributes: Mapping[str, Any], tables: Mapping[str, NDArray[Any]]
    ) -> None:
        """Lay out empty arrays; `tables` are small arrays written whole. The store appears at once.

        Raises:
            PtxError: the disk is full or may not be written.
        """
        try:
            if isinstance(self.workspace, Path):
                making = self.workspace / f".making-{self.name}.zarr"
                remove_tree(making)
                _lay_out(making, specs, attributes, tables)
                remove_tree(self.records_path)
                self.records_path.mkdir(parents=True)
                making.rename(self.path)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    _lay_out(Path(folder), specs, attributes, tables)
                    remove_tree(self.records_path)
                    remote.publish(Path(folder), self.path, last=GROUP)
        except OSError as error:
            raise explain(error, self.path) from error

    # --- writing -----------------------------------------------------------------------------------------------------------------

    def commit(
        self, block: int, arrays: Mapping[str, NDArray[Any]], bad: Mapping[int, str], skipped: Sequence[int]
    ) -> Record:
        """Write a block's shards, flush them to the disk, then record the block as done. Call it with the block's lock held."""
        start, stop = self.records.bounds(block)
        files = {}
        for name, rows in arrays.items():
            data = encode_shard(self._layout(name), rows)
            write_atomic(self.shard_path(name, block), data)
            files[name] = {"bytes": len(data), "crc32": zlib.crc32(data)}
        record = Record(start, stop, files, dict(bad), list(skipped))
        self.records.put(block, record)
        return record

    # --- reading -----------------------------------------------------------------------------------------------------------------

    def array(self, name: str) -> zarr.Array:
        """An array of the group; opened once."""
        if name not in self._arrays:
            path = self.path / name
            self._arrays[name] = zarr.open_array(path if isinstance(path, Path) else remote.zarr_store(path), mode="r")
        return self._arrays[name]

    @cached_property
    def _arrays(self) -> dict[str, zarr.Array]:
        return {}

    def read(self, name: str, index: NDArray[np.int64]) -> NDArray[Any]:
        """Rows of an array, in the order asked for; neighbours are read together.

        Raises:
            PtxError: a chunk does not match its checksum; names the block and the cure.
        """
        layout = self._layout(name)
        rows, where = np.unique(index, return_inverse=True)
        out = np.empty((len(rows), *layout.shape), layout.dtype)
        for first, last in _runs(rows, self.block):
            block, start = divmod(int(rows[first]), self.block)
            try:
                out[first:last] = read_shard(layout, self.shard_path(name, block), start, start + last - first)
            except (Damaged, OSError) as error:
                raise self._damaged(name, block, error) from error
        return out if np.array_equal(where, np.arange(len(rows))) else out[where]

    def _layout(self, name: str) -> Layout:
        """How an array's rows lie in its shards; found out once."""
        if name not in self._layouts:
            self._layouts[name] = Layout.of(self.array(name))
        return self._layouts[name]

    @cached_property
    def _layouts(self) -> dict[str, Layout]:
        return {}

    def table(self, name: str) -> NDArray[Any]:
        """A small array written when the store was created."""
        return np.asarray(self.array(name)[...])

    def _damaged(self, name: str, block: int, error: Exception) -> PtxError:
        start, stop = self.records.bounds(block)
        stage = self.attributes.get("stage", self.name)
        return PtxError(
            f"{self.path}: array '{name}' is damaged in block {block} (samples {start} to {stop - 1}; {one_line(error)}). "
            f"`ptx verify {stage} --drop` forgets damaged blocks, then `ptx run {stage}` computes them again."
        )

    def shard_path(self, name: str, block: int) -> Path:
        """The file that holds a block of an array."""
        return self.path / name / "/".join(["c", str(block)] + ["0"] * len(self._layout(name).shape))

    # --- records -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def records(self) -> Records:
        """What is known of its committed blocks."""
        return Records(self.records_path, self.count, self.block)

    def lock_path(self, block: int) -> Path:
        """The lock of whoever computes a block."""
        return self.workspace / ".locks" / self.name / f"{block:08d}"

    def pack_records(self) -> None:
        """Put the records of long stretches of finished blocks together; leaves it to another process that is at it."""
        with suppress(Busy), lock(self.workspace / ".locks" / f"{self.name}.pack", wait=False):
            self.records.pack(lambda block: lock(self.lock_path(block), wait=False))


def _lay_out(
    folder: Path,
    specs: Mapping[str, ArraySpec],
    attributes: Mapping[str, Any],
    tables: Mapping[str, NDArray[Any]],
) -> None:
    root, count, block = zarr.storage.LocalStore(folder), int(attributes["count"]), int(attributes["block"])
    for name, spec in specs.items():
        _new_array(root, name, count, block, spec)
    for name, table in tables.items():
        chunks = _table_chunks(table)
        array = zarr.create_array(root, name=name, shape=table.shape, dtype=table.dtype, chunks=chunks)
        array[...] = table
    own = {"ptx": {"format": FORMAT, **attributes}}
    write_json(folder / GROUP, {"zarr_format": 3, "node_type": "group", "attributes": own})


def _new_array(root: zarr.storage.LocalStore, name: str, count: int, block: int, spec: ArraySpec) -> None:
    itemsize = np.dtype(spec.dtype).itemsize
    zarr.create_array(
        root,
        name=name,
        shape=(count, *spec.shape),
        dtype=spec.dtype,
        chunks=(1 if spec.sample_bytes >= 16384 else block, *spec.shape),
        shards=(block, *spec.shape),
        compressors=[
            BloscCodec(
                cname=spec.codec.name,
                clevel=spec.codec.level,
                shuffle="shuffle" if itemsize > 1 else "noshuffle",
                typesize=itemsize,
            ),
            Crc32cCodec(),
        ],
        fill_value=spec.fill,
        attributes=dict(spec.attributes),
    )


def _table_chunks(table: NDArray[Any]) -> tuple[int, ...]:
    return (max(1, min(len(table), 65536)), *(max(1, n) for n in table.shape[1:]))


def _runs(rows: NDArray[np.int64], block: int) -> Iterator[tuple[int, int]]:
    """Stretches [first, last) of a sorted array that are consecutive numbers in one block."""
    if not len(rows):
        return
    breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(rows // block) != 0)) + 1
    yield from zip([0, *breaks.tolist()], [*breaks.tolist(), len(rows)], strict=True)


def encode_strings(texts: Sequence[str]) -> NDArray[np.uint8]:
    """(N, width) UTF-8 bytes padded with zeros: strings in a form that every Zarr reader can open."""
    encoded = [t.encode() for t in texts]
    width = max([1, *(len(e) for e in encoded)])
    return np.array(encoded, dtype=f"S{width}").view(np.uint8).reshape(len(encoded), width)


def decode_strings(table: NDArray[np.uint8]) -> list[str]:
    """Inverse of `encode_strings`."""
    width = table.shape[1]
    return [b.decode() for b in np.ascontiguousarray(table).view(f"S{width}").ravel().tolist()]
