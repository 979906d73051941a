"""Tables in a store beside its arrays: the data set, and the files that samples were read from.

A damaged file that is mended under its name makes nothing stale: nothing of it is in the store, and its sample is computed again by the
next run or retry. A file that was read and is replaced is another matter: the store then is that of other files.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.stage import Listing
from ptx.pipeline.storage.records import OK, Summary
from ptx.pipeline.storage.store import Store, encode_strings

STAMP = "stamp"
"""Table of the files' stamps (`Stage.stamps`) when the store was laid out; stores before 0.2 do not have it."""

Tables = Mapping[str, NDArray[np.generic]]


def listed_tables(listing: Listing) -> Tables:
    """Return the tables of images, persons and pairs, which the stage that lists the data set stores."""
    return {
        "id": encode_strings(listing.ids),
        "path": encode_strings(listing.paths),
        "person": np.asarray(listing.persons, np.int32),
        "split": np.asarray(listing.splits, np.uint8),
        "pair": np.asarray(listing.pairs, np.int32).reshape(-1, 2),
    }


def changed_files(store: Store, stamps: NDArray[np.int64], summary: Summary | None = None) -> NDArray[np.bool_]:
    """(N,) samples whose file is another than when the store was laid out, or, by its summary, than the one that was read last."""
    known = store.table(STAMP, np.int64)
    if known.shape != stamps.shape:
        return np.ones(len(stamps), np.bool_)
    if summary is not None:
        for sample, stamp in summary.reread.items():
            known[sample] = stamp
    changed: NDArray[np.bool_] = (known != stamps).any(axis=1)
    return changed


def holds(store: Store, tables: Tables, stamps: NDArray[np.int64]) -> bool:
    """Return True if a store has these tables and is of the files with these stamps, but for those it did not read or could not use."""
    if not store.has(STAMP) or store.count != len(stamps):
        return False
    for name, table in tables.items():
        stored = store.table(name, table.dtype.type)
        if not np.array_equal(stored, table):
            return False
    return not replaced_files(store, stamps, store.records.summary()).any()


def replaced_files(store: Store, stamps: NDArray[np.int64], summary: Summary) -> NDArray[np.bool_]:
    """(N,) samples that were made of another file than there is now."""
    replaced: NDArray[np.bool_] = changed_files(store, stamps, summary) & (summary.states == OK)
    return replaced
