"""What the stages that pose bodies share: fitted parameters to points seen by the camera, and the packing of barycentric weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.skinning import pose_vertices
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import Block

FIT = ("fit.pose", "fit.betas", "fit.camera")
"""The inputs that a posed body needs."""

BARY_STEP = 1 / 65535
"""Barycentric weights are stored as uint16: on a triangle of 10 px this is 0.0002 px."""


def open_body(settings: Any) -> Body:
    """The body model that the settings name.

    Raises:
        PtxError: there is no such file, or it is no SMPL body.
    """
    try:
        return load_body(str(settings.body))
    except (OSError, ValueError) as error:
        raise PtxError(f"body: {error}") from error


def body_dependency(settings: Any) -> dict[str, Any]:
    """For `Stage.dependencies`: another file under the same path makes results stale."""
    return {"body model": open_body(settings).digest}


def posed_points(body: Body, block: Block) -> NDArray[np.float32]:
    """(M, V, 3) vertices of every image of the block as its camera sees them: u, v in px, depth in m."""
    pose, betas, camera = (block[name] for name in FIT)
    vertices = pose_vertices(body, pose, betas)
    return project(camera, vertices, out=vertices).astype(np.float32, copy=False)


@njit(cache=True, nogil=True)
def pack_surface(
    face: NDArray[np.int32],
    weights: NDArray[np.float32],
    face_part: NDArray[np.uint8],
    bary: NDArray[np.uint16],
    part: NDArray[np.uint8],
) -> int:
    """What `rasterize` drew, as it is stored: writes `bary` (H, W, 2) and `part` (H, W); returns the pixels of the body."""
    covered = 0
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            f = face[y, x]
            if f < 0:
                part[y, x] = bary[y, x, 0] = bary[y, x, 1] = 0
                continue
            covered += 1
            part[y, x] = face_part[f]
            bary[y, x, 0] = np.uint16(weights[y, x, 0] * np.float32(65535) + np.float32(0.5))
            bary[y, x, 1] = np.uint16(weights[y, x, 1] * np.float32(65535) + np.float32(0.5))
    return covered


def decode_bary(bary: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Weights in 0..1 from what `pack_surface` wrote."""
    return bary * np.float32(BARY_STEP)
