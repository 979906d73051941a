"""Persons on whose pairs trainings choose their checkpoint: taken from those who are for training, never from the test persons."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.stage import Listing


def validation_images(listing: Listing, share: float) -> NDArray[np.bool_]:
    """Return (N,) True for the images of validation persons: this share of the persons of the training split, rounded.

    They are those whose first image's id hashes lowest, so that the choice hardly changes when other persons come.
    """
    persons = np.asarray(listing.persons, np.int64)
    first_id: dict[int, str] = {}
    for image, (person, split) in enumerate(zip(persons.tolist(), np.asarray(listing.splits).tolist(), strict=True)):
        if split == 0:
            first_id.setdefault(person, listing.ids[image])
    order = sorted(first_id, key=lambda person: hashlib.sha256(first_id[person].encode()).digest())
    chosen = order[: round(len(order) * share)]
    held_out: NDArray[np.bool_] = np.isin(persons, chosen) & (np.asarray(listing.splits) == 0)
    return held_out
