"""A stand-in of PyTorch3D where it is not installed: the rules of `rasterize_meshes` without blur and bins, written from its manual.

PyTorch3D 0.7's notes ("Cameras: NDC of non-square images", "rasterize_meshes"): x to the left, y up, z into the picture; the shorter side
of the picture from -1 to 1; a pixel is sampled at its middle; it shows a face where all three barycentric weights are above 0 and the
depth is not negative; of several the nearest, of equally near ones the first; faces are numbered through the batch; -1 is none. Faces
of no area are left out. `tests/data/pytorch3d-raster.npz`, which the package itself drew, holds this stand-in to what it stands for.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import torch

NO_AREA = 1e-8
"""Faces below this area, in squares of its coordinates, are left out (kEpsilon)."""

BATCHES: list[int] = []
"""Number of meshes of every call."""


class Meshes(NamedTuple):
    """Lists of vertices (V, 3) and faces (F, 3) of each mesh."""

    verts: list[torch.Tensor]
    faces: list[torch.Tensor]


def middles(count: int, other: int) -> np.ndarray:
    """(count,) coordinates of the pixels' middles along a side, from the largest on, where the other side has `other` pixels."""
    whole = 2 * max(1.0, count / other)
    return (whole / 2 - (np.arange(count) + 0.5) * whole / count).astype(np.float32)


def rasterize_meshes(
    meshes: Meshes,
    image_size: tuple[int, int],
    blur_radius: float,
    faces_per_pixel: int,
    bin_size: int,
    perspective_correct: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """pix_to_face (N, H, W, 1), zbuf (N, H, W, 1), bary_coords (N, H, W, 1, 3), dists; exact, that is what bin_size 0 asks for."""
    BATCHES.append(len(meshes.verts))
    assert (blur_radius, faces_per_pixel, bin_size, perspective_correct) == (0.0, 1, 0, False)
    height, width = image_size
    x, y = middles(width, height), middles(height, width)
    shape = len(meshes.verts), height, width, 1
    number, depth = np.full(shape, -1, np.int64), np.full(shape, -1, np.float32)
    bary = np.full((*shape, 3), -1, np.float32)
    first = 0
    for n, (verts, faces) in enumerate(zip(meshes.verts, meshes.faces, strict=True)):
        for f, corners in enumerate(verts.cpu().numpy()[faces.cpu().numpy()]):
            (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = corners
            area = (x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)
            if abs(area) <= NO_AREA:
                continue
            rows = np.flatnonzero((y >= min(y0, y1, y2)) & (y <= max(y0, y1, y2)))
            columns = np.flatnonzero((x >= min(x0, x1, x2)) & (x <= max(x0, x1, x2)))
            u, v = x[columns][None], y[rows][:, None]
            w0 = ((u - x1) * (y2 - y1) - (v - y1) * (x2 - x1)) / (area + np.float32(NO_AREA))
            w1 = ((u - x2) * (y0 - y2) - (v - y2) * (x0 - x2)) / (area + np.float32(NO_AREA))
            w2 = ((u - x0) * (y1 - y0) - (v - y0) * (x1 - x0)) / (area + np.float32(NO_AREA))
            z = w0 * z0 + w1 * z1 + w2 * z2
            at = np.ix_([n], rows, columns, [0])
            before = depth[at][0, ..., 0]
            shown = (w0 > 0) & (w1 > 0) & (w2 > 0) & (z >= 0) & ((number[at][0, ..., 0] < 0) | (z < before))
            i, j = np.nonzero(shown)
            number[n, rows[i], columns[j], 0] = first + f
            depth[n, rows[i], columns[j], 0] = z[i, j]
            bary[n, rows[i], columns[j], 0] = np.stack([w0[i, j], w1[i, j], w2[i, j]], axis=-1)
        first += len(faces)
    device = meshes.verts[0].device
    drawn, buffer, weights = (torch.from_numpy(array).to(device) for array in (number, depth, bary))
    return drawn, buffer, weights, torch.full(shape, -1.0)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-in where `import pytorch3d` finds it, for the length of a test."""
    members: dict[str, dict[str, object]] = {
        "pytorch3d": {},
        "pytorch3d.structures": {"Meshes": Meshes},
        "pytorch3d.renderer": {},
        "pytorch3d.renderer.mesh": {},
        "pytorch3d.renderer.mesh.rasterize_meshes": {"rasterize_meshes": rasterize_meshes},
    }
    for name, content in members.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
