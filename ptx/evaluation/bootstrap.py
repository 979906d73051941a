"""Confidence intervals by the percentile bootstrap over persons.

Pairs of one person are alike: the same clothes, the same light, the same pictures as target and as source. So the pairs of a person are
drawn together (the cluster bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). An interval
that draws pairs one by one takes them for independent, and is too narrow.
"""

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

    @property
    def is_beyond_chance(self) -> bool:
        """True of a difference whose interval does not hold 0."""
        return self.low > 0 or self.high < 0


def interval(
    values: NDArray[np.float64], persons: NDArray[np.int64] | None = None, seed: int = 0, draws: int = DRAWS
) -> Interval:
    """Compute the mean of values and its 95 % interval.

    Args:
        values: (N,) one a pair; NaN marks a pair without a value.
        persons: (N,) number of the person of each, whose values are drawn together; None draws values one by one.
        seed: of the draws.
        draws: resampled sets.
    """
    valid = np.isfinite(values)
    if not valid.any():
        return Interval(np.nan, np.nan, np.nan)
    own = np.arange(valid.sum()) if persons is None else np.unique(persons[valid], return_inverse=True)[1]
    sums, counts = np.bincount(own, values[valid]), np.bincount(own)
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):  # one by one: all at once they would be draws × persons numbers
        drawn = rng.integers(0, len(sums), len(sums))
        means[draw] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, BOUNDS)
    return Interval(float(values[valid].mean()), float(low), float(high))
