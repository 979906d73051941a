"""A fitted body turned: exact keypoints, flow and visibility of a view that no camera took (system C, stage I)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.joints import SMPL_JOINTS, keypoint
from ptx.geometry.keypoints import drop_keypoints, inside_image, valid_keypoints
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.skinning import joint_transforms, pose_keypoints, pose_vertices

Floats = NDArray[np.float32]

SKIN_DEPTH = 0.13
"""Metres of skin that may be before a joint: half a trunk, at the shoulders and the hips. More is another part of the body."""

HIDDEN_CONFIDENCE = 0.5
"""Confidence of keypoints that the body itself hides: their position is known, and networks that draw the whole skeleton need it."""

STANDING = {"knee": (30.0, 60.0), "hip": (25.0, 50.0), "lean": (25.0, 40.0)}
"""Degrees up to which somebody stands, and from which they do not: by a knee's bend, by the trunk's against the legs, by that of the whole
body from the vertical."""

FEWEST_KEYPOINTS = 3
"""Least keypoints, in 2D and 3D, from which the scale between them is taken."""


def view_rotation(yaw: float, pitch: float = 0.0) -> NDArray[np.float64]:
    """Rotation (3, 3), in the body frame, that turns a person.

    Args:
        yaw: degrees about the vertical, to the person's own left (anticlockwise from above).
        pitch: degrees that the person then tilts towards the viewer, so that more of their top shows.
    """
    turn, tilt = (rotation_matrices(np.radians(angle) * np.eye(3)[axis]) for angle, axis in ((yaw, 1), (pitch, 0)))
    return np.asarray(tilt @ turn, np.float64)


def turn_pose(pose: ArrayLike, yaw: float, pitch: float = 0.0, lean: float = 0.0) -> Floats:
    """Turn poses (..., 24, 3), axis-angle, about the pelvis by `view_rotation`; about an axis that leans by degrees to the viewer."""
    out = np.array(pose, np.float64)
    turn = view_rotation(0, pitch + lean) @ view_rotation(yaw) @ view_rotation(0, -lean)
    out[..., 0, :] = axis_angles(turn @ rotation_matrices(out[..., 0, :]))
    return out.astype(np.float32)


def lean_of(body: Body, pose: Floats, betas: Floats) -> float:
    """Degrees by which somebody who stands leans towards the viewer, from their feet to their head; 0 of who does not stand.

    Nobody stands for long with the head far before the feet: what leans is the camera, or the depth of the fit, which a photograph shows
    least. So a turn is upright about this axis.

    Args:
        body: the body model.
        pose: (24, 3) axis-angle.
        betas: (10,).
    """
    _, positions = joint_transforms(body, np.stack([pose, np.zeros_like(pose)]), np.stack([betas, betas]))
    at, rest = ({name: joints[index] for index, name in enumerate(SMPL_JOINTS)} for joints in positions)
    feet, pelvis, head = (at["left_ankle"] + at["right_ankle"]) / 2, at["pelvis"], at["head"]
    lean = _lean(head - feet) - _lean(rest["head"] - (rest["left_ankle"] + rest["right_ankle"]) / 2)
    knees = [_angle(at[f"{s}_knee"] - at[f"{s}_hip"], at[f"{s}_ankle"] - at[f"{s}_knee"]) for s in ("left", "right")]
    bends = {"knee": max(knees), "hip": _angle(pelvis - feet, head - pelvis), "lean": abs(lean)}
    stands = min((high - bends[name]) / (high - low) for name, (low, high) in STANDING.items())
    return lean * min(1.0, max(0.0, stands))


def _lean(along: NDArray[np.floating]) -> float:
    """Degrees by which a vector (3,) leans from the vertical towards the viewer."""
    return float(np.degrees(np.arctan2(along[2], along[1])))


def _angle(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Degrees between two vectors (3,)."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other)))


@dataclass(frozen=True)
class FittedBody:
    """A posed body in front of a camera."""

    body: Body
    """The body model."""
    pose: Floats
    """(24, 3) axis-angle, radians."""
    betas: Floats
    """(10,)."""
    camera: Floats
    """(3,) px per metre, px, px."""
    size: tuple[int, int]
    """Height, width of the picture, px."""
    hands_pose: Floats | None = None
    """(30, 3) axis-angle of the fingers, radians; None: at rest."""
    offset: Floats | None = None
    """(V, 3) displacements of the skin in rest, metres: clothes and hair (`geometry.dressing`); None: bare."""
    drawn: NDArray[np.int32] | None = None
    """(F, 3) faces as they are drawn, those that are not with equal corners (`LayeredBody.drawn`); None: all of the body's."""

    @property
    def faces(self) -> NDArray[np.int32]:
        """(F, 3) faces as they are drawn."""
        return self.body.faces if self.drawn is None else self.drawn

    def turned(self, yaw: float, pitch: float = 0.0, *, level: bool = False) -> FittedBody:
        """The same person in front of the same camera, turned about the pelvis by `view_rotation`.

        Args:
            yaw: degrees.
            pitch: degrees.
            level: about the axis of who stands (`lean_of`), upright from all sides, and not about the camera's vertical.
        """
        lean = lean_of(self.body, self.pose, self.betas) if level else 0.0
        return replace(self, pose=turn_pose(self.pose, yaw, pitch, lean))

    @cached_property
    def vertices(self) -> Floats:
        """(V, 3) metres, body frame."""
        fingers = None if self.hands_pose is None else self.hands_pose[None]
        offset = None if self.offset is None else self.offset[None]
        return np.asarray(pose_vertices(self.body, self.pose[None], self.betas, fingers, offset)[0])

    @cached_property
    def points(self) -> Floats:
        """(V, 3) projected vertices: u, v px and depth m."""
        return project(self.camera, self.vertices).astype(np.float32)

    @property
    def keypoints(self) -> Floats:
        """(18, 3) px and confidence: 1, less where the body itself hides the joint, NaN and 0 outside the picture."""
        points = project(self.camera, pose_keypoints(self.body, self.pose[None], self.betas)[0]).astype(np.float32)
        _, _, depth = rasterize(self.points, self.faces, *self.size)
        return depth_test_keypoints(points, depth)

    def flow_from(self, source: FittedBody) -> tuple[Floats, NDArray[np.uint8]]:
        """Flow (H, W, 2) px and visibility (H, W) of this picture from another of the same person (`correspond`)."""
        return correspond(self.points, source.points, self.body.faces, *self.size, (self.faces, source.faces))


