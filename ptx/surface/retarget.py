"""One person's body in another's motion: joints turn as the other's do, and the feet stand where the other's stand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.joints import joint
from ptx.geometry.skinning import joint_transforms
from ptx.geometry.viewpoint import FittedBody

Floats = NDArray[np.float32]

FEET = ((joint("right_ankle"), joint("right_foot")), (joint("left_ankle"), joint("left_foot")))
"""Joints whose mean stands for a foot, right and left."""

LEG = tuple(tuple(joint(f"{side}_{name}") for name in ("hip", "knee", "ankle")) for side in ("right", "left"))
"""Joints along each leg."""

SETTLING = 0.1
"""Standard deviation, seconds, of the mean over time of how far bodies of other proportions are moved so that feet stand."""

HEAD, TRUNK = joint("head"), [joint(name) for name in ("pelvis", "neck", "head")]
"""Joints of the top of a body, and along its middle."""

HEAD_TOP, HALF_TRUNK = 0.25, 0.15
"""Metres from the joint of the head to above the hair, and from the middle of the trunk to its edge."""

SIGHT = (2.0, 98.0)
"""Percentiles, over a clip, of where somebody is that are kept in the picture."""

AROUND = 0.25
"""Metres around the joints of somebody that a picture of all of them shows."""

LIFTED = 0.2
"""Metres above the ground from which a foot casts no contact shadow."""

LEAST_SIZE = 0.5
"""Smallest share of their size in their photograph to which somebody is made smaller."""

CHUNK = 2048
"""Frames whose joints are posed at once."""


class Trajectory(NamedTuple):
    """A motion of T frames before a camera that stands still."""

    pose: Floats
    """(T, 24, 3) axis-angle, radians."""
    betas: Floats
    """(10,)."""
    camera: Floats
    """(T, 3) px per metre, px, px."""
    contacts: NDArray[np.bool_]
    """(T, 2) right and left foot stand on the ground."""
    usable: NDArray[np.bool_]
    """(T,) somebody is there."""


def retarget(source: FittedBody, path: Trajectory, fps: float) -> Floats:
    """Compute the cameras (T, 3) before which somebody moves as another does, where the other is in their picture.

    Legs are as long as the other's in the picture, so that steps are; a foot that stands stands where the other's does.

    Args:
        source: the person, of whom shape and limbs count.
        path: the other's motion.
        fps: frames a second.
    """
    mine, theirs = (
        _joints(body, path.pose, betas) for body, betas in ((source.body, source.betas), (source.body, path.betas))
    )
    ratio = _leg(source.body, path.betas) / _leg(source.body, source.betas)
    camera = path.camera.astype(np.float64)
    pelvis = project(camera, theirs[:, :1])[:, 0, :2]
    out = np.column_stack([camera[:, 0] * ratio, np.zeros((len(camera), 2))])
    out[:, 1:] = pelvis - project(out, mine[:, :1])[:, 0, :2]
    apart = _foot(camera, theirs) - _foot(out, mine)
    out[:, 1:] += _settled(apart, path.contacts & path.usable[:, None], SETTLING * fps)
    return out.astype(np.float32)


def bring_home(source: FittedBody, path: Trajectory, camera: Floats, low: Floats, high: Floats) -> Floats:
    """Bring a motion to where a person is in their own picture: one similarity for the whole clip, so that feet still stand.

    The person is as large as they are there, by the median, and their hips are there in the middle of the motion. If the picture shows
    the floor, they stand on it, and are smaller where they would not fit above it, as who sat and now dances. Head and hips are kept in
    sight where they can be.

    Args:
        source: the person as their photograph has them.
        path: the motion.
        camera: (T, 3) of `retarget`.
        low: (2,) x, y px from which the picture shows anything.
        high: (2,) x, y px up to which it does.
    """
    usable = path.usable
    joints = _joints(source.body, path.pose[usable], source.betas)
    home = _joints(source.body, source.pose[None], source.betas)
    at = camera[usable] * np.float32(source.camera[0] / np.median(camera[usable, 0]))
    extent = _Extent.of(at, joints)
    floor = float(source.points[:, 1].max())
    stands = floor < source.size[0]
    factor = 1.0
    if stands:
        room = _foot(source.camera[None], home)[0, :, 1].max() - low[1]
        factor = float(np.clip(room / max(extent.height, 1.0), LEAST_SIZE, 1.0))
        extent = extent.scaled(factor)
    hips = project(source.camera, home[0, :1])[0, :2]
    move = hips - extent.hips
    if stands:
        move[1] = _foot(source.camera[None], home)[0, :, 1].max() - extent.floor
    move[1] += max(0.0, low[1] - (extent.top + move[1]))
    too_far, too_near = min(0.0, high[0] - extent.right - move[0]), max(0.0, low[0] - extent.left - move[0])
    if not (too_far and too_near):
        move[0] += too_far + too_near
    out = camera * np.float32(factor * source.camera[0] / np.median(camera[usable, 0]))
    out[:, 1:] += move.astype(np.float32)
    return out


def near_ground(source: FittedBody, path: Trajectory, camera: Floats, fps: float) -> Floats:
    """Compute how near to the ground the right and the left foot are: (T, 2), 1 on it, 0 from `LIFTED` metres above it.

    The ground is where the lower foot is lowest within half a second: who jumps leaves it, who comes nearer takes it along.

    Args:
        source: the person.
        path: the motion.
        camera: (T, 3) before which they move.
        fps: frames a second.
    """
    row = _foot(camera, _joints(source.body, path.pose, source.betas))[..., 1]
    ground = maximum_filter1d(row.max(1), 2 * max(1, round(fps / 2)) + 1, mode="nearest")
    lift = (ground[:, None] - row) / np.maximum(camera[:, :1], 1e-6)
    return np.asarray(np.clip(1 - lift / LIFTED, 0, 1), np.float32)


def fill_picture(source: FittedBody, path: Trajectory, camera: Floats, longest: int) -> tuple[Floats, tuple[int, int]]:
    """Bring a motion to a picture that just holds all of it; returns cameras (T, 3), and the picture's height and width, px, both even.

    Args:
        source: the person.
        path: the motion.
        camera: (T, 3) of `retarget`.
        longest: longer side of the picture, px.
    """
    joints, shown = _joints(source.body, path.pose[path.usable], source.betas), camera[path.usable]
    points, around = project(shown, joints)[..., :2], AROUND * shown[:, 0, None]
    low = (points.min(1) - around).min(0)
    high = (points.max(1) + around).max(0)
    factor = longest / float((high - low).max())
    width, height = (max(2, 2 * round(length / 2)) for length in ((high - low) * factor).tolist())
    out = camera * np.float32(factor)
    out[:, 1:] -= (low * factor + 0.5).astype(np.float32)
    return out, (height, width)


class _Extent(NamedTuple):
    """Where somebody is in the course of a motion, px."""

    hips: NDArray[np.float64]
    """(2,) the middle of their ways."""
    top: float
    """Row of the top of the head, at the highest."""
    floor: float
    """Row of the lower foot, at the lowest."""
    left: float
    """Column of the trunk's left edge, at the leftmost."""
    right: float
    """Column of its right edge."""

    @classmethod
    def of(cls, camera: Floats, joints: NDArray[np.float64]) -> _Extent:
        """Measure a motion of cameras (T, 3) and joints (T, 24, 3)."""
        points = project(camera, joints)[..., :2]
        scale = camera[:, 0]
        first, last = SIGHT
        return cls(
            np.median(points[:, 0], axis=0),
            float(np.percentile(points[:, HEAD, 1] - HEAD_TOP * scale, first)),
            float(np.percentile(_foot(camera, joints)[..., 1].max(1), last)),
            float(np.percentile(points[:, TRUNK, 0].min(1) - HALF_TRUNK * scale, first)),
            float(np.percentile(points[:, TRUNK, 0].max(1) + HALF_TRUNK * scale, last)),
        )

    @property
    def height(self) -> float:
        """From the top of the head to the floor."""
        return self.floor - self.top

    def scaled(self, factor: float) -> _Extent:
        """Return the extent of a motion whose cameras are scaled."""
        return _Extent(self.hips * factor, *(one * factor for one in self[1:]))


