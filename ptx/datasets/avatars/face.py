"""Nose, eyes and ears of an avatar, by the form of its head: no skeleton has joints of them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import joint

Floats = NDArray[np.float32]

MIDDLE = 0.02
"""Metres from the middle of the head within which the nose is."""

EYES_APART = 0.033
"""Metres of an eye from the middle, where eyes are no meshes of their own."""

EYES_ABOVE = 0.042
"""Metres of the eyes above the tip of the nose, where eyes are no meshes of their own."""

BAND = 0.015
"""Metres above and below a height within which points of the head are looked for."""

AROUND_NOSE = 0.12
"""Share of the head's height, above and below its middle, between which the nose's tip is, where eyes are no meshes of their own."""

BELOW_EYES = (0.07, 0.01)
"""Metres below the eyes between which the nose's tip is."""


def face_points(
    vertices: Floats,
    joints: NDArray[np.int32],
    eyes: NDArray[np.bool_],
    worn: NDArray[np.bool_],
    rest: NDArray[np.float64],
) -> Floats:
    """Find the five points of the face.

    Args:
        vertices: (V, 3) in rest, our frame.
        joints: (V,) joint that moves each vertex most.
        eyes: (V,) True on eyeballs that are meshes of their own.
        worn: (V,) True on hair, and on what is worn on the head.
        rest: (24, 3) joints in rest.

    Returns:
        (5, 3) nose, right eye, left eye, right ear, left ear, metres; around the head's joint where no head is.
    """
    centre = rest[joint("head")].astype(np.float32)
    of_head = (joints == joint("head")) & ~worn & ~eyes
    head = vertices[of_head]
    if len(head) < 20:
        reach = np.array([[0, 0.05, 0.1], [-0.03, 0.09, 0.08], [0.03, 0.09, 0.08], [-0.075, 0.06, 0], [0.075, 0.06, 0]])
        return np.asarray(centre + reach, np.float32)
    x = float(np.median([head[:, 0].min(), head[:, 0].max(), centre[0]]))
    nose = _nose(vertices[eyes], head, x)
    left, right = (_eye(vertices[eyes], head, nose, x, side) for side in (1, -1))
    height = (left[1] + right[1] + nose[1] * 2) / 4
    ears = [_ear(head, x, height, side) for side in (-1, 1)]
    return np.asarray([nose, right, left, *ears], np.float32)


def _nose(eyeballs: Floats, head: Floats, x: float) -> Floats:
    """Find the foremost point in the middle, below the eyes where these are told, else around the middle of the head's height."""
    low, high = head[:, 1].min(), head[:, 1].max()
    lower, upper = (low + high) / 2 + np.array([-1, 1]) * AROUND_NOSE * (high - low)
    if len(eyeballs):
        lower, upper = np.median(eyeballs[:, 1]) - np.array(BELOW_EYES)
    middle = head[np.abs(head[:, 0] - x) < MIDDLE]
    between = middle[(middle[:, 1] > lower) & (middle[:, 1] < upper)]
    candidates = between if len(between) else head
    return np.asarray(candidates[candidates[:, 2].argmax()], np.float32)


def _eye(eyeballs: Floats, head: Floats, nose: Floats, x: float, side: int) -> Floats:
    """Find the front of the eye on one side of x: 1 the person's left, -1 right."""
    own = eyeballs[(eyeballs[:, 0] - x) * side > 0]
    if len(own):
        own = own[np.abs(own[:, 0] - np.median(own[:, 0])) < MIDDLE]  # without lashes, which reach further
        return np.array([own[:, 0].mean(), own[:, 1].mean(), own[:, 2].max()], np.float32)
    place = np.array([x + side * EYES_APART, nose[1] + EYES_ABOVE])
    near = head[np.linalg.norm(head[:, :2] - place, axis=1) < BAND]
    return np.array([*place, near[:, 2].max() if len(near) else nose[2] - 0.03], np.float32)


def _ear(head: Floats, x: float, height: float, side: int) -> Floats:
    """Find what of the head stands out most on one side, at the height of the ears."""
    level = head[np.abs(head[:, 1] - height) < BAND]
    level = level if len(level) else head
    return np.asarray(level[((level[:, 0] - x) * side).argmax()], np.float32)
