"""One person's body in another's pose."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from ptx.geometry.camera import place_camera, project
from ptx.geometry.dressing.slack import with_slack
from ptx.geometry.joints import HIPS, KEYPOINT_COUNT
from ptx.geometry.landmarks import HEAD_KEYPOINTS
from ptx.geometry.skinning import pose_keypoints
from ptx.geometry.viewpoint import FittedBody, Floats

CORE = (*HEAD_KEYPOINTS, *HIPS)
"""Keypoints of head and trunk."""

HEAD_WEIGHT = 0.3
"""Weight of the head's keypoints where a body is placed: joints of the limbs say more of where somebody stands."""


Proportions = Literal["source", "pose"]
"""Whose shape and limbs a person has who is posed as another: their own, or the other's."""


def in_pose(source: FittedBody, target: FittedBody, proportions: Proportions = "source") -> FittedBody:
    """Pose a person as another: the source's clothes, in the target's pose, before the target's picture.

    They are as tall as the target is in their picture, joints lie where the target's do (least squares), and they stand as low, where
    the picture shows the target's lowest point.

    Args:
        source: the person.
        target: the other.
        proportions: whose shape they have.
    """
    if proportions == "pose":
        source = replace(source, betas=target.betas)
    joints = pose_keypoints(source.body, target.pose[None], source.betas)[0]
    wanted = project(target.camera, pose_keypoints(target.body, target.pose[None], target.betas)[0])
    weight = np.ones(KEYPOINT_COUNT)
    weight[list(HEAD_KEYPOINTS)] = HEAD_WEIGHT
    camera = place_camera(joints, wanted[:, :2], weight).astype(np.float32)
    out = replace(source, pose=target.pose, hands_pose=target.hands_pose, camera=camera, size=target.size)
    floor = float(target.points[:, 1].max())
    if floor < target.size[0]:
        camera = camera + np.array([0, 0, floor - float(out.points[:, 1].max())], np.float32)
        out = replace(out, camera=camera)
    return with_slack(source, out)


def at_home(source: FittedBody, posed: FittedBody) -> FittedBody:
    """Bring a person in another pose back to where they are in their own picture, as large as they are there.

    The pelvis stays where it was; where the picture shows the feet, they stand as low as before. With another's proportions they are as
    tall as with their own.

    Args:
        source: the person as the photograph has them.
        posed: the same person in another pose.
    """
    scale = float(source.camera[0]) * _height(source) / _height(posed)
    mine, theirs = (
        pose_keypoints(one.body, one.pose[None], one.betas)[0][list(HIPS)].mean(0) for one in (source, posed)
    )
    pelvis = project(source.camera, mine[None])[0]
    camera = np.array([scale, pelvis[0] - scale * theirs[0], pelvis[1] + scale * theirs[1]], np.float32)
    out = replace(posed, camera=camera, size=source.size)
    floor = float(source.points[:, 1].max())
    if floor < source.size[0]:
        camera = out.camera + np.array([0, 0, floor - float(out.points[:, 1].max())], np.float32)
        out = replace(out, camera=camera)
    return out


def core_points(one: FittedBody) -> Floats:
    """Where a picture has, or would have, head and hips: (K, 2) px."""
    points = project(one.camera, pose_keypoints(one.body, one.pose[None], one.betas)[0])
    return np.asarray(points[list(CORE), :2], np.float32)


def in_sight(posed: FittedBody, low: Floats, high: Floats) -> FittedBody:
    """Move a body whose head or trunk lies beyond an edge into the picture: somebody who lay there now stands.

    Args:
        posed: the body; limbs may reach beyond.
        low: (2,) x, y px from which the photograph is, with a margin.
        high: (2,) x, y px up to which it is. Where both edges cannot be kept, that on the left or above is.
    """
    at = core_points(posed)
    move = np.minimum(0, high - at.max(0))
    move = np.maximum(move, low - at.min(0))
    return replace(posed, camera=(posed.camera + np.array([0, *move], np.float32)).astype(np.float32))


def _height(one: FittedBody) -> float:
    """Metres from the lowest to the highest keypoint in rest."""
    rest = pose_keypoints(one.body, np.zeros_like(one.pose)[None], one.betas)[0]
    return float(np.ptp(rest[:, 1]))


def with_camera(keypoints: Floats, before: Floats, after: Floats) -> Floats:
    """Bring keypoints (K, 3) px, confidence, of a posed body from one camera (3,) to another."""
    out = keypoints.copy()
    out[:, :2] = (out[:, :2] - before[1:]) * (after[0] / before[0]) + after[1:]
    return out
