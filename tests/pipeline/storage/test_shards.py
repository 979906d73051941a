"""Shards are Zarr's own, byte for byte, and read back what zarr wrote."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import zarr
import zarr.storage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zarr.core.buffer import default_buffer_prototype

from ptx.pipeline.storage.arrays import ArraySpec, Codec
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.creation import create_arrays
from ptx.pipeline.storage.shards import Damaged, Layout, encode_shard, read_shard

SPECS = {
    "flow": ArraySpec((100, 90, 2), "i2", codec=Codec("zstd", 1)),
    "face": ArraySpec((80, 90), "i4", fill=-1, codec=Codec("lz4", 1)),
    "part": ArraySpec((200, 90), "u1", fill=2, codec=Codec("lz4", 1)),
    "keypoints": ArraySpec((18, 3), "f4", fill=float("nan"), codec=Codec("zstd", 3)),
    "energy": ArraySpec((), "f4"),
}


def array(folder: Path, name: str, count: int, block: int) -> zarr.Array:
    create_arrays(folder / "toy.zarr", SPECS, StoreAttributes("toy", count, block), {})
    return zarr.open_array(folder / "toy.zarr" / name, mode="a").with_config({"write_empty_chunks": True})


def sample(name: str, count: int, seed: int) -> np.ndarray:
    """Smooth in part, so that it compresses as real arrays do."""
    spec, rng = SPECS[name], np.random.default_rng(seed)
    noise = rng.integers(0, 50, (count, *spec.shape))
    return np.where(rng.random((count, *spec.shape)) < 0.2, noise, 7).astype(spec.dtype)


def zarrs_own(made: zarr.Array, rows: np.ndarray) -> bytes:
    """What zarr writes for the same rows in a shard of their own."""
    memory = zarr.storage.MemoryStore()
    assert made.shards is not None
    meta = made.metadata.to_dict() | {"shape": (made.shards[0], *made.shape[1:])}
    shard = zarr.Array.from_dict(zarr.storage.StorePath(memory), meta).with_config({"write_empty_chunks": True})
    shard[: len(rows)] = rows
    buffer = asyncio.run(memory.get("/".join(["c"] + ["0"] * made.ndim), default_buffer_prototype()))
    assert buffer is not None
    return buffer.to_bytes()


@pytest.mark.parametrize("name", list(SPECS))
@pytest.mark.parametrize("count", [1, 5, 8])
def test_same_bytes_as_zarr(tmp_path: Path, name: str, count: int) -> None:
    made = array(tmp_path, name, 8, 8)
    rows = sample(name, count, count)
    assert encode_shard(Layout.of(made), rows) == zarrs_own(made, rows)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(list(SPECS)), st.integers(1, 12), st.data())
def test_reads_what_zarr_wrote(
    tmp_path_factory: pytest.TempPathFactory, name: str, count: int, data: st.DataObject
) -> None:
    made = array(tmp_path_factory.mktemp("s"), name, count, 12)
    rows = sample(name, count, count)
    made[...] = rows
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    path = Path(str(made.store_path).removeprefix("file://")) / "/".join(["c"] + ["0"] * made.ndim)
    with path.open("rb") as file:
        assert np.array_equal(read_shard(Layout.of(made), file, start, stop), rows[start:stop])


def test_chunks_that_were_not_written_hold_the_fill_value(tmp_path: Path) -> None:
    layout = Layout.of(array(tmp_path, "face", 8, 8))
    file = BytesIO(encode_shard(layout, sample("face", 3, 0)))
    assert (read_shard(layout, file, 2, 6)[1:] == -1).all()


@pytest.mark.parametrize("cut", [1, 20, 100, 10_000])
def test_cut_short(tmp_path: Path, cut: int) -> None:
    layout = Layout.of(array(tmp_path, "part", 8, 8))
    data = encode_shard(layout, sample("part", 8, 0))
    with pytest.raises(Damaged):
        read_shard(layout, BytesIO(data[: max(0, len(data) - cut)]), 0, 8)
