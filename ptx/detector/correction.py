"""Correct a detector's landmarks by the person's silhouette.

Hips in the air behind somebody who leans forward are a common mistake of the pose network; the silhouette, from the same network, is
far more reliable.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import HIPS, SHOULDERS

Floats = NDArray[np.float64]

TOLERANCE = 0.005
"""Share of the image's longer side by which a landmark may lie outside the silhouette."""

ON_PERSON = 0.5
"""Smallest value of the silhouette, 0 to 1, that counts as the person."""


def correct_landmarks(landmarks: Floats, landmarks3d: Floats, silhouette: NDArray[np.float32]) -> None:
    """Correct in place the landmarks that lie off the person: hips move onto the silhouette, others lose their visibility.

    The hips move together, across the trunk, to the middle of the nearest stretch of the silhouette; in 3D by as much.

    Args:
        landmarks: (18, 3) x, y in px, visibility 0..1.
        landmarks3d: (18, 4) x right, y up, z towards the viewer, in metres; visibility 0..1.
        silhouette: (H, W) 0 to 1, the probability that a pixel is the person's.
    """
    hips, shoulders = list(HIPS), list(SHOULDERS)
    off = _off_silhouette(landmarks[:, :2], silhouette)
    if off[hips].any():
        middle = landmarks[hips, :2].mean(0)
        trunk = landmarks[shoulders, :2].mean(0) - middle
        length = float(np.hypot(*trunk))
        length3d = float(np.hypot(*(landmarks3d[shoulders, :2].mean(0) - landmarks3d[hips, :2].mean(0))))
        across = np.array((-trunk[1], trunk[0])) / max(length, 1)
        shift = _shift_to_silhouette(silhouette, middle, across, length)
        if shift is not None:
            landmarks[hips, :2] += shift
            landmarks3d[hips, :2] += shift * (1, -1) * length3d / length
            off = _off_silhouette(landmarks[:, :2], silhouette)
    landmarks[off, -1] = 0
    landmarks3d[off, -1] = 0


def _off_silhouette(xy: Floats, silhouette: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark (K,) the points (K, 2) px that lie in the image but off the silhouette (H, W)."""
    height, width = silhouette.shape
    inside = np.all((xy > -0.5) & (xy < (width - 0.5, height - 0.5)), axis=1)
    reach = max(1, round(TOLERANCE * max(height, width)))
    person = cv2.dilate(silhouette, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    x, y = np.rint(np.clip(xy, 0, (width - 1, height - 1))).astype(int).T
    return np.asarray(inside & (person[y, x] < ON_PERSON), np.bool_)


def _shift_to_silhouette(
    silhouette: NDArray[np.float32], start: Floats, direction: Floats, reach: float
) -> Floats | None:
    """Compute the shift x, y px from `start` to the middle of the silhouette's nearest stretch on a line; None: there is none.

    Args:
        silhouette: (H, W) 0 to 1.
        start: (2,) x, y px, a point of the line.
        direction: (2,) unit vector along the line.
        reach: px to either side within which stretches are looked for.
    """
    steps = np.arange(-int(reach), int(reach) + 1)
    line = (start + steps[:, None] * direction).astype(np.float32)
    values = cv2.remap(silhouette, line[:, :1], line[:, 1:], cv2.INTER_LINEAR, borderValue=0.0)[:, 0]
    edges = np.flatnonzero(np.diff(values > ON_PERSON, prepend=False, append=False))
    stretches = steps[0] + edges.reshape(-1, 2) - (0, 1)
    if not len(stretches):
        return None
    nearest = stretches[np.argmin(np.maximum(stretches[:, 0], -stretches[:, 1]).clip(0))]
    return np.asarray(direction * float(nearest.mean()), np.float64)
