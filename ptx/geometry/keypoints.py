"""Missing keypoints: how they are recognised and written.

Keypoints are (..., K, D + 1): D coordinates and a confidence. A keypoint is missing where its confidence is not above 0 or any of its
numbers is not finite; written by ptx, a missing one has NaN coordinates and confidence 0. `ptx.models.keypoints` is the same for
tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", bound=np.floating)


def valid_keypoints(keypoints: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Find the keypoints that are not missing.

    Args:
        keypoints: (..., K, D + 1) coordinates and confidence.

    Returns:
        (..., K) True where all numbers are finite and the confidence is above 0.
    """
    finite: NDArray[np.bool_] = np.isfinite(keypoints).all(-1)
    return finite & (keypoints[..., -1] > 0)


def inside_image(points: NDArray[np.floating], size: Sequence[float]) -> NDArray[np.bool_]:
    """Find the points that fall on a pixel of an image; NaN is outside.

    Args:
        points: (..., 2 or more) x, y in px, pixel centres at integers; further columns do not count.
        size: height and width of the image, px.

    Returns:
        (...) True where -0.5 ≤ x < width - 0.5 and -0.5 ≤ y < height - 0.5.
    """
    x, y = points[..., 0], points[..., 1]
    height, width = size
    with np.errstate(invalid="ignore"):
        return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def longer_sides(keypoints: NDArray[Real]) -> NDArray[Real]:
    """Compute the longer side of the box around each person's keypoints.

    Args:
        keypoints: (..., K, 3) x, y in px, confidence.

    Returns:
        (...) px; 0 where there are no keypoints.
    """
    known = valid_keypoints(keypoints)[..., None]
    low = np.where(known, keypoints[..., :2], np.inf).min(-2)
    high = np.where(known, keypoints[..., :2], -np.inf).max(-2)
    sides: NDArray[Real] = np.where(known.any((-2, -1)), np.maximum(high - low, 0).max(-1), 0)
    return sides


def drop_keypoints(keypoints: NDArray[Real], missing: NDArray[np.bool_]) -> NDArray[Real]:
    """Copy the keypoints, some of them made missing.

    Args:
        keypoints: (..., K, D + 1) coordinates and confidence.
        missing: (..., K) True for those that become NaN with confidence 0.
    """
    out = keypoints.copy()
    out[missing] = np.nan
    out[missing, -1] = 0
    return out


def missing_as_nan(keypoints: NDArray[Real]) -> NDArray[Real]:
    """Copy the keypoints in the form that ptx writes: missing ones NaN with confidence 0, confidences within 0..1.

    Args:
        keypoints: (..., K, D + 1) coordinates and confidence, as a file or a detector gives them.
    """
    out = drop_keypoints(keypoints, ~valid_keypoints(keypoints))
    out[..., -1] = np.clip(out[..., -1], 0, 1)
    return out


def mask_outside(keypoints: NDArray[Real], size: Sequence[int]) -> NDArray[Real]:
    """Copy the keypoints, those outside the image made missing.

    Args:
        keypoints: (..., K, 3) x, y in px, confidence.
        size: height and width of the image, px.
    """
    return drop_keypoints(keypoints, ~inside_image(keypoints, size))
