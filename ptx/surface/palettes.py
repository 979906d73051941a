"""Colours of a thing as histograms in Lab that change along it: a sleeve and the hand below it, a shirt and the trousers.

Garment labels are learned likewise: which of them an arm shows, from the shoulder down, and which the trunk beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ptx.surface.layers import Image, Mask
from ptx.surface.points import Floats

Codes = NDArray[np.int64]

LOW, STEP, BINS = (0.0, -56.0, -56.0), (8.0, 7.0, 7.0), (13, 16, 16)
"""Lab at which the histograms begin, size of their bins, and how many there are."""

ALONG = 0.05
"""Metres of a row."""

FEW = 30.0
"""Pixels of one row that count as much as those of all rows."""

UNKNOWN = 0.02
"""Share of all pixels that may have any colour."""

RANGE = 3
"""Standard deviations to which histograms are smoothed."""


def colour_codes(image: Image) -> Codes:
    """Bins (H, W) of the colours of an image (H, W, 3)."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    code = np.zeros(image.shape[:2], np.int64)
    for axis, (low, step, bins) in enumerate(zip(LOW, STEP, BINS, strict=True)):
        code = code * bins + np.clip((lab[..., axis] - np.float32(low)) / np.float32(step), 0, bins - 1).astype(
            np.int64
        )
    return code


@dataclass(frozen=True)
class Palette:
    """Logarithms of the shares (R, C) of C colours, or labels, in R rows."""

    shares: Floats

    @classmethod
    def learn(cls, codes: Codes, metres: Floats, weights: Floats, labels: int = 0) -> Palette:
        """Learn from N pixels.

        Args:
            codes: (N,) bins of their colours, or labels.
            metres: (N,) places along the thing.
            weights: (N,) how far each counts.
            labels: how many labels there are, which are not alike as neighbouring bins are; 0: codes are colours.
        """
        rows, bins = rows_of(metres), (labels,) if labels else BINS
        count = int(rows.max(initial=0)) + 1
        colours = int(np.prod(bins))
        total = np.bincount(rows * colours + codes, weights, count * colours).astype(np.float32)
        smooth = total.reshape(count, *bins)
        for axis in range(1 if labels else smooth.ndim):
            smooth = gaussian_filter1d(smooth, 1.0, axis=axis, mode="nearest", truncate=RANGE)
        table = smooth.reshape(count, colours)
        every = (table.sum(0) + FEW / colours) / (table.sum() + FEW)
        share = (table + FEW * every) / (table.sum(1, keepdims=True) + FEW)
        return cls(np.log((1 - UNKNOWN) * share + UNKNOWN / colours).astype(np.float32))

    @classmethod
    def of_pixels(cls, codes: Codes, metres: Floats, where: Mask) -> Palette:
        """Learn from pixels (h, w) of a picture of codes (h, w), at places (h, w), that all count."""
        return cls.learn(codes[where], metres[where], np.ones(int(where.sum()), np.float32))

    def of(self, codes: Codes, metres: Floats) -> Floats:
        """Logarithms of the shares of colours (...) at places (...)."""
        return np.asarray(self.shares[np.minimum(rows_of(metres), len(self.shares) - 1), codes], np.float32)


def rows_of(metres: Floats) -> Codes:
    """Rows (...) of places (...) along a thing, in metres."""
    return np.asarray(np.maximum(metres / ALONG, 0), np.int64)


def tell_apart(
    codes: Codes, first: Mask, along_first: Floats, second: Mask, along_second: Floats, labels: int = 0
) -> tuple[Floats, Floats]:
    """Learn the colours of two things, each less from what looks like the other.

    Args:
        codes: (h, w) bins of all colours, or labels.
        first: (h, w) pixels of the first thing.
        along_first: (h, w) metres along it.
        second: (h, w) pixels of the second.
        along_second: (h, w) metres along that.
        labels: as for `Palette.learn`.

    Returns:
        Logarithms (h, w) of the shares of every pixel's colour in both.
    """
    weights = np.ones(codes.shape, np.float32)
    one = two = weights
    for _ in range(2):
        one = Palette.learn(codes[first], along_first[first], weights[first], labels).of(codes, along_first)
        two = Palette.learn(codes[second], along_second[second], weights[second], labels).of(codes, along_second)
        weights = np.where(first, _share(one - two), _share(two - one))
    return one, two


def _share(gap: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(gap, -20, 20))), np.float32)