def depth_test_keypoints(points: ArrayLike, depth: NDArray[np.floating]) -> Floats:
    """Give projected keypoints a confidence by comparing their depth with that of the surface.

    Args:
        points: (18, 3) projected keypoints: u, v px and depth m.
        depth: (H, W) m of the nearest surface, +inf = none.

    Returns:
        (18, 3) x, y px and confidence: 1, `HIDDEN_CONFIDENCE` behind more than `SKIN_DEPTH` of body, NaN and 0 outside the picture.
    """
    projected = np.asarray(points, np.float32)
    height, width = depth.shape
    inside = inside_image(projected, depth.shape)
    x, y = (
        np.clip(np.rint(np.where(inside, projected[:, i], 0)), 0, side - 1).astype(int)
        for i, side in ((0, width), (1, height))
    )
    hidden = projected[:, 2] - depth[y, x] > SKIN_DEPTH
    confidence = np.where(hidden, HIDDEN_CONFIDENCE, 1)
    out = np.stack([projected[:, 0], projected[:, 1], confidence], axis=1).astype(np.float32)
    return drop_keypoints(out, ~inside)


def turn_keypoints(keypoints: ArrayLike, keypoints3d: ArrayLike, yaw: float, pitch: float = 0.0) -> Floats:
    """Turn a skeleton without fitting a body: 3D keypoints, of a detector or of a file, turned about the middle of the hips.

    Args:
        keypoints: (18, 3) x, y px, confidence, in the picture as it is.
        keypoints3d: (18, 4) metres, x right, y up, z towards the viewer, confidence.
        yaw: degrees, as for `view_rotation`.
        pitch: degrees, as for `view_rotation`.

    Returns:
        (18, 3) px and confidence; NaN and 0 where the 3D keypoint is missing.

    Raises:
        ValueError: fewer than three keypoints are valid both in 2D and in 3D, or no hip is.
    """
    flat = np.asarray(keypoints, np.float64)
    deep = np.asarray(keypoints3d, np.float64)
    valid = valid_keypoints(deep)
    both = valid & valid_keypoints(flat)
    hips = [k for k in (keypoint("left_hip"), keypoint("right_hip")) if valid[k]]
    if both.sum() < FEWEST_KEYPOINTS or not hips:
        raise ValueError("turning needs a hip, and three keypoints in 2D and in 3D")
    image_axes = deep[:, :3] * (1, -1, 1)  # y down, as pixels are
    metres_mean = image_axes[both, :2].mean(0)
    pixels_mean = flat[both, :2].mean(0)
    metres = image_axes[both, :2] - metres_mean
    pixels = flat[both, :2] - pixels_mean
    scale = (metres * pixels).sum() / max((metres * metres).sum(), 1e-12)
    offset = pixels_mean - scale * metres_mean
    axis = deep[hips, :3].mean(0)
    turned = (deep[:, :3] - axis) @ view_rotation(yaw, pitch).T + axis
    out = np.concatenate([scale * turned[:, :2] * (1, -1) + offset, deep[:, 3:]], axis=1).astype(np.float32)
    return drop_keypoints(out, ~valid)
