"""FID and the inception score, as one pseudo-value a picture.

Such a score belongs to a whole set of pictures, so it says nothing of its own spread. Its pseudo-values do. They are those of the
infinitesimal jackknife (Jaeckel, 1972): the score plus what it gains, to first order, for each unit of weight that is added to one
picture. Their mean is the score; resampling them gives the interval that scoring resampled sets anew would give, at no cost; and two
methods are compared picture by picture. Unlike sets drawn with repetitions, which FID takes for sets of less variety, they are not
biased. What they do not show is that FID of few pictures is too high.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

Array = NDArray[np.float64]

SPLITS = 10
"""Parts of a set over which the inception score is averaged."""


class Moments:
    """Mean and covariance of features that come in batches, so that none is kept (Chan, Golub and LeVeque, 1983)."""

    def __init__(self) -> None:
        self.count = 0
        """Features so far."""
        self.mean: Array = np.array([])
        """(D,)"""
        self._products: Array = np.array([])
        """(D, D) sum of the products of differences from the mean."""

    @classmethod
    def of(cls, features: Array) -> Moments:
        """Those of features (M, D)."""
        moments = cls()
        moments.add(features)
        return moments

    def add(self, features: Array) -> None:
        """Add a batch of features (B, D)."""
        mean = features.mean(0)
        centred = features - mean
        products = centred.T @ centred
        if self.count:
            gap = mean - self.mean
            total = self.count + len(features)
            products += self._products + np.outer(gap, gap) * (self.count * len(features) / total)
            mean = self.mean + gap * (len(features) / total)
        self.count += len(features)
        self.mean, self._products = mean, products

    @property
    def covariance(self) -> Array:
        """(D, D), of a sample; NaN of a single one."""
        return self._products / (self.count - 1) if self.count > 1 else np.full_like(self._products, np.nan)


class ReferenceSet:
    """The distribution of the features of the photographs that FID compares with."""

    def __init__(self, moments: Moments) -> None:
        self.mean = moments.mean
        covariance = moments.covariance
        values, vectors = linalg.eigh(covariance)
        self.trace = np.trace(covariance)
        self.root = vectors * np.sqrt(values.clip(0)) @ vectors.T

    def frechet_pseudo_values(self, features: Array) -> Array:
        """Compute the pseudo-values (N,) of FID (Heusel et al., NIPS 2017) of features (N, D); NaN of a single picture.

        FID is the Fréchet distance of the normal distributions of `features` and of the reference. The trace of (AB)^½, A and B their
        covariances, is the sum of the singular values of A^½ B^½; the centred features times B^½ / √(N - 1) have the same ones, also
        where there are fewer pictures than features.
        """
        if len(features) < 2:
            return np.full(len(features), np.nan)
        gap = features.mean(0) - self.mean
        centred = features - features.mean(0)
        freedom = len(features) - 1
        left, values, _ = linalg.svd(centred @ self.root / np.sqrt(freedom), full_matrices=False)
        distance = (gap**2).sum() + (centred**2).sum() / freedom + self.trace - 2 * values.sum()
        gain = 2 * centred @ gap + (centred**2).sum(1) - freedom * (left**2 @ values)
        return np.asarray(distance + gain - gain.mean(), np.float64)


def inception_pseudo_values(probabilities: Array, splits: int = SPLITS) -> Array:
    """Compute the pseudo-values (N,) of the inception score of p(y|x) (N, C), in listing order (Salimans et al., NIPS 2016).

    The score is exp of the mean divergence of p(y|x) from p(y), averaged over splits.
    """
    parts = np.array_split(probabilities, min(splits, len(probabilities)))
    divergences = [_divergences(part) for part in parts]
    scores = [np.exp(d.mean()) for d in divergences]
    gains = [np.exp(d.mean()) * (d - d.mean()) / len(d) for d in divergences]
    return np.asarray(np.mean(scores) + np.concatenate(gains) * len(probabilities) / len(parts), np.float64)


def _divergences(probabilities: Array) -> Array:
    """Kullback-Leibler divergence (N,) of every row (N, C) from the mean row."""
    return np.asarray(special.rel_entr(probabilities, probabilities.mean(0)).sum(1), np.float64)
