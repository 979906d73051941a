"""Creation of a store's arrays: Zarr v3 metadata, and the small tables that are written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import zarr
import zarr.storage
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from ptx.pipeline.storage.arrays import ArraySpec
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.files import write_json
from ptx.pipeline.storage.json_values import Json

GROUP_FILE = "zarr.json"
"""File with the metadata of a Zarr group: once it is there, so is the store."""

LARGE_SAMPLE = 16384
"""Bytes of a sample from which on each is a chunk of its own, so that single ones are read fast."""

TABLE_CHUNK = 65536
"""Rows of a chunk of a table, at most."""


def create_arrays(
    folder: Path,
    specs: Mapping[str, ArraySpec],
    attributes: StoreAttributes,
    tables: Mapping[str, NDArray[np.generic]],
) -> None:
    """Write a Zarr group with empty arrays and full tables into a folder; the group's own metadata come last."""
    root = zarr.storage.LocalStore(folder)
    for name, spec in specs.items():
        _create_array(root, name, attributes.count, attributes.block, spec)
    for name, table in tables.items():
        array = zarr.create_array(root, name=name, shape=table.shape, dtype=table.dtype, chunks=_table_chunks(table))
        array[...] = table
    group: Json = {"zarr_format": 3, "node_type": "group", "attributes": {"ptx": attributes.as_json()}}
    write_json(folder / GROUP_FILE, group)


def _create_array(root: zarr.storage.LocalStore, name: str, count: int, block: int, spec: ArraySpec) -> None:
    itemsize = np.dtype(spec.dtype).itemsize
    zarr.create_array(
        root,
        name=name,
        shape=(count, *spec.shape),
        dtype=spec.dtype,
        chunks=(1 if spec.sample_bytes >= LARGE_SAMPLE else block, *spec.shape),
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


def _table_chunks(table: NDArray[np.generic]) -> tuple[int, ...]:
    return (max(1, min(len(table), TABLE_CHUNK)), *(max(1, length) for length in table.shape[1:]))
