"""Left and right of people seen from behind, whom the pose network now and then takes for people who face the viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ptx.detector.network import Floats
from ptx.detector.pose import Pose

MIRRORED = (
    0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21, 24, 23, 26, 25, 28, 27, 30, 29, 32, 31,
)  # fmt: skip
"""Landmark → the same of the other side."""

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24
NOSE, EARS = 0, (7, 8)

FACING = 0.4
"""Cosine between the trunk's normal and the way to the viewer from which the trunk counts as facing the viewer."""

NOSE_AHEAD = 0.05
"""Metres by which the nose of a head that faces the viewer is at least closer than the ears; of adults it is about .1."""

MIN_HEAD = 12.0
"""Smallest distance of nose and shoulders, px, at which a face is found where there is one."""


def seen_from_behind(pose: Pose, size: tuple[int, ...], has_face: Callable[[], bool]) -> bool:
    """Return True where a pose that faces the viewer must be that of somebody seen from behind.

    No face is found, and the nose lies behind the ears, or hardly before them on a head that is in the picture and large enough for a
    face to be found.

    Args:
        pose: of somebody.
        size: height, width of the picture, px.
        has_face: asks the face detector, which is only done where all else speaks for it.
    """
    landmarks, world = pose.landmarks, pose.world
    ahead = float(world[list(EARS), 2].mean() - world[NOSE, 2])
    if facing(world) < FACING or ahead > NOSE_AHEAD:
        return False
    if ahead < 0:
        return not has_face()
    shoulders = landmarks[[LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(0)
    head = landmarks[NOSE, :2]
    inside = bool((head > 0).all() and (head < (size[1], size[0])).all())
    return inside and float(np.hypot(*(shoulders - head))) >= MIN_HEAD and not has_face()


def facing(world: Floats) -> float:
    """Compute the cosine of the angle between the trunk's front and the way to the viewer, of landmarks (33, 3) in metres."""
    middle = world[[LEFT_HIP, RIGHT_HIP]].mean(0)
    left, right = world[LEFT_SHOULDER] - middle, world[RIGHT_SHOULDER] - middle
    normal = np.cross(left, right)  # out of the chest, since y is down
    return float(-normal[2] / max(float(np.linalg.norm(normal)), 1e-9))


def mirrored(pose: Pose) -> Pose:
    """Return a pose whose left and right are exchanged."""
    rows = list(MIRRORED)
    return replace(pose, landmarks=pose.landmarks[rows], world=pose.world[rows])
