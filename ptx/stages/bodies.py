"""What the stages that pose bodies share: fitted parameters to points seen by the camera, and the packing of barycentric weights."""

from __future__ import annotations

from typing import Any

import numpy as np
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
    return project(camera, pose_vertices(body, pose, betas)).astype(np.float32, copy=False)


def encode_bary(bary: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Weights in [0, 1] to uint16."""
    return np.rint(bary * np.float32(65535)).astype(np.uint16)


def decode_bary(bary: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Inverse of `encode_bary`."""
    return bary * np.float32(BARY_STEP)
