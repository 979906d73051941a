"""Vertices of a body mesh at nose, eyes and ears: one each, in the order of `HEAD_KEYPOINTS`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import joint, keypoint

HEAD_KEYPOINTS = tuple(keypoint(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear"))
"""Indices among the 18 keypoints of those that are points of the head's skin."""

OFFICIAL_LANDMARKS = {6890: (332, 6260, 2800, 4071, 583), 10475: (9120, 9929, 9448, 616, 6)}
"""Number of vertices of a format's own mesh (SMPL and SMPL-H; SMPL-X) → its vertices of nose, right eye, left eye, right ear and left
ear, as listed by the `smplx` package (vertex_ids.py)."""

EYE_ACROSS = 0.35
"""Distance of an eye from the mid-plane, as a fraction of that of the ear."""

EYE_ABOVE_NOSE = 0.17
"""Height of the eyes above the tip of the nose, as a fraction of the head's height."""

MID_PLANE = 0.1
"""Half-width of the strip in which the nose is sought, as a fraction of the ear's distance from the mid-plane."""

SAME_DISTANCE = 0.002
"""Metres: points whose distances from the eye differ by less count as equally near."""

HEAD_WEIGHT = 0.5
"""Vertices with a greater skinning weight for the head joint belong to the head."""


def head_landmarks(
    vertices: NDArray[np.floating],
    weights: NDArray[np.floating],
    eyes: NDArray[np.floating] | None = None,
) -> NDArray[np.int32]:
    """Find nose, right eye, left eye, right ear and left ear on any SMPL-format mesh.

    The nose is the most forward vertex of the head near the mid-plane, an ear the most lateral vertex of the head, an
    eye the vertex of the face nearest to the eye's centre as seen from the front.

    Args:
        vertices: (V, 3) metres, rest pose: y up, facing +z, +x the body's left.
        weights: (V, 24) skinning weights.
        eyes: (2, 3) centres of the right and the left eye if known; else guessed from nose and ears.

    Returns:
        (5,) vertex indices.

    Raises:
        ValueError: no vertex moves with the head.
    """
    head = np.flatnonzero(weights[:, joint("head")] > HEAD_WEIGHT)
    if len(head) == 0:
        raise ValueError(f"no vertex has a skinning weight above {HEAD_WEIGHT} for the head joint")
    x, y, z = vertices[head].T
    middle = (x.max() + x.min()) / 2
    reach = (x.max() - x.min()) / 2
    strip = np.flatnonzero(np.abs(x - middle) <= max(MID_PLANE * reach, np.abs(x - middle).min()))
    nose = strip[np.argmax(z[strip])]
    if eyes is None:
        height = y[nose] + EYE_ABOVE_NOSE * np.ptp(y)
        eyes = np.array([[middle + side * EYE_ACROSS * reach, height, 0.0] for side in (-1, 1)])
    face = np.flatnonzero(z > z.mean())
    right, left = (_nearest_in_front(vertices[head[face]], eye) for eye in eyes)
    return head[[nose, face[right], face[left], np.argmin(x), np.argmax(x)]].astype(np.int32)


def _nearest_in_front(points: NDArray[np.floating], centre: NDArray[np.floating]) -> int:
    """Index of the point nearest to a centre in the x-y plane; of several equally near ones, the foremost."""
    distance = np.hypot(*(points[:, :2] - centre[:2]).T)
    close = np.flatnonzero(distance <= distance.min() + SAME_DISTANCE)
    return int(close[np.argmax(points[close, 2])])
