"""Detections of persons: which are whole, which are of the same person, and images without those already detected."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Box, Image
from ptx.geometry.joints import HIPS, SHOULDERS

MIN_KEYPOINTS = 8
"""Fewest keypoints of a detection among several persons: with fewer nobody could be painted."""

MIN_TRUNK_KEYPOINTS = 2
"""Fewest shoulders and hips of such a detection."""

EXTENT_MARGIN = 0.15
"""Share of the longer side of a person's landmarks that is painted over all round."""

WINDOW_DIVISORS = (2, 3)
"""Parts of the image's longer side that the windows measure in which `detect_all` looks for small persons."""

SILHOUETTE_THRESHOLD = 0.3
"""Smallest value of the silhouette, 0 to 1, of the pixels that are painted over with a person."""

SILHOUETTE_REACH = 0.02
"""Share of the image's longer side that is painted over around them."""

SAME_PERSON_DISTANCE = 0.1
"""Median distance of the keypoints of two detections, as a share of the person's size, below which they are one person."""


@dataclass(frozen=True)
class Detection:
    """One person in one image."""

    keypoints: NDArray[np.float32]
    """(18, 3) x, y in px, confidence; a missing one is NaN, NaN, 0."""
    keypoints3d: NDArray[np.float32]
    """(18, 4) x right, y up, z towards the viewer, in metres; confidence."""
    extent: Box
    """Bounding box of all landmarks, also those guessed outside the image, px."""
    silhouette: NDArray[np.float32] | None = None
    """(H, W) 0 to 1, the probability that a pixel is the person's."""


def windows(size: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Return x0, y0, x1, y1 px of the whole image of `size` (height, width), and of square windows that overlap by half."""
    height, width = size
    out = [(0, 0, width, height)]
    for divisor in WINDOW_DIVISORS:
        side = max(1, max(height, width) // divisor)
        lefts, tops = ([*range(0, max(1, n - side), max(1, side // 2)), max(0, n - side)] for n in (width, height))
        out += [
            (x, y, min(x + side, width), min(y + side, height))
            for y in dict.fromkeys(tops)
            for x in dict.fromkeys(lefts)
        ]
    return out


def paint_over_extent(image: Image, extent: Box) -> Image:
    """Fill a person's box, and a margin around it, with the image's median colour."""
    x0, y0, x1, y1 = extent
    margin = EXTENT_MARGIN * max(x1 - x0, y1 - y0)
    out = image.copy()
    rows = slice(max(0, int(y0 - margin)), max(0, int(y1 + margin)))
    columns = slice(max(0, int(x0 - margin)), max(0, int(x1 + margin)))
    out[rows, columns] = _median_colour(image)
    return out


def paint_over_silhouette(image: Image, person: Detection) -> Image:
    """Fill a person's pixels, and a little around them, with the image's median colour."""
    if person.silhouette is None:
        return paint_over_extent(image, person.extent)
    reach = max(3, round(SILHOUETTE_REACH * max(image.shape[:2])))
    mask = (person.silhouette > SILHOUETTE_THRESHOLD).astype(np.uint8)
    out = image.copy()
    out[cv2.dilate(mask, np.ones((reach, reach), np.uint8)) > 0] = _median_colour(image)
    return out


def _median_colour(image: Image) -> NDArray[np.uint8]:
    return np.asarray(np.median(image, axis=(0, 1)), np.float64).astype(np.uint8)


def is_whole(person: Detection) -> bool:
    """Return True if enough of a person is detected to paint them."""
    present = person.keypoints[:, 2] > 0
    trunk = present[[*SHOULDERS, *HIPS]]
    return int(present.sum()) >= MIN_KEYPOINTS and int(trunk.sum()) >= MIN_TRUNK_KEYPOINTS


def is_same_person(a: Detection, b: Detection) -> bool:
    """Return True if two detections are of one person: their common keypoints are close to each other, by the median."""
    common = (a.keypoints[:, 2] > 0) & (b.keypoints[:, 2] > 0)
    if not common.any():
        return False
    distance = np.linalg.norm(a.keypoints[common, :2] - b.keypoints[common, :2], axis=1)
    size = max(b.extent[2] - b.extent[0], b.extent[3] - b.extent[1], 1.0)
    return bool(np.median(distance) < SAME_PERSON_DISTANCE * size)
