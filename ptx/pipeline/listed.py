"""The tables of the data set in the store of the stage that lists it, and which of its files are others by now.

A damaged picture that is mended under its name makes nothing stale: nothing of it is in the store, and it is read again by the next run
or retry. A picture that was read and is replaced is another matter: the store then is that of another data set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.stage import Listing
from ptx.pipeline.storage.records import OK, Summary
from ptx.pipeline.storage.store import Store, encode_strings

STAMP = "stamp"
"""Table of the files' stamps (`Listing.stamps`) when the store was laid out; stores before 0.2 do not have it."""


def tables_of(listing: Listing) -> dict[str, NDArray[np.generic]]:
    """Return the tables of images, persons and pairs that lie beside the arrays of the stage that lists the data set."""
    tables: dict[str, NDArray[np.generic]] = {
        "id": encode_strings(listing.ids),
        "path": encode_strings(listing.paths),
        "person": np.asarray(listing.persons, np.int32),
        "split": np.asarray(listing.splits, np.uint8),
        "pair": np.asarray(listing.pairs, np.int32).reshape(-1, 2),
    }
    return tables if listing.stamps is None else {**tables, STAMP: listing.stamps}


def changed_files(store: Store, listing: Listing) -> NDArray[np.bool_]:
    """(N,) images whose file is another than when the store was laid out; none where the store does not say."""
    if listing.stamps is None or not store.has(STAMP):
        return np.zeros(len(listing.ids), np.bool_)
    changed: NDArray[np.bool_] = (store.table(STAMP, np.int64) != listing.stamps).any(axis=1)
    return changed


def unread_files(store: Store, listing: Listing, summary: Summary) -> NDArray[np.bool_]:
    """(N,) images whose file is another than the one that was read last."""
    unread = changed_files(store, listing)
    for image in np.flatnonzero(unread).tolist():
        if image in summary.reread and listing.stamps is not None:
            unread[image] = summary.reread[image] != tuple(listing.stamps[image].tolist())
    return unread


def holds(store: Store, listing: Listing) -> bool:
    """Return True if a store holds what is to be read of this data set, but for images that it has not read or could not use."""
    if listing.stamps is None or not store.has(STAMP):
        return False
    for name, table in tables_of(listing).items():
        stored = store.table(name, table.dtype.type)
        if stored.shape != table.shape or (name != STAMP and not np.array_equal(stored, table)):
            return False
    summary = store.records.summary()
    return not (unread_files(store, listing, summary) & (summary.states == OK)).any()
