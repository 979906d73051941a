"""The motion that drives somebody: of a clip of a person, a folder of keypoints, or a file of poses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ptx.avatar.clip import Clip
from ptx.geometry.body import Body
from ptx.geometry.fitting.hands import FittedHands, fit_hands
from ptx.geometry.motion import Motion, fit_motion
from ptx.geometry.motion.smooth_hands import smooth_hands
from ptx.inference.clip_detection import Floats
from ptx.inference.clip_people import PersonInClip
from ptx.pipeline.storage.npz import write_npz

PIXELS = 500
"""Pixels to a metre of motions that no picture shows."""

HANDS_AT_ONCE = 1024
"""Frames whose hands are fitted at once."""


class Driving(NamedTuple):
    """T frames of somebody's motion, as their picture shows it."""

    motion: Motion
    """Poses, shape, cameras."""
    hands_pose: Floats | None
    """(T, 30, 3) axis-angle of the fingers, radians; None: at rest."""
    size: tuple[int, int]
    """Height, width of the picture, px."""
    fps: Fraction
    """Frames a second."""


def fit_driving(
    body: Body, person: PersonInClip, size: tuple[int, int], fps: Fraction, advance: Callable[[int], None]
) -> Driving:
    """Fit the body to a person of a clip, fingers too.

    Args:
        body: the body model.
        person: what the clip shows of them.
        size: height, width of its frames, px.
        fps: frames a second.
        advance: told how many more frames are fitted.
    """
    done = 0

    def told(frames: int) -> None:
        nonlocal done
        advance(frames - done)
        done = frames

    motion = fit_motion(body, person.observed, size, float(fps), progress=told)
    if body.hands is None or not person.there.any():
        return Driving(motion, None, size, fps)
    parts = [slice(first, first + HANDS_AT_ONCE) for first in range(0, len(motion.pose), HANDS_AT_ONCE)]
    betas = np.broadcast_to(motion.betas, (len(motion.pose), len(motion.betas)))
    hands = [fit_hands(body, motion.pose[p], betas[p], motion.camera[p], person.hands[p]) for p in parts]
    fitted = FittedHands(*(np.concatenate(arrays) for arrays in zip(*hands, strict=True)))
    steady = smooth_hands(body, fitted, person.observed.cuts, float(fps))
    return Driving(motion._replace(pose=steady.pose), steady.hands_pose, size, fps)


def driving_of_clip(clip: Clip) -> Driving:
    """Show the poses of a file, of somebody of mean shape, before a camera that stands still."""
    count = len(clip.poses)
    camera = np.full((count, 3), PIXELS, np.float32)
    camera[:, 1:] += PIXELS * clip.root[:, :2] * (1, -1)
    there, nothing = np.ones(count, np.bool_), np.zeros((count, 2), np.bool_)
    motion = Motion(clip.poses.astype(np.float32), np.zeros(10, np.float32), camera, there, ~there, nothing)
    rate = Fraction(clip.fps).limit_denominator(1001)
    return Driving(motion, None, (2 * PIXELS, 2 * PIXELS), rate)


def save_driving(path: Path, driving: Driving) -> None:
    """Write a motion as .npz, whole or not at all."""
    arrays = {
        **driving.motion._asdict(),
        "size": np.array(driving.size),
        "rate": np.array(driving.fps.as_integer_ratio()),
    }
    if driving.hands_pose is not None:
        arrays["hands_pose"] = driving.hands_pose
    write_npz(path, arrays)


def load_driving(path: Path) -> Driving:
    """Read what `save_driving` wrote."""
    with np.load(path, allow_pickle=False) as file:
        motion = Motion(**{name: file[name] for name in Motion._fields})
        fingers = file.get("hands_pose")
        height, width = file["size"].tolist()
        return Driving(motion, fingers, (height, width), Fraction(*file["rate"].tolist()))
