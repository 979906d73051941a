"""Scores of all pictures together, FID and the inception score, as one share a picture.

Such a score is no mean over pictures, so it says nothing of its own spread. Its shares do: they are the pseudo-values of the infinitesimal
jackknife (Jaeckel, 1972), the score plus what the score gains, to first order, for each unit of weight that one picture is given.
Their mean is the score itself; resampling them gives the interval that scoring resampled sets anew would, at no cost, and two methods
are compared picture by picture. Unlike sets drawn with repetitions, which FID takes for sets of less variety, they shift nothing. What
they do not show is that FID of few pictures is too high.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]


class Reference:
    """Features of the photographs that FID compares with."""

    def __init__(self, features: Array) -> None:
        """features (M, D)."""
        self.mean = features.mean(0)
        covariance = np.atleast_2d(np.cov(features, rowvar=False))
        values, vectors = linalg.eigh(covariance)
        self.trace = np.trace(covariance)
        self.root = vectors * np.sqrt(values.clip(0)) @ vectors.T

    def frechet_shares(self, features: Array) -> Array:
        """Shares (N,) of FID (Heusel et al., NIPS 2017): the Fréchet distance of the normal distributions of features (N, D) and these.

        The trace of (AB)^½, A and B their covariances, is the sum of the singular values of A^½ B^½; the features less their mean,
        times B^½ / √(N - 1), have the same ones, also where there are fewer pictures than features. NaN of a single picture.
        """
        if len(features) < 2:
            return np.full(len(features), np.nan)
        gap, off = features.mean(0) - self.mean, features - features.mean(0)
        free = len(off) - 1
        own, values, _ = linalg.svd(off @ self.root / np.sqrt(free), full_matrices=False)
        distance = gap @ gap + (off**2).sum() / free + self.trace - 2 * values.sum()
        gain = 2 * off @ gap + (off**2).sum(1) - free * (own**2 @ values)
        return distance + gain - gain.mean()


def inception_shares(probabilities: Array, splits: int = 10) -> Array:
    """Shares (N,) of the inception score of p(y|x) (N, C), in listing order (Salimans et al., NIPS 2016).

    The score is exp of the mean divergence of p(y|x) from p(y), mean over splits.
    """
    parts = np.array_split(probabilities, min(splits, len(probabilities)))
    divergences = [(p * (np.log(p + 1e-16) - np.log(p.mean(0, keepdims=True) + 1e-16))).sum(1) for p in parts]
    scores = [np.exp(d.mean()) for d in divergences]
    gains = [s * (d - d.mean()) / len(d) for s, d in zip(scores, divergences, strict=True)]
    return np.mean(scores) + np.concatenate(gains) * len(probabilities) / len(parts)
