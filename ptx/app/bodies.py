"""Poses that travel to the page and back, as bodies of a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ptx.app.messages import Pixels, Stance
from ptx.datasets.images import Transform, apply_transform, invert_transform
from ptx.geometry.camera import project
from ptx.geometry.dressing.slack import with_slack
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.skinning import pose_keypoints
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.float32]

DIGITS = 5
"""Decimals of angles and of px that travel."""


def stance_of(fitted: FittedBody, betas: Floats | None = None, pose_id: str = "") -> Stance:
    """Write a body as a stance; `betas` are the shape of who shows the pose."""
    return Stance(
        rows_of(fitted.pose),
        fitted.camera.astype(float).round(DIGITS).tolist(),
        None if fitted.hands_pose is None else rows_of(fitted.hands_pose),
        None if betas is None else betas.astype(float).round(DIGITS).tolist(),
        pose_id,
    )


def body_in(person: FittedBody, stance: Stance) -> FittedBody:
    """Put a person into a stance, in their own proportions."""
    out = replace(
        person,
        pose=np.array(stance.pose, np.float32),
        camera=np.array(stance.camera, np.float32),
        hands_pose=None if stance.hands is None else np.array(stance.hands, np.float32),
    )
    return with_slack(person, out)


def reshaped(posed: FittedBody, betas: Floats) -> FittedBody:
    """Give a body another shape, as tall as before, its hips where they were."""
    out = replace(posed, betas=betas)
    scale = float(posed.camera[0]) * _height(posed) / _height(out)
    out = replace(out, camera=np.array([scale, 0, 0], np.float32))
    move = (joints_of(posed)[[8, 11], :2] - joints_of(out)[[8, 11], :2]).mean(0)
    return replace(out, camera=np.array([scale, *move], np.float32))


def scaled(fitted: FittedBody, scale: float) -> FittedBody:
    """Show a body in a picture that is `scale` times as large."""
    camera = np.array([fitted.camera[0] * scale, *((fitted.camera[1:] + 0.5) * scale - 0.5)], np.float32)
    return replace(fitted, camera=camera, size=(round(fitted.size[0] * scale), round(fitted.size[1] * scale)))


def joints_of(fitted: FittedBody) -> Floats:
    """Keypoints (18, 3) of a body, px, confidence 1, also those beyond the picture and behind the body."""
    points = project(fitted.camera, pose_keypoints(fitted.body, fitted.pose[None], fitted.betas)[0])
    points[:, 2] = 1
    return points.astype(np.float32)


def to_photograph(keypoints: Floats, transform: Transform) -> Pixels:
    """Bring keypoints (K, 3) of a working picture to px of its photograph."""
    out = keypoints.copy()
    out[:, :2] = apply_transform(invert_transform(transform), keypoints[:, :2])
    out[~valid_keypoints(keypoints)] = 0
    return rows_of(out, 2)


def rows_of(array: Floats, digits: int = DIGITS) -> list[list[float]]:
    """Return the rows of an array (K, C) as numbers that JSON writes."""
    return [[round(float(number), digits) for number in row] for row in array]


def _height(one: FittedBody) -> float:
    """Metres from the lowest to the highest keypoint in rest."""
    return float(np.ptp(pose_keypoints(one.body, np.zeros_like(one.pose)[None], one.betas)[0][:, 1]))