def _joints(body: Body, pose: Floats, betas: Floats) -> NDArray[np.float64]:
    """Positions (T, 24, 3) of the joints of poses (T, 24, 3), metres."""
    parts = [pose[first : first + CHUNK] for first in range(0, len(pose), CHUNK)]
    shapes = [np.broadcast_to(betas, (len(part), len(betas))) for part in parts]
    return np.concatenate([joint_transforms(body, part, shape)[1] for part, shape in zip(parts, shapes, strict=True)])


def _leg(body: Body, betas: Floats) -> float:
    """Mean length of the legs, hip to ankle, metres."""
    joints = _joints(body, np.zeros((1, 24, 3), np.float32), betas)[0]
    return float(np.mean([np.linalg.norm(np.diff(joints[list(leg)], axis=0), axis=1).sum() for leg in LEG]))


def _foot(camera: NDArray[np.floating], joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where right and left foot are: (T, 2, 2) px."""
    return np.stack([project(camera, joints[:, list(foot)])[..., :2].mean(1) for foot in FEET], axis=1)


def _settled(apart: NDArray[np.float64], contacts: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """Spread over time what moves feet to where they must stand.

    Args:
        apart: (T, 2, 2) px that each foot is away from there.
        contacts: (T, 2) feet that stand.
        sigma: standard deviation of the mean over time, frames.

    Returns:
        (T, 2) px by which the body is moved.
    """
    standing = contacts.any(1)
    if not standing.any():
        return np.zeros((len(apart), 2))
    weight = contacts[standing] / contacts[standing].sum(1, keepdims=True)
    at = (apart[standing] * weight[..., None]).sum(1)
    frames = np.arange(len(apart))
    out = np.column_stack([np.interp(frames, frames[standing], column) for column in at.T])
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    padded = np.pad(out, ((reach, reach), (0, 0)), mode="edge")
    return np.column_stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T])
