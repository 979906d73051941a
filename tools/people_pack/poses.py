"""MakeHuman's poses (.bvh, CC0), as poses of the built-in body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from people_pack.base_mesh import Base
from ptx.geometry.joints import PARENTS, SMPL_JOINTS

Array = NDArray[np.float64]

BONES = {
    "pelvis": "spine05", "spine1": "spine04", "spine2": "spine03", "spine3": "spine01", "neck": "neck02", "head": "head",
    "hip": "upperleg02", "knee": "lowerleg02", "ankle": "foot", "foot": "toe3-1",
    "collar": "shoulder01", "shoulder": "upperarm02", "elbow": "lowerarm02", "wrist": "wrist", "hand": "wrist",
}  # fmt: skip
"""Joint, of both sides, → the bone of MakeHuman's rig that turns as it does."""

LEFT_OUT = ("gym01",)
"""Poses that nobody takes before a camera: bent over backwards."""

UPWARDS = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float64)
"""Turns the rig's frame, z up, to y up."""


def read_poses(folder: Path, base: Base) -> Array:
    """Return the poses (P, 24, 3) axis-angle of a folder, with the root unturned, and after each its mirror image."""
    poses = []
    for path in _files(folder):
        pose = _retarget(_world_rotations(path), base)
        poses += [pose, _mirrored(pose)]
    return np.stack(poses)


def _files(folder: Path) -> list[Path]:
    """List the poses of a folder."""
    return [path for path in sorted(folder.glob("*.bvh")) if path.stem not in LEFT_OUT]


def pose_names(folder: Path) -> list[str]:
    """Name the poses of `read_poses`."""
    return [name for path in _files(folder) for name in (path.stem, f"{path.stem} mirrored")]


def _world_rotations(path: Path) -> dict[str, Array]:
    """Return the rotation (3, 3) of each bone from MakeHuman's rest, y up."""
    lines = path.read_text(encoding="utf-8").splitlines()
    values = iter(np.fromstring(lines[next(k for k, line in enumerate(lines) if "Frame Time" in line) + 1], sep=" "))
    out: dict[str, Array] = {}
    chain: list[str] = []
    for words in (line.split() for line in lines):
        if not words:
            continue
        if words[0] in ("ROOT", "JOINT", "End"):
            chain.append(words[1])
        elif words[0] == "}":
            chain.pop()
        elif words[0] == "CHANNELS":
            given = {name: next(values) for name in words[2:]}
            angles = [given[f"{axis}rotation"] for axis in "XYZ"]
            local = UPWARDS @ Rotation.from_euler("XYZ", angles, degrees=True).as_matrix() @ UPWARDS.T
            parent = out[chain[-2]] if len(chain) > 1 else np.eye(3)
            out[chain[-1]] = parent @ local
    return out


def _retarget(world: dict[str, Array], base: Base) -> Array:
    """Return the pose (24, 3) of the built-in body in which its joints turn as the bones do (name → (3, 3))."""
    turned = []
    for name in SMPL_JOINTS:
        side, _, short = name.rpartition("_")
        bone = BONES[short or name] + {"left": ".L", "right": ".R", "": ""}[side]
        # The body rests with level arms, the rig with lowered ones.
        rest = base.skeleton.R[0, base.skeleton.names.index(bone)]
        turned.append(world[bone] @ rest.T)
    local = [turned[PARENTS[j]].T @ turned[j] for j in range(1, len(turned))]
    return np.concatenate([np.zeros((1, 3)), Rotation.from_matrix(np.stack(local)).as_rotvec()])


def _mirrored(pose: Array) -> Array:
    """Swap left and right of a pose (24, 3)."""
    other = [SMPL_JOINTS.index(_other_side(name)) for name in SMPL_JOINTS]
    return np.asarray(pose[other] * (1, -1, -1))


def _other_side(name: str) -> str:
    """Name the joint on the other side."""
    swapped = name.replace("left", "*").replace("right", "left")
    return swapped.replace("*", "right")
