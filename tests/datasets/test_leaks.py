"""Persons in training and in testing."""

from __future__ import annotations

import numpy as np

from ptx.datasets.leaks import persons_in_both


def test_persons_in_both() -> None:
    splits = np.array([0, 1, 0, 1, 1, 0], np.uint8)
    assert persons_in_both(["b", "b", "c", "d", "a", "a"], splits) == ["b", "a"]
    assert persons_in_both([1, 2, 1, 2, 2, 1], splits) == []
    assert persons_in_both([], splits[:0]) == []
