"""A motion as a BVH file: the body's skeleton in rest, then angles a frame.

Biovision hierarchy; Meredith and Maddock, "Motion capture file formats explained", University of Sheffield, 2001.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import PARENTS, SMPL_JOINTS
from ptx.geometry.rotation import rotation_matrices

CENTIMETRES = 100.0
"""Units of a metre."""

END = 5.0
"""Length of the last bones, centimetres."""

CHANNELS = "Zrotation Xrotation Yrotation"
"""Order of the angles: about z first, then the turned x, then the turned y."""


def encode_bvh(joints: NDArray[np.floating], pose: NDArray[np.floating], root: NDArray[np.floating], fps: float) -> str:
    """Write T poses.

    Args:
        joints: (24, 3) joints in rest, metres.
        pose: (T, 24, 3) axis-angle, radians, each relative to its parent.
        root: (T, 3) metres by which the body is moved.
        fps: frames a second.
    """
    angles = np.degrees(_zxy(rotation_matrices(pose)))
    places = (joints[0] + root) * CENTIMETRES
    order = list(_depth_first(0))
    rows = np.concatenate([places, angles[:, order].reshape(len(pose), -1)], axis=1)
    lines = ["HIERARCHY", *_hierarchy(joints, 0, 0), "MOTION", f"Frames: {len(pose)}", f"Frame Time: {1 / fps:.7f}"]
    lines += [" ".join(f"{value:.4f}" for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def _depth_first(joint: int) -> Iterator[int]:
    """Yield a joint and those below it as the file has them."""
    yield joint
    for child in _children(joint):
        yield from _depth_first(child)


def _children(joint: int) -> list[int]:
    return [child for child, parent in enumerate(PARENTS) if parent == joint]


def _hierarchy(joints: NDArray[np.floating], joint: int, depth: int) -> Iterator[str]:
    """Yield the lines of a joint and of those below it."""
    tab = "\t" * depth
    parent = PARENTS[joint]
    offset = joints[joint] - (joints[parent] if parent >= 0 else joints[joint])
    yield f"{tab}{'JOINT' if depth else 'ROOT'} {SMPL_JOINTS[joint]}"
    yield f"{tab}{{"
    yield f"{tab}\tOFFSET {_vector(offset * CENTIMETRES)}"
    place = "" if depth else "Xposition Yposition Zposition "
    yield f"{tab}\tCHANNELS {3 if depth else 6} {place}{CHANNELS}"
    for child in _children(joint):
        yield from _hierarchy(joints, child, depth + 1)
    if not _children(joint):
        yield f"{tab}\tEnd Site"
        yield f"{tab}\t{{"
        yield f"{tab}\t\tOFFSET {_vector(offset / max(float(np.linalg.norm(offset)), 1e-9) * END)}"
        yield f"{tab}\t}}"
    yield f"{tab}}}"


def _vector(values: NDArray[np.floating]) -> str:
    return " ".join(f"{value:.4f}" for value in values)


def _zxy(rotations: NDArray[np.floating]) -> NDArray[np.float64]:
    """Angles (..., 3) a, b, c, radians, of rotations (..., 3, 3) = Rz(a) Rx(b) Ry(c)."""
    r = np.asarray(rotations, np.float64)
    b = np.arcsin(np.clip(r[..., 2, 1], -1, 1))
    a = np.arctan2(-r[..., 0, 1], r[..., 1, 1])
    c = np.arctan2(-r[..., 2, 0], r[..., 2, 2])
    return np.stack([a, b, c], axis=-1)
