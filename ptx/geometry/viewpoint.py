"""A fitted body seen from another side: exact keypoints, flow and visibility of a view that no camera took (system C, stage I)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import drop_keypoints, inside_image, valid_keypoints
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import pose_keypoints, pose_vertices

Floats = NDArray[np.float32]

INSIDE = 0.13
"""Metres of skin that may lie before a joint: half a trunk, at the shoulders and the hips. More is another part of the body."""

HIDDEN_CONFIDENCE = 0.5
"""Of keypoints that the body itself hides: their place is known, and networks that draw the whole skeleton want them."""


def view_rotation(yaw: float, pitch: float = 0.0) -> NDArray[np.float64]:
    """The rotation (3, 3) of a body in the body frame: first `yaw` degrees about the vertical, to the person's own left
    (anticlockwise from above), then `pitch` degrees towards the viewer, so that more of its top shows."""
    turn, tilt = (rotation_matrices(np.radians(angle) * np.eye(3)[axis]) for angle, axis in ((yaw, 1), (pitch, 0)))
    return np.asarray(tilt @ turn, np.float64)


def turn_pose(pose: ArrayLike, yaw: float, pitch: float = 0.0) -> Floats:
    """Poses (..., 24, 3), axis-angle, as seen after turning the person about the pelvis (`view_rotation`)."""
    out = np.array(pose, np.float64)
    out[..., 0, :] = axis_angles(view_rotation(yaw, pitch) @ rotation_matrices(out[..., 0, :]))
    return out.astype(np.float32)


@dataclass(frozen=True)
class SeenBody:
    """A body before its camera."""

    body: Body
    pose: Floats
    """(24, 3) axis-angle, radians."""
    betas: Floats
    """(10,)."""
    camera: Floats
    """(3,) px per metre, px, px."""
    size: tuple[int, int]
    """Height, width of the picture, px."""

    def turned(self, yaw: float, pitch: float = 0.0) -> SeenBody:
        """The same person before the same camera, turned about the pelvis."""
        return replace(self, pose=turn_pose(self.pose, yaw, pitch))

    @cached_property
    def points(self) -> Floats:
        """(V, 3) u, v px and depth m of its vertices."""
        return project(self.camera, pose_vertices(self.body, self.pose[None], self.betas)[0]).astype(np.float32)

    @property
    def keypoints(self) -> Floats:
        """(18, 3) px and confidence: 1, less where the body itself hides the joint, NaN and 0 outside the picture."""
        points = project(self.camera, pose_keypoints(self.body, self.pose[None], self.betas)[0]).astype(np.float32)
        _, _, depth = rasterize(self.points, self.body.faces, *self.size)
        return mark_seen(points, depth)

    def flow_from(self, source: SeenBody) -> tuple[Floats, NDArray[np.uint8]]:
        """Flow (H, W, 2) px and visibility (H, W) of this picture from another of the same person (`correspond`)."""
        return correspond(self.points, source.points, self.body.faces, *self.size)


def mark_seen(points: ArrayLike, depth: NDArray[np.floating]) -> Floats:
    """Keypoints (18, 3) px and confidence of joints (18, 3) u, v px, depth m, before a surface's depth (H, W) m, inf = none."""
    u, v, away = np.asarray(points, np.float32).T
    height, width = depth.shape
    inside = inside_image(np.stack([u, v], axis=1), depth.shape)
    x, y = (np.clip(np.rint(np.where(inside, c, 0)), 0, n - 1).astype(int) for c, n in ((u, width), (v, height)))
    hidden = away - depth[y, x] > INSIDE
    out = np.stack([u, v, np.where(hidden, HIDDEN_CONFIDENCE, 1)], axis=1).astype(np.float32)
    return drop_keypoints(out, ~inside)


def turn_keypoints(keypoints: ArrayLike, keypoints3d: ArrayLike, yaw: float, pitch: float = 0.0) -> Floats:
    """The skeleton from another side where no body is fitted: a detector's 3D keypoints, or those of a file, turned about
    the vertical through the middle of the hips.

    Args:
        keypoints: (18, 3) x, y px, confidence, in the picture as it is.
        keypoints3d: (18, 4) metres, x right, y up, z towards the viewer, confidence.
        yaw, pitch: degrees, as for `view_rotation`.

    Returns:
        (18, 3) px and confidence; NaN and 0 where there is no 3D keypoint.

    Raises:
        ValueError: fewer than three keypoints are there both in 2D and 3D, or no hip.
    """
    flat, deep = np.asarray(keypoints, np.float64), np.asarray(keypoints3d, np.float64)
    known = valid_keypoints(deep)
    both = known & valid_keypoints(flat)
    hips = [k for k in (keypoint("left_hip"), keypoint("right_hip")) if known[k]]
    if both.sum() < 3 or not hips:
        raise ValueError("turning needs a hip, and three keypoints in 2D and in 3D")
    seen = deep[:, :3] * (1, -1, 1)  # y down, as pixels are
    a, b = seen[both, :2] - seen[both, :2].mean(0), flat[both, :2] - flat[both, :2].mean(0)
    scale = (a * b).sum() / max((a * a).sum(), 1e-12)
    offset = flat[both, :2].mean(0) - scale * seen[both, :2].mean(0)
    axis = deep[hips, :3].mean(0)
    turned = (deep[:, :3] - axis) @ view_rotation(yaw, pitch).T + axis
    out = np.concatenate([scale * turned[:, :2] * (1, -1) + offset, deep[:, 3:]], axis=1).astype(np.float32)
    return drop_keypoints(out, ~known)
