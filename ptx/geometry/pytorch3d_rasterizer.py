"""PyTorch3D's rasteriser with the signature of ours: an optional second opinion, some thousand times slower on a CPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ptx.geometry.rasterizer import FloatArray, IntArray, Surface, mesh_arrays

INSTALL = "pytorch3d is not installed; see github.com/facebookresearch/pytorch3d, or use the built-in rasteriser"
"""Message where PyTorch3D is missing."""


def rasterize_pytorch3d(points: ArrayLike, faces: ArrayLike, height: int, width: int) -> Surface:
    """Rasterise a mesh with `rasterize_meshes`: one face a pixel, no culling, no blur; as `rasterizer.rasterize` otherwise.

    Raises:
        ImportError: PyTorch3D is not installed.
        ValueError: shapes or indices do not fit together.
    """
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    vertices, triangles = mesh_arrays(points, faces)
    ndc = torch.from_numpy(to_ndc(vertices, height, width))
    mesh = Meshes([ndc], [torch.from_numpy(triangles.astype(np.int64))])
    faces_drawn, depths, weights, _ = rasterize_meshes(
        mesh, (height, width), blur_radius=0.0, faces_per_pixel=1, bin_size=0, perspective_correct=False
    )
    face: IntArray = faces_drawn[0, ..., 0].numpy().astype(np.int32)
    none = face < 0
    bary = np.where(none[..., None], 0, weights[0, ..., 0, :2].numpy()).astype(np.float32)
    nearest = float(vertices[:, 2].min())
    depth = np.where(none, np.inf, depths[0, ..., 0].numpy() + (nearest - 1)).astype(np.float32)
    return face, bary, depth


def to_ndc(points: FloatArray, height: int, width: int) -> FloatArray:
    """Convert points (V, 3) px to PyTorch3D's coordinates: +x left, +y up, the shorter side from -1 to 1, depth from 1 on."""
    shorter = min(height, width)
    out = np.empty_like(points)
    out[:, 0] = (width - 1 - 2 * points[:, 0]) / shorter
    out[:, 1] = (height - 1 - 2 * points[:, 1]) / shorter
    out[:, 2] = points[:, 2] - points[:, 2].min() + 1
    return out
