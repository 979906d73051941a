"""Arrays of a new store, as any Zarr v3 reader sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr

from ptx.pipeline.storage.arrays import ArraySpec, Codec
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.creation import create_arrays

SPECS = {
    "flow": ArraySpec((100, 90, 2), "i2", codec=Codec("zstd", 1), attributes={"units": "px"}),
    "energy": ArraySpec((), "f4", fill=float("nan"), codec=Codec("lz4", 3)),
}
ATTRIBUTES = StoreAttributes(stage="toy", count=40, block=16)


def test_arrays_are_empty_and_described(tmp_path: Path) -> None:
    create_arrays(tmp_path, SPECS, ATTRIBUTES, {})
    group = zarr.open_group(tmp_path, mode="r")
    flow, energy = group["flow"], group["energy"]
    assert isinstance(flow, zarr.Array)
    assert isinstance(energy, zarr.Array)
    assert (flow.shape, flow.shards, flow.chunks) == ((40, 100, 90, 2), (16, 100, 90, 2), (1, 100, 90, 2))
    assert (energy.shape, energy.shards, energy.chunks) == ((40,), (16,), (16,))  # small samples share a chunk
    assert flow.attrs["units"] == "px"
    assert np.isnan(np.asarray(energy[...])).all()
    assert group.attrs["ptx"] == ATTRIBUTES.as_json()


def test_tables_are_whole(tmp_path: Path) -> None:
    pairs = np.arange(200_000, dtype=np.int32).reshape(-1, 2)
    none = np.zeros((0, 2), np.int32)
    create_arrays(tmp_path, {}, ATTRIBUTES, {"pair": pairs, "none": none})
    group = zarr.open_group(tmp_path, mode="r")
    pair, empty = group["pair"], group["none"]
    assert isinstance(pair, zarr.Array)
    assert isinstance(empty, zarr.Array)
    assert np.array_equal(np.asarray(pair[...]), pairs)
    assert empty.shape == (0, 2)
