"""MakeHuman's assets: meshes (.obj) and how they are bound to the base mesh hm08 (.mhclo).

A vertex of an asset lies at the weighted mean of three vertices of the base mesh, moved by an offset that is scaled along each axis by
the distance of two vertices of the base mesh over what that distance was when the asset was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

AXES = ("x_scale", "y_scale", "z_scale")
"""Keywords of the three scales."""


@dataclass(frozen=True)
class Mesh:
    """Triangles with texture coordinates."""

    vertices: NDArray[np.float64]
    """(V, 3)"""
    faces: NDArray[np.int64]
    """(F, 3)"""
    uv: NDArray[np.float64]
    """(T, 2) u right, v up, 0..1."""
    face_uv: NDArray[np.int64]
    """(F, 3) indices into `uv`."""


@dataclass(frozen=True)
class Binding:
    """How the V vertices of an asset follow the base mesh."""

    corners: NDArray[np.int64]
    """(V, 3) vertices of the base mesh."""
    weights: NDArray[np.float64]
    """(V, 3)"""
    offsets: NDArray[np.float64]
    """(V, 3) MakeHuman's units, x, y, z."""
    scales: tuple[tuple[int, int, float], ...]
    """Of each axis two vertices of the base mesh, and their distance along that axis when the asset was made."""

    def fit(self, base: NDArray[np.float64]) -> NDArray[np.float64]:
        """Place the asset (B, V, 3) on base meshes (B, N, 3) of any unit."""
        placed = np.einsum("vi,bvic->bvc", self.weights, base[:, self.corners])
        for axis, (first, second, distance) in enumerate(self.scales):
            scale = np.abs(base[:, first, axis] - base[:, second, axis]) / distance
            placed[..., axis] += scale[:, None] * self.offsets[:, axis]
        return placed


def read_mhclo(path: Path) -> Binding:
    """Read a binding."""
    corners, weights, offsets = [], [], []
    scales = dict.fromkeys(AXES, (0, 0, 0.0))
    in_vertices = False
    for words in (line.split() for line in path.read_text(encoding="utf-8").splitlines()):
        if not words or words[0] == "#":
            continue
        if in_vertices and words[0].isdigit():
            if len(words) == 1:  # a vertex of the base mesh itself
                words = [words[0]] * 3 + ["1", "0", "0", "0", "0", "0"]
            corners.append([int(word) for word in words[:3]])
            weights.append([float(word) for word in words[3:6]])
            offsets.append([float(word) for word in words[6:9]])
            continue
        in_vertices = (in_vertices or words[0] == "verts") and words[0] != "delete_verts"
        if words[0] in AXES:
            scales[words[0]] = (int(words[1]), int(words[2]), float(words[3]))
    return Binding(np.array(corners), np.array(weights), np.array(offsets), tuple(scales[axis] for axis in AXES))


def read_obj(path: Path) -> Mesh:
    """Read a mesh; polygons become triangles."""
    vertices, uv, faces, face_uv = [], [], [], []
    for words in (line.split() for line in path.read_text(encoding="utf-8").splitlines()):
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            uv.append([float(word) for word in words[1:3]])
        elif words[0] == "f":
            corners = [[int(number) - 1 for number in word.split("/")[:2]] for word in words[1:]]
            for second, third in pairwise(corners[1:]):
                faces.append([corners[0][0], second[0], third[0]])
                face_uv.append([corners[0][1], second[1], third[1]])
    return Mesh(np.array(vertices), np.array(faces), np.array(uv), np.array(face_uv))
