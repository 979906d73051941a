"""Left and right of people whom the pose network takes for ones who face the viewer, as it now and then does of those seen from behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ptx.detector.network import Floats
from ptx.detector.pose import Pose
from ptx.detector.regions import Region
from ptx.labels import garment

MIRRORED = (
    0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21, 24, 23, 26, 25, 28, 27, 30, 29, 32, 31,
)  # fmt: skip
"""Landmark → the same of the other side."""

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24
NOSE, EARS, MOUTH = 0, (7, 8), (9, 10)

FACE = (0, 1, 2, 3, 4, 5, 6, 9, 10)
"""Landmarks of the face: nose, eyes, mouth."""

HEAD_RADIUS = 0.5
"""Radius of a head over the distance of its ears from the shoulders."""

LEAST_SHOWN = 0.15
"""Least share of a head's disc that labels must call face or hair for them to tell anything."""

FACE_SHARE = 0.3
"""Share of the face, among face and hair, of a head seen from the side."""

FROM_FRONT = 0.1
"""Weight of what is known without looking: more people are photographed from the front than from behind."""

NOSE_BEHIND = 30.0
"""Weight of a metre by which the nose lies behind the ears."""

SHOWN_FACE = 5.0
"""Weight of the face that labels show."""


class ShownFace(NamedTuple):
    """A face on a head, by garment labels."""

    share: float
    """Share, 0 to 1, of what is face among what is face or hair."""
    aside: float
    """Distance of the face's middle to the right of the head's, in radii of the head."""


def shown_face(scores: Floats, landmarks: Floats) -> ShownFace | None:
    """Find where labels show the face above the mouth: below there is a neck, from behind too.

    Args:
        scores: (12, H, W) probabilities of the labels.
        landmarks: (33, 2 or more) x, y px of the same picture.

    Returns:
        None where they show no head: it is beyond the picture's edge, or under a hat.
    """
    ears, shoulders = landmarks[list(EARS), :2].mean(0), landmarks[[LEFT_SHOULDER, RIGHT_SHOULDER], :2].mean(0)
    radius = max(HEAD_RADIUS * float(np.hypot(*(ears - shoulders))), 1.0)
    y, x = np.mgrid[: scores.shape[1], : scores.shape[2]]
    head = (np.hypot(x - ears[0], y - ears[1]) < radius) & (y < landmarks[list(MOUTH), 1].mean())
    face, hair = (scores[garment(name)] * head for name in ("face", "hair"))
    skin, both = float(face.sum()), float(face.sum() + hair.sum())
    if both < LEAST_SHOWN * np.pi * radius**2:
        return None
    middle = float(((face + hair) * x).sum()) / both
    aside = float((face * (x - middle)).sum()) / max(skin, 1e-6) / radius
    share = skin / both
    return ShownFace(share, aside * min(1.0, share / LEAST_SHOWN))


def exchanged(pose: Pose, looks: Sequence[Pose], face: ShownFace | None) -> bool:
    """Return True where left and right of a pose must be exchanged: somebody is seen from the other side than the network has it.

    Weighed are how far the network, when it looks again, has the trunk face the same way; a nose behind the ears; and whether
    labels show the face where the trunk faces.

    Args:
        pose: of somebody in whom no face is found.
        looks: what the network sees of the same person in other regions.
        face: what labels show of theirs; None: nothing.
    """
    yaw = trunk_yaw(pose.world)
    weight = FROM_FRONT + float(np.mean([np.cos(trunk_yaw(look.world) - yaw) for look in (pose, *looks)]))
    weight += NOSE_BEHIND * min(nose_ahead(pose.world), 0.0)
    if face is not None:
        weight += SHOWN_FACE * (np.cos(yaw) * (face.share - FACE_SHARE) + np.sin(yaw) * face.aside)
    return bool(weight < 0)


def other_way_round(pose: Pose, looks: Sequence[Pose]) -> Pose:
    """Return the pose of somebody who faces the other way: the middle one of most looks, or the mirrored one."""
    yaw = trunk_yaw(pose.world)
    others = [look for look in looks if np.cos(trunk_yaw(look.world) - yaw) < 0]
    if 2 * len(others) < max(len(looks), 1):
        return mirrored(pose)
    worlds = np.stack([look.world for look in others])
    apart = np.linalg.norm(worlds[:, None] - worlds[None], axis=-1).sum(axis=(1, 2))
    return others[int(np.argmin(apart))]


def facing(world: Floats) -> float:
    """Compute the cosine of the angle between the trunk's front and the way to the viewer, of landmarks (33, 3) in metres."""
    middle = world[[LEFT_HIP, RIGHT_HIP]].mean(0)
    left, right = world[LEFT_SHOULDER] - middle, world[RIGHT_SHOULDER] - middle
    normal = np.cross(left, right)  # out of the chest, since y is down
    return float(-normal[2] / max(float(np.linalg.norm(normal)), 1e-9))


def trunk_yaw(world: Floats) -> float:
    """Compute the direction of the shoulders of landmarks (33, 3) in metres: 0 faces the viewer, π/2 the picture's right; radians."""
    across = world[LEFT_SHOULDER] - world[RIGHT_SHOULDER]
    return float(np.arctan2(across[2], across[0]))


def nose_ahead(world: Floats) -> float:
    """Compute how much nearer to the viewer the nose is than the ears, metres, of landmarks (33, 3)."""
    return float(world[list(EARS), 2].mean() - world[NOSE, 2])


def flipped(pose: Pose, width: int) -> Pose:
    """Return the pose that a picture of some width, px, shows whose mirror image shows this one."""
    rows, region = list(MIRRORED), pose.region
    landmarks, world, frame = pose.landmarks[rows], pose.world[rows], pose.frame.copy()
    landmarks[:, 0] = width - landmarks[:, 0]
    frame[:, 0] = width - frame[:, 0]
    world[:, 0] *= -1
    mask = np.ascontiguousarray(pose.mask[:, ::-1])
    return Pose(landmarks, world, frame, mask, pose.presence, beside(region, width))


def beside(region: Region, width: int) -> Region:
    """Return the region of a picture's mirror image that shows the same; width of the picture in px."""
    return Region(width - region.x, region.y, region.size, -region.angle)


def mirrored(pose: Pose) -> Pose:
    """Return a pose whose left and right are exchanged; the face of one who now faces away is on the far side of the head."""
    rows = list(MIRRORED)
    world = pose.world[rows]
    if nose_ahead(world) * facing(world) < 0:
        world[list(FACE), 2] = 2 * world[list(EARS), 2].mean() - world[list(FACE), 2]
    return replace(pose, landmarks=pose.landmarks[rows], world=world)
