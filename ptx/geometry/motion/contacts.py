"""Feet on the ground: which they are, and that they do not slide."""

from __future__ import annotations

from collections.abc import Iterator

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
"""Speed, m/s, over `SPAN` below which a point of a foot may be on the ground."""

SPAN = 0.13
"""Seconds over which that speed is measured, and that a point is still at least."""

FEWEST_FRAMES = 3
"""Frames that a point is still in a row, at least."""

SLIDING = 0.06
"""Speed, m/s, over `LONG_SPAN` at which a point of a foot slides as likely as not."""

LONG_SPAN = 0.5
"""Seconds over which that is measured, or as long as the point is still."""

LOW = 0.18
"""Metres above the ground within which a point of a foot may be on it: to a camera that looks down a nearer foot is lower."""

GROUND_SPAN = 0.75
"""Seconds before and after a frame in which the lowest point of the feet is the ground."""


def find_contacts(feet: Floats, size: Floats, fps: float) -> Floats:
    """Find the points of feet that are on the ground: still, low, for a while.

    Args:
        feet: (T, 6, 2) `FOOT_POINTS` as the camera sees them, y up.
        size: (T,) of a metre at the body, in the unit of `feet`.
        fps: frames a second.

    Returns:
        (T, 6) 0 where a point moves, to 1 where it does not slide at all: the weight of Geman and McClure at its speed.
    """
    height = feet[..., 1] / size[:, None] - REST_HEIGHT
    ground = minimum_filter1d(height.min(axis=1), 2 * round(GROUND_SPAN * fps) + 1, mode="nearest")
    low = height - ground[:, None] < LOW
    out, least = np.zeros(low.shape), max(round(SPAN * fps), FEWEST_FRAMES)
    for point in range(low.shape[1]):
        for start, stop in runs(low[:, point] & (_speed(feet[:, point], SPAN, fps) < STILL * size)):
            if stop - start >= least:
                speed = _speed(feet[start:stop, point], LONG_SPAN, fps) / size[start:stop]
                out[start:stop, point] = (SLIDING**2 / (SLIDING**2 + speed**2)) ** 2
    return out


def _speed(places: Floats, span: float, fps: float) -> Floats:
    """Speed (T,), a second, of a point (T, 2) over some seconds about each frame, as far as there are any."""
    frames, reach = np.arange(len(places)), max(round(span * fps / 2), 1)
    ahead, behind = np.minimum(frames + reach, len(places) - 1), np.maximum(frames - reach, 0)
    moved = np.linalg.norm(places[ahead] - places[behind], axis=1)
    return np.asarray(moved * fps / np.maximum(ahead - behind, 1), np.float64)


def runs(marks: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First frame, and one beyond the last, of each run of marked frames (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(int)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def feet_on_ground(contacts: Floats) -> NDArray[np.bool_]:
    """Feet (T, 2), right and left, any of whose points (T, 6) rather rests than slides."""
    return np.asarray((contacts > 0.25).reshape(len(contacts), len(SIDES), -1).any(axis=2), np.bool_)
