"""PyTorch3D's rasteriser with the conventions of ours: an optional second opinion, on the GPU where there is one.

On a CPU it is some thousand times slower than ours. Its conventions are those of `rasterize_meshes` of PyTorch3D 0.7: x to the left and
y up, the shorter side of the picture from -1 to 1, faces numbered through all meshes of a batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ptx.geometry.rasterizer import FloatArray, IntArray, Surface, mesh_arrays

INSTALL = "pytorch3d is not installed; see github.com/facebookresearch/pytorch3d, or use the built-in rasteriser"
"""Message where PyTorch3D is missing."""


def rasterize_pytorch3d(points: ArrayLike, faces: ArrayLike, height: int, width: int) -> Surface:
    """Rasterise a batch of meshes with `rasterize_meshes`: one face a pixel, no culling, no blur, no bins that could overflow.

    Args:
        points: (N, V, 3) u, v px and depth of N ≥ 1 meshes.
        faces: (F, 3) vertex indices of all of them, or (N, F, 3) of each.
        height: of the pictures, px.
        width: of the pictures, px.

    Returns:
        face (N, H, W), bary (N, H, W, 2) and depth (N, H, W), each as of `rasterizer.rasterize`.

    Raises:
        ImportError: PyTorch3D is not installed.
        ValueError: shapes or indices do not fit together.
    """
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    batch = np.asarray(points, np.float32)
    if batch.ndim != 3 or not len(batch):
        raise ValueError(f"points {batch.shape} must be (N, V, 3) of at least one mesh")
    each = np.broadcast_to(np.asarray(faces, np.int32), (len(batch), *np.shape(faces)[-2:]))
    triangles = [mesh_arrays(batch[0], these)[1] for these in each]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    corners = [torch.from_numpy(these.astype(np.int64)).to(device) for these in triangles]
    meshes = Meshes(list(torch.from_numpy(to_ndc(batch, height, width)).to(device)), corners)
    faces_drawn, depths, weights, _ = rasterize_meshes(
        meshes, (height, width), blur_radius=0.0, faces_per_pixel=1, bin_size=0, perspective_correct=False
    )
    number: IntArray = faces_drawn[..., 0].cpu().numpy()
    none = number < 0
    first = np.arange(len(batch))[:, None, None] * each.shape[1]
    face: IntArray = np.where(none, -1, number - first).astype(np.int32)
    bary: FloatArray = np.where(none[..., None], 0, weights[..., 0, :2].cpu().numpy()).astype(np.float32)
    shift = batch[..., 2].min(axis=1)[:, None, None] - 1
    depth: FloatArray = np.where(none, np.inf, depths[..., 0].cpu().numpy() + shift).astype(np.float32)
    return face, bary, depth


def to_ndc(points: FloatArray, height: int, width: int) -> FloatArray:
    """Convert points (N, V, 3) px to PyTorch3D's coordinates; the depth of each mesh begins at 1, since what is behind 0 is left out."""
    shorter = min(height, width)
    out = np.empty_like(points)
    out[..., 0] = (width - 1 - 2 * points[..., 0]) / shorter
    out[..., 1] = (height - 1 - 2 * points[..., 1]) / shorter
    out[..., 2] = points[..., 2] - points[..., 2].min(axis=-1, keepdims=True) + 1
    return out
