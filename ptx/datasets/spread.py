"""A few samples out of many, spread evenly over the data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Return at most `most` of the numbers 0..count - 1 in ascending order, spread evenly from the first to the last."""
    if not count:
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))
