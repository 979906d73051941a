"""A few samples out of many."""

from __future__ import annotations

import pytest

from ptx.datasets.spread import spread


@pytest.mark.parametrize(
    ("count", "most", "chosen"), [(5, 9, [0, 1, 2, 3, 4]), (9, 3, [0, 4, 8]), (1, 3, [0]), (3, 1, [0]), (0, 3, [])]
)
def test_numbers_are_spread_evenly(count: int, most: int, chosen: list[int]) -> None:
    assert spread(count, most).tolist() == chosen
