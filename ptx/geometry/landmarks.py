"""Where a body mesh has its nose, eyes and ears: one vertex each, in the order of `HEAD_KEYPOINTS`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import joint, keypoint

HEAD_KEYPOINTS = tuple(keypoint(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear"))
"""Indices among the 18 keypoints of those that are points of the head's skin."""

OFFICIAL_VERTICES = 6890
OFFICIAL_LANDMARKS = (332, 6260, 2800, 4071, 583)
"""The same points on SMPL's own mesh of 6,890 vertices, as listed by the `smplx` package."""

EYE_ACROSS = 0.35  # distance of an eye from the mid-plane, over that of the ear
EYE_ABOVE_NOSE = 0.17  # height of the eyes above the tip of the nose, over the head's height
MID_PLANE = 0.1  # half-width of the strip in which the nose is sought, over the ear's distance


def head_landmarks(
    vertices: NDArray[np.floating],
    weights: NDArray[np.floating],
    eyes: NDArray[np.floating] | None = None,
) -> NDArray[np.int32]:
    """Find nose, right eye, left eye, right ear and left ear on any SMPL-format mesh.

    The nose is the most forward vertex of the head near the mid-plane, an ear the most lateral vertex of the head, an
    eye the vertex of the face that a viewer in front sees nearest to the eye's centre.

    Args:
        vertices: (V, 3) metres, rest pose: y up, facing +z, +x the body's left.
        weights: (V, 24) skinning weights.
        eyes: (2, 3) centres of the right and the left eye if known; else guessed from nose and ears.

    Returns:
        (5,) vertex indices.

    Raises:
        ValueError: no vertex moves with the head.
    """
    head = np.flatnonzero(weights[:, joint("head")] > 0.5)
    if len(head) == 0:
        raise ValueError("no vertex has a skinning weight above 0.5 for the head joint")
    x, y, z = vertices[head].T
    middle = (x.max() + x.min()) / 2
    reach = (x.max() - x.min()) / 2
    strip = np.flatnonzero(np.abs(x - middle) <= max(MID_PLANE * reach, np.abs(x - middle).min()))
    nose = strip[np.argmax(z[strip])]
    if eyes is None:
        height = y[nose] + EYE_ABOVE_NOSE * np.ptp(y)
        eyes = np.array([[middle + side * EYE_ACROSS * reach, height, 0.0] for side in (-1, 1)])
    face = np.flatnonzero(z > z.mean())
    right, left = (_seen_nearest(vertices[head[face]], eye) for eye in eyes)
    return head[[nose, face[right], face[left], np.argmin(x), np.argmax(x)]].astype(np.int32)


def _seen_nearest(points: NDArray[np.floating], centre: NDArray[np.floating]) -> int:
    """Index of the point nearest to a centre as seen from the front; of several within 2 mm of that, the foremost."""
    away = np.hypot(*(points[:, :2] - centre[:2]).T)
    close = np.flatnonzero(away <= away.min() + 0.002)
    return int(close[np.argmax(points[close, 2])])
