"""PyTorch3D's rasteriser behind the signature of ours: an optional second opinion, some thousand times slower on a CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ptx.geometry.rasterizer import Surface, mesh_arrays

INSTALL = "pytorch3d is not installed; see github.com/facebookresearch/pytorch3d, or use the built-in rasteriser"


def rasterize_pytorch3d(points: ArrayLike, faces: ArrayLike, height: int, width: int) -> Surface:
    """Draw a mesh with `rasterize_meshes`: one face a pixel, no culling, no blur; as `rasterizer.rasterize` otherwise.

    Raises:
        ImportError: PyTorch3D is not installed.
    """
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    vertices, triangles = mesh_arrays(points, faces)
    seen = to_ndc(vertices, height, width)
    mesh: Any = Meshes([torch.from_numpy(seen)], [torch.from_numpy(triangles.astype(np.int64))])
    face, depth, bary, _ = rasterize_meshes(
        mesh, (height, width), blur_radius=0.0, faces_per_pixel=1, bin_size=0, perspective_correct=False
    )
    found = face[0, ..., 0].numpy().astype(np.int32)
    none = found < 0
    weights = np.where(none[..., None], 0, bary[0, ..., 0, :2].numpy()).astype(np.float32)
    shift = float(vertices[:, 2].min()) - 1
    return found, weights, np.where(none, np.inf, depth[0, ..., 0].numpy() + shift).astype(np.float32)


def to_ndc(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Points (V, 3) in px to PyTorch3D's coordinates: +x left, +y up, the shorter side from -1 to 1, depth from 1 on."""
    shorter = min(height, width)
    out = np.empty_like(points)
    out[:, 0] = (width - 1 - 2 * points[:, 0]) / shorter
    out[:, 1] = (height - 1 - 2 * points[:, 1]) / shorter
    out[:, 2] = points[:, 2] - points[:, 2].min() + 1
    return out
