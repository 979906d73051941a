"""Files of CMU Panoptic Studio: calibrations and triangulated joints (Joo et al., ICCV 2015); joints as a camera shows them.

World coordinates are centimetres; a camera's are x right, y down, z forward.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import drop_keypoints
from ptx.pipeline.errors import PtxError

Floats = NDArray[np.float64]

JOINTS = (
    "neck", "nose", "", "left_shoulder", "left_elbow", "left_wrist", "left_hip", "left_knee", "left_ankle",
    "right_shoulder", "right_elbow", "right_wrist", "right_hip", "right_knee", "right_ankle",
    "left_eye", "left_ear", "right_eye", "right_ear",
)  # fmt: skip
"""Order of its 19 joints; the third is the middle of the hips, which is none of our keypoints."""

LEAST_CONFIDENCE = 0.1
"""Joints below this were not triangulated."""


class Camera(NamedTuple):
    """One calibrated HD camera."""

    K: Floats
    """(3, 3) px."""
    distortion: Floats
    """(5,) OpenCV's k1, k2, p1, p2, k3."""
    R: Floats
    """(3, 3) from world to camera."""
    t: Floats
    """(3,) cm."""
    size: tuple[int, int]
    """Height, width in px."""


def project_joints(joints: Floats, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Project joints into a camera.

    Args:
        joints: (18, 4) world coordinates in cm, and confidence.
        camera: one calibrated camera.

    Returns:
        Keypoints (18, 3) in px of the picture, and (18, 4) in metres before the camera: x right, y up, z towards it, the middle
        of the hips at 0; NaN and 0 where there is none.
    """
    known = joints[:, 3] > 0
    world = np.where(known[:, None], joints[:, :3], 0)
    in_camera = world @ camera.R.T + camera.t
    known &= in_camera[:, 2] > 1  # before the camera
    projected = cv2.projectPoints(
        np.where(known[:, None], in_camera, (0, 0, 100.0)), np.zeros(3), np.zeros(3), camera.K, camera.distortion
    )[0]
    hips = [keypoint("left_hip"), keypoint("right_hip")]
    middle = [hip for hip in hips if known[hip]] or list(np.flatnonzero(known))
    relative = (in_camera - (in_camera[middle].mean(0) if middle else 0)) * (0.01, -0.01, -0.01)
    pixels = np.concatenate([projected[:, 0], joints[:, 3:].clip(0, 1)], axis=1).astype(np.float32)
    metres = np.concatenate([relative, joints[:, 3:].clip(0, 1)], axis=1).astype(np.float32)
    return drop_keypoints(pixels, ~known), drop_keypoints(metres, ~known)


class _SceneBody(TypedDict):
    """One body in the file of a frame."""

    id: int
    joints19: list[float]


@lru_cache(maxsize=64)
def read_cameras(path: Path) -> dict[str, Camera]:
    """Read the HD cameras of a sequence, by name.

    Raises:
        PtxError: the file is missing or damaged.
    """
    try:
        cameras = json.loads(path.read_text())["cameras"]
        return {
            str(one["name"]): Camera(
                np.array(one["K"], np.float64).reshape(3, 3),
                np.array(one["distCoef"], np.float64).reshape(5),
                np.array(one["R"], np.float64).reshape(3, 3),
                np.array(one["t"], np.float64).reshape(3),
                (int(one["resolution"][1]), int(one["resolution"][0])),
            )
            for one in cameras
            if one["type"] == "hd"
        }
    except OSError as error:
        raise PtxError(f"{path}: the sequence's calibration cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise PtxError(f"{path}: this is no calibration of Panoptic Studio") from None


@lru_cache(maxsize=256)
def read_bodies(path: Path) -> dict[int, Floats]:
    """Read the bodies of a frame: id → (18, 4) joints in cm, confidence, 0 where there is none.

    Raises:
        PtxError: the file is damaged.
    """
    try:
        bodies: list[_SceneBody] = json.loads(path.read_text())["bodies"]
        return {int(one["id"]): _keypoints(one["joints19"]) for one in bodies}
    except (OSError, ValueError, KeyError, TypeError):
        raise PtxError(f"{path}: this is no scene of 19-joint bodies of Panoptic Studio") from None


def _keypoints(joints19: list[float]) -> Floats:
    given = np.array(joints19, np.float64).reshape(19, 4)
    out = np.zeros((len(KEYPOINTS), 4))
    for name, joint in zip(JOINTS, given, strict=True):
        if name and joint[3] >= LEAST_CONFIDENCE and np.isfinite(joint).all():
            out[keypoint(name)] = joint
    return out
