"""Stores: what is written is read, block by block; damage is found and named."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptx.pipeline.errors import Problem, PtxError
from ptx.pipeline.storage.arrays import ArraySpec
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.opening import open_storage
from ptx.pipeline.storage.records import BAD, OK, PENDING, SKIPPED
from ptx.pipeline.storage.storage import Busy
from ptx.pipeline.storage.store import Store, decode_strings, encode_strings

SPECS = {
    "flow": ArraySpec((96, 96, 2), "i2"),
    "keypoints": ArraySpec((18, 3), "f4", fill=float("nan"), nan=True),
    "energy": ArraySpec((), "f4"),
}


def make(folder: Path, count: int = 40, block: int = 16) -> Store:
    store = Store(LocalStorage(folder), "toy")
    store.create(SPECS, StoreAttributes("toy-stage", count, block))
    return store


def rows(store: Store, block: int, seed: int = 0) -> dict[str, np.ndarray]:
    start, stop = store.records.bounds(block)
    rng = np.random.default_rng([seed, block])
    return {n: rng.integers(-99, 99, (stop - start, *s.shape)).astype(s.dtype) for n, s in SPECS.items()}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = make(tmp_path)
    written = [rows(store, b) for b in range(3)]
    for b in (2, 0, 1):
        store.commit(b, written[b], {}, [])
    for name in SPECS:
        whole = np.concatenate([w[name] for w in written])
        assert (store.rows(name, np.arange(40)) == whole).all()
        picked = np.array([39, 3, 3, 17, 16])
        assert (store.rows(name, picked) == whole[picked]).all()
        read_by_zarr = zarr.open_array(tmp_path / store.group / name, mode="r")[...]  # any Zarr v3 reader can open it
        assert (np.asarray(read_by_zarr) == whole).all()


def test_bytes_do_not_depend_on_the_order_of_blocks(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    for block in range(3):
        a.commit(block, rows(a, block), {}, [])
    for block in (1, 2, 0):
        b.commit(block, rows(b, block), {}, [])

    def content(root: Path) -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_block_of_only_fill_value_is_there(tmp_path: Path) -> None:
    store = make(tmp_path)
    zero = {n: np.full((16, *s.shape), s.fill, s.dtype) for n, s in SPECS.items()}
    store.commit(0, zero, {}, [])
    assert all(store.storage.exists(store.shard_file(name, 0)) for name in SPECS)
    assert (store.read("flow", np.arange(16), np.int16) == 0).all()


def test_states_come_from_records(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.commit(1, rows(store, 1), {18: Problem("no_person", "nobody")}, [20, 21])
    states = store.records.summary().states
    assert (states[:16] == PENDING).all()
    assert (states[32:] == PENDING).all()
    assert states[18] == BAD
    assert set(np.flatnonzero(states == SKIPPED)) == {20, 21}
    assert (states[16:32] == OK).sum() == 13


@pytest.mark.parametrize("name", list(SPECS))
@pytest.mark.parametrize("place", [0.1, 0.5, 0.99])
def test_flipped_bit_is_an_error_that_names_block_and_cure(tmp_path: Path, name: str, place: float) -> None:
    store = make(tmp_path)
    for b in range(3):
        store.commit(b, rows(store, b), {}, [])
    path = tmp_path / store.shard_file(name, 1)
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 16
    path.write_bytes(data)
    with pytest.raises(
        PtxError,
        match=rf"'{name}' is damaged in block 1 \(samples 16 to 31.*ptx verify toy-stage --drop.*ptx run toy-stage",
    ):
        store.rows(name, np.arange(16, 32))
    store.rows(name, np.arange(16))


def test_foreign_group_is_refused(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "toy.zarr")
    with pytest.raises(PtxError, match="was not written by ptx"):
        Store(LocalStorage(tmp_path), "toy").attributes  # noqa: B018


def test_values_have_the_type_that_is_asked_for(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.commit(0, rows(store, 0), {}, [])
    assert store.rows("flow", np.arange(3)).dtype == np.int16
    assert store.read("flow", np.arange(3), np.int16).dtype == np.int16
    assert store.read("flow", np.arange(3), np.float32).dtype == np.float32


def test_tables_are_read_back(tmp_path: Path) -> None:
    store = Store(LocalStorage(tmp_path), "toy")
    pairs = np.array([(0, 1), (1, 0)], np.int32)
    store.create(SPECS, StoreAttributes("toy-stage", 2, 16), {"id": encode_strings(["a", "bc"]), "pair": pairs})
    assert decode_strings(store.table("id", np.uint8)) == ["a", "bc"]
    assert (store.table("pair", np.int32) == pairs).all()


@pytest.mark.parametrize("workspace", ["folder", "memory://store/w"])
def test_a_store_in_place_of_another_begins_with_nothing(tmp_path: Path, workspace: str) -> None:
    store = Store(open_storage(str(tmp_path / "w") if workspace == "folder" else workspace), "toy")
    store.create(SPECS, StoreAttributes("toy-stage", 40, 16))
    store.commit(0, rows(store, 0), {}, [])
    assert dict(store.records)
    store.delete()
    assert not store.exists()
    store = Store(store.storage, "toy")
    store.create(SPECS, StoreAttributes("toy-stage", 40, 16))
    assert not dict(store.records)


def test_a_block_is_locked_by_one(tmp_path: Path) -> None:
    store = make(tmp_path)
    with store.lock_block(1, wait=False):
        with pytest.raises(Busy), store.lock_block(1, wait=False):
            pass
        with store.lock_block(2, wait=False):
            pass


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20), min_size=1, max_size=10))
def test_strings_round_trip(texts: list[str]) -> None:
    assert decode_strings(encode_strings(texts)) == texts


def test_names_of_any_bytes_are_stored_as_they_are() -> None:
    name = os.fsdecode(b"caf\xe9")
    table = encode_strings([name, "ab"])
    assert table.tobytes() == b"caf\xe9ab\0\0"
    assert decode_strings(table) == [name, "ab"]
