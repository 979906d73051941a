"""Bootstrap intervals: around the mean, as wide as theory says, of persons, and blind to pairs without a value."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ptx.evaluation.bootstrap import BOUNDS, Interval, interval


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


def test_persons_are_drawn_with_all_their_pairs() -> None:
    """Three persons with 1, 2 and 3 pairs: all 27 draws by hand, whose quantiles 20,000 draws come to."""
    values = np.array([1.0, 4.0, 6.0, 0.0, 3.0, 9.0])
    persons = np.array([7, 3, 3, 5, 5, 5])
    groups = {7: (1.0, 1), 3: (10.0, 2), 5: (12.0, 3)}  # sum, count
    means = []
    for drawn in itertools.product(groups, repeat=3):
        total, count = (sum(groups[person][part] for person in drawn) for part in (0, 1))
        means.append(total / count)
    ordered = np.sort(means)
    found = interval(values, persons, draws=20_000)
    assert found.mean == pytest.approx(23 / 6)
    # 1 of 27 draws is all of the lowest person and 1 all of the highest, .037 each: more than .025
    assert (found.low, found.high) == (pytest.approx(ordered[0]), pytest.approx(ordered[-1]))
    assert (ordered[0], ordered[-1]) == (1.0, 5.0)
    mixed = values[[3, 0, 5, 1, 4, 2]], persons[[3, 0, 5, 1, 4, 2]]
    assert interval(*mixed, draws=20_000) == found  # the order of the pairs does not matter
    lost = np.append(values, np.nan)
    assert interval(lost, np.append(persons, 99), draws=20_000) == found


def test_intervals_stay_those_of_earlier_reports() -> None:
    """2000 sets by a generator of seed 0, here drawn all at once."""
    values = np.random.default_rng(4).exponential(size=50)
    drawn = np.random.default_rng(0).integers(0, 50, (2000, 50))
    low, high = np.quantile(values[drawn].mean(1), (0.025, 0.975))
    assert interval(values) == (pytest.approx(values.mean()), pytest.approx(low), pytest.approx(high))


def test_one_pair_a_person_is_the_plain_bootstrap() -> None:
    values = np.random.default_rng(2).normal(size=40)
    assert interval(values, np.arange(40)) == interval(values)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """80 persons of 10 pairs whose values share most of their spread, as pairs of the same pictures do: 300 studies.

    The true mean is 0. 95 times in 100 it must be within; 600 studies with 400 draws each gave .948, and .525 where pairs are drawn.
    """
    rng = np.random.default_rng(3)
    persons = np.repeat(np.arange(80), 10)
    held = {"persons": 0, "pairs": 0}
    for study in range(300):
        values = rng.normal(size=80)[persons] + 0.5 * rng.normal(size=800)
        for name, groups in (("persons", persons), ("pairs", None)):
            found = interval(values, groups, seed=study, draws=200)
            held[name] += found.low <= 0 <= found.high
    assert 0.91 < held["persons"] / 300 < 0.99
    assert held["pairs"] / 300 < 0.60


def test_beyond_chance_is_said_of_intervals_without_zero_only() -> None:
    assert Interval(0.2, 0.1, 0.3).is_beyond_chance
    assert Interval(-0.2, -0.3, -0.1).is_beyond_chance
    assert not Interval(0.1, -0.1, 0.3).is_beyond_chance
    assert not Interval(0.1, 0.0, 0.3).is_beyond_chance
    assert not Interval(np.nan, np.nan, np.nan).is_beyond_chance
    assert BOUNDS == (0.025, 0.975)
