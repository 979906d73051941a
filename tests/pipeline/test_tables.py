"""Which files of a store were replaced, by a store of four samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import Problem
from ptx.pipeline.storage.arrays import ArraySpec
from ptx.pipeline.storage.attributes import StoreAttributes
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.store import Store
from ptx.pipeline.tables import STAMP, changed_files, holds, replaced_files

STAMPS = np.array([[1, 10], [2, 20], [-1, -1], [4, 40]])
OWN = {"person": np.arange(4, dtype=np.int32)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Samples 0 and 1 are fine, 2 has no file, 3 was damaged."""
    made = Store(LocalStorage(tmp_path), "numbers")
    attributes = StoreAttributes(
        stage="numbers", count=4, block=2, manifest={}, fingerprint="", rebuilds=0, versions={}
    )
    made.create({"value": ArraySpec((1,), "i4")}, attributes, {**OWN, STAMP: STAMPS})
    rows = {"value": np.zeros((2, 1), np.int32)}
    made.commit(0, rows, {}, [])
    made.commit(1, rows, {2: Problem("missing_file", ""), 3: Problem("damaged_image", "")}, [])
    return made


def stamps(**changed: tuple[int, int]) -> np.ndarray:
    """The stamps with some changed: `s3=(5, 50)`."""
    out = STAMPS.copy()
    for name, stamp in changed.items():
        out[int(name[1:])] = stamp
    return out


def test_files_that_could_not_be_used_may_change(store: Store) -> None:
    assert holds(store, OWN, STAMPS)
    assert holds(store, OWN, stamps(s2=(7, 70), s3=(4, 39)))
    assert changed_files(store, stamps(s2=(7, 70), s3=(4, 39))).tolist() == [False, False, True, True]
    assert not holds(store, OWN, stamps(s1=(2, 19)))
    assert not holds(store, OWN, stamps(s0=(-1, -1)))
    assert not holds(store, {"person": np.zeros(4, np.int32)}, STAMPS)
    assert not holds(store, OWN, STAMPS[:3])
    assert not holds(store, OWN, np.hstack([STAMPS, STAMPS]))


def test_a_file_that_was_read_again_is_known_by_what_was_read(store: Store) -> None:
    store.commit(1, {"value": np.ones((2, 1), np.int32)}, {2: Problem("missing_file", "")}, [], {3: (5, 50)})
    assert holds(store, OWN, stamps(s3=(5, 50)))
    assert not holds(store, OWN, STAMPS)
    summary = store.records.summary()
    assert replaced_files(store, STAMPS, summary).tolist() == [False, False, False, True]
    assert not replaced_files(store, stamps(s3=(5, 50)), summary).any()


def test_samples_that_are_not_read_yet_may_change(store: Store) -> None:
    store.records.drop(0)
    assert holds(store, OWN, stamps(s0=(9, 90)))


def test_a_store_without_stamps_says_nothing(tmp_path: Path) -> None:
    made = Store(LocalStorage(tmp_path), "numbers")
    attributes = StoreAttributes(
        stage="numbers", count=4, block=2, manifest={}, fingerprint="", rebuilds=0, versions={}
    )
    made.create({"value": ArraySpec((1,), "i4")}, attributes, OWN)
    assert not holds(made, OWN, STAMPS)
