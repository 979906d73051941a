"""Confidence intervals by the percentile bootstrap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BOUNDS = (0.025, 0.975)
"""Quantiles of the resampled means between which an interval of 95 % lies."""

DRAWS = 2000
"""Resampled sets."""


class Interval(NamedTuple):
    """A mean and the bounds of its 95 % confidence interval."""

    mean: float
    low: float
    high: float


def interval(values: NDArray[np.float64], seed: int = 0, draws: int = DRAWS) -> Interval:
    """Compute the mean of values (N,), one a pair, and its 95 % interval; NaN marks a pair without a value."""
    valid = values[np.isfinite(values)]
    if not len(valid):
        return Interval(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    means = valid[rng.integers(0, len(valid), (draws, len(valid)))].mean(1)
    low, high = np.quantile(means, BOUNDS)
    return Interval(float(valid.mean()), float(low), float(high))
