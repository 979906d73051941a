"""Bootstrap intervals: around the mean, as wide as theory says, and blind to pairs without a value."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.evaluation.bootstrap import interval


def test_interval_holds_the_mean_and_shrinks() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(5, 1, 20), rng.normal(5, 1, 2000)
    for values in (few, many):
        mean, low, high = interval(values)
        assert low < mean < high
    assert interval(np.append(few, np.nan)) == interval(few)
    wide, narrow = interval(few), interval(many)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3


def test_interval_of_many_values_is_the_normal_one() -> None:
    """Of n values it is ±1.96 standard errors around the mean."""
    values = np.random.default_rng(1).exponential(2.0, 5000)
    mean, low, high = interval(values)
    error = values.std() / np.sqrt(len(values))
    assert mean == values.mean()
    assert (mean - low, high - mean) == (pytest.approx(1.96 * error, rel=0.1), pytest.approx(1.96 * error, rel=0.1))


def test_without_values_there_is_no_interval() -> None:
    assert np.isnan(interval(np.full(3, np.nan))).all()
