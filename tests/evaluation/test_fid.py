"""Scores of sets against analytic values, and their pseudo-values against derivatives and resampled sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.stats import entropy

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.fid import Moments, ReferenceSet, inception_pseudo_values

Array = NDArray[np.float64]


def frechet(a: Array, b: Array, weights: Array | None = None) -> float:
    """Of weighted features a (N, D) against b (M, D), by the general matrix root."""
    first, second = np.cov(a, rowvar=False, aweights=weights, ddof=0), np.cov(b, rowvar=False)
    gap = np.average(a, 0, weights) - b.mean(0)
    return float(gap @ gap + np.trace(first + second - 2 * sqrtm(first @ second).real))


def tables(seed: int, count: int, size: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(2, size, size))
    return rng.normal(size=(count, size)) @ mixing[0], rng.normal(size=(count + 9, size)) @ mixing[1] + 0.5


def guesses(seed: int, count: int, classes: int) -> Array:
    """Class probabilities (count, classes)."""
    scores = np.exp(2 * np.random.default_rng(seed).normal(size=(count, classes)))
    return scores / scores.sum(1, keepdims=True)


def test_frechet_distance_of_known_normals() -> None:
    """For commuting covariances: |m - n|² + sum of (s - t)² over the axes' deviations."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(200_000, 3))
    a, b = base * (1, 2, 3), rng.permutation(base) * (2, 2, 1) + (1, 0, 0)
    assert ReferenceSet(Moments.of(b)).frechet_pseudo_values(a).mean() == pytest.approx(1 + 1 + 0 + 4, rel=0.02)
    assert ReferenceSet(Moments.of(a)).frechet_pseudo_values(a).mean() == pytest.approx(0, abs=1e-6)
    assert np.isnan(ReferenceSet(Moments.of(b)).frechet_pseudo_values(a[:1])).all()


@pytest.mark.parametrize("count", [400, 30, 2])
def test_frechet_distance_by_singular_values(count: int) -> None:
    """The trace of (AB)^½ is the sum of singular values of the product of both centred tables; also where A and B have no full rank."""
    a, b = tables(1, count, 64)
    x, y = ((t - t.mean(0)) / np.sqrt(len(t) - 1) for t in (a, b))
    root = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * root
    assert ReferenceSet(Moments.of(b)).frechet_pseudo_values(a).mean() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
@given(st.integers(0, 1000), st.integers(0, 99))
def test_a_pseudo_value_is_what_more_weight_of_its_picture_adds(seed: int, picture: int) -> None:
    a, b = tables(seed, 4000, 4)
    gain = (
        ReferenceSet(Moments.of(b)).frechet_pseudo_values(a)[picture]
        - ReferenceSet(Moments.of(b)).frechet_pseudo_values(a).mean()
    )
    step, one = 1e-5, (np.arange(4000) == picture)
    more, less = (frechet(a, b, (1 - e) / 4000 + e * one) for e in (step, -step))
    assert gain == pytest.approx((more - less) / (2 * step), rel=0.02, abs=0.05)  # ours divides by N - 1


@pytest.mark.slow
def test_the_interval_is_that_of_other_pictures() -> None:
    """New sets of pictures scatter around the truth as the interval of one set says."""
    rng = np.random.default_rng(3)
    reference = ReferenceSet(Moments.of(rng.normal(size=(5000, 5))))
    sets = rng.normal(0.4, 1.3, (400, 600, 5)) ** 2
    scattered = [reference.frechet_pseudo_values(pictures).mean() for pictures in sets]
    widths = [np.ptp(interval(reference.frechet_pseudo_values(pictures))) for pictures in sets[:20]]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(scattered), rel=0.25)


def test_inception_score_of_known_classes() -> None:
    """Certain and evenly spread over C classes is C; no idea is 1."""
    certain = np.tile(np.eye(5), (20, 1))
    assert inception_pseudo_values(certain, splits=4) == pytest.approx(5)
    assert inception_pseudo_values(np.full((40, 5), 0.2)) == pytest.approx(1)


@pytest.mark.parametrize("count", [11, 237])
def test_inception_score_is_the_mean_over_splits_of_scipys_divergence(count: int) -> None:
    p = guesses(0, count, 6)
    parts = np.array_split(p, 10)
    wanted = np.mean([np.exp(np.mean([entropy(row, part.mean(0)) for row in part])) for part in parts])
    assert inception_pseudo_values(p).mean() == pytest.approx(wanted)


def weighted_inception_score(p: Array, weights: Array, splits: int) -> float:
    """Of pictures that count with weights (N,), by scipy's divergence."""
    scores = []
    for part, own in zip(np.array_split(p, splits), np.array_split(weights, splits), strict=True):
        marginal = np.average(part, 0, own)
        scores.append(np.exp(np.average([entropy(row, marginal) for row in part], weights=own)))
    return float(np.mean(scores))


def test_a_pseudo_value_of_the_inception_score_is_what_more_weight_of_its_picture_adds() -> None:
    p, splits, step = guesses(4, 11, 6), 2, 1e-5  # parts of 6 and 5
    ours = inception_pseudo_values(p, splits)
    for picture in range(11):
        one = np.arange(11) == picture
        more, less = (weighted_inception_score(p, (1 - e) / 11 + e * one, splits) for e in (step, -step))
        assert ours[picture] - ours.mean() == pytest.approx((more - less) / (2 * step), rel=1e-4, abs=1e-6)


def test_the_inception_scores_interval_is_that_of_other_pictures() -> None:
    scattered = [inception_pseudo_values(guesses(seed, 500, 6)).mean() for seed in range(300)]
    _, low, high = interval(inception_pseudo_values(guesses(999, 500, 6)))
    assert high - low == pytest.approx(2 * 1.96 * np.std(scattered), rel=0.25)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_moments_of_batches_are_those_of_the_whole(size: int) -> None:
    features = np.random.default_rng(0).normal(5, 2, (100, 4)) @ np.triu(np.ones((4, 4)))
    moments = Moments()
    for first in range(0, 100, size):
        moments.add(features[first : first + size])
    assert moments.count == 100
    np.testing.assert_allclose(moments.mean, features.mean(0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(features, rowvar=False), rtol=1e-10)
    np.testing.assert_allclose(Moments.of(features[:2]).covariance, np.cov(features[:2], rowvar=False), rtol=1e-10)
    assert np.isnan(Moments.of(features[:1]).covariance).all()
