"""Persons who are in training and in testing: what a model has seen of them, the test pairs would measure again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Person = TypeVar("Person", int, str)


def persons_in_both(persons: Sequence[Person], splits: NDArray[np.uint8]) -> list[Person]:
    """Return the persons with images in training and in testing, in the order in which they first appear.

    Args:
        persons: number or name of the person of each of N images.
        splits: (N,) 0 training, 1 testing.
    """
    splits_of: dict[Person, set[int]] = {}
    for person, split in zip(persons, np.asarray(splits).tolist(), strict=True):
        splits_of.setdefault(person, set()).add(split)
    return [person for person, own in splits_of.items() if len(own) > 1]
