"""Feet on the ground: which they are, and that they do not slide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.joints import KEYPOINT_COUNT, keypoint

Floats = NDArray[np.float64]

SIDES = ("right", "left")
"""Order of feet in `Motion.contacts`."""

FOOT_POINTS = tuple(
    point
    for side in SIDES
    for point in (
        keypoint(f"{side}_ankle"),
        KEYPOINT_COUNT + LANDMARKS.index(f"{side}_heel"),
        KEYPOINT_COUNT + LANDMARKS.index(f"{side}_toe"),
    )
)
"""Points (6,) of the fitted skeleton that may touch the ground: ankle, heel and toes of the right foot, then of the left."""

REST_HEIGHT = np.array((0.07, 0.0, 0.0) * len(SIDES))
"""Metres (6,) above the ground of these points of a foot that stands flat."""

STILL = 0.35
"""Speed, m/s, below which a point of a foot may be on the ground."""

SPAN = 0.13
"""Seconds over which a speed is measured, and that a point is still at least."""

FEWEST_FRAMES = 3
"""Frames that a point is still in a row, at least."""

LOW = 0.18
"""Metres above the ground within which a point of a foot may be on it: to a camera that looks down a nearer foot is lower."""

GROUND_SPAN = 0.75
"""Seconds before and after a frame in which the lowest point of the feet is the ground."""


def find_contacts(feet: Floats, fps: float) -> NDArray[np.bool_]:
    """Find the points of feet that are on the ground: still, low, for a while.

    Args:
        feet: (T, 6, 2) metres, `FOOT_POINTS` as the camera sees them, y up.
        fps: frames a second.

    Returns:
        (T, 6) True from the first to the last frame in which a point does not move.
    """
    count = len(feet)
    height = feet[..., 1] - REST_HEIGHT
    ground = minimum_filter1d(height.min(axis=1), 2 * round(GROUND_SPAN * fps) + 1, mode="nearest")
    reach = max(round(SPAN * fps / 2), 1)
    ahead, behind = np.minimum(np.arange(count) + reach, count - 1), np.maximum(np.arange(count) - reach, 0)
    seconds = np.maximum(ahead - behind, 1)[:, None] / fps
    speed = np.linalg.norm(feet[ahead] - feet[behind], axis=2) / seconds
    out: NDArray[np.bool_] = (speed < STILL) & (height - ground[:, None] < LOW)
    least = max(round(SPAN * fps), FEWEST_FRAMES)
    for point in out.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], point, [False]]).astype(int)))
        for start, stop in edges.reshape(-1, 2):
            point[start:stop] = stop - start >= least
    return out


def feet_on_ground(contacts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Feet (T, 2), right and left, any of whose points (T, 6) is on the ground."""
    return np.asarray(contacts.reshape(len(contacts), len(SIDES), -1).any(axis=2), np.bool_)
