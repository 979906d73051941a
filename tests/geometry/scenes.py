"""Posed bodies as cameras see them, for the tests of rasteriser, flow and visibility."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import joint
from ptx.geometry.skinning import pose_vertices


class Scene(NamedTuple):
    """Points (N, V, 3) of N bodies, and their faces (F, 3)."""

    points: np.ndarray
    faces: np.ndarray


def posed(count: int, side: int, seed: int = 0, spec: str = "small") -> Scene:
    """Bodies in varied poses, seen from all round, filling a picture of side × side px."""
    rng = np.random.default_rng(seed)
    body = load_body(spec)
    pose = rng.normal(0, 0.25, (count, 24, 3))
    pose[:, joint("left_shoulder"), 2] -= 1.0
    pose[:, joint("right_shoulder"), 2] += 1.0
    pose[:, 0] = 0
    pose[:, 0, 1] = rng.uniform(-np.pi, np.pi, count)
    camera = np.tile([side * 0.46, (side - 1) / 2, side * 0.46], (count, 1))
    points = project(camera, pose_vertices(body, pose, rng.normal(0, 1, (count, 10))).astype(np.float64))
    return Scene(points.astype(np.float32), body.faces)


def facing(count: int, seed: int = 0, side: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Poses (N, 24, 3) of people who face the viewer with lowered arms and still hands, and cameras (N, 3) of a picture of side px."""
    rng = np.random.default_rng(seed)
    pose = np.zeros((count, 24, 3))
    pose[:, 1:20] = rng.normal(0, 0.1, (count, 19, 3))
    pose[:, joint("left_shoulder"), 2] -= 1.0
    pose[:, joint("right_shoulder"), 2] += 1.0
    return pose, np.tile([side * 0.46, (side - 1) / 2, side * 0.46], (count, 1))
