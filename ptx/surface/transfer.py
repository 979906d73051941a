"""From a photograph to the person in another's pose: the surface filled once, then drawn for each pose."""

from __future__ import annotations

import cv2
import numpy as np

from ptx.geometry.viewpoint import FittedBody
from ptx.surface.layers import Image
from ptx.surface.points import Floats
from ptx.surface.proportions import in_pose
from ptx.surface.render import Rendering, render, unseen_arms
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import TEXTURE_SIDE, SurfaceStore, build_store

TEXELS_PER_PIXEL = 4
"""Side of the texture over the longer side of a small photograph: as many texels as it has pixels of a person, and some to spare."""

LEAST_SIDE = 640
"""Smallest side of a texture, px: the faces of a body without texture coordinates, SMPL's 13,776 and 4,816 of sheets, need cells of
6 px."""


def fill(photograph: MaskedPhotograph, fitted: FittedBody) -> SurfaceStore:
    """Fill a person's surface, with a texture as fine as the photograph."""
    side = int(np.clip(TEXELS_PER_PIXEL * max(fitted.size), LEAST_SIDE, TEXTURE_SIDE))
    return build_store(photograph, fitted, side)


def transfer(store: SurfaceStore, target: FittedBody, keypoints: Floats) -> Rendering:
    """Draw the person of a store in the pose, at the place and in the picture of another body.

    Args:
        store: the filled surface.
        target: the other body.
        keypoints: (18, 3) that it was fitted to; arms of which they have neither elbow nor wrist are left out.
    """
    fitted = in_pose(store.source.fitted, target)
    return render(store, fitted, unseen_arms(fitted, keypoints))


def lay_over(drawn: Rendering, background: Image) -> Image:
    """Lay a drawn person over a picture (H, W, 3) of the same size, or one colour (1, 1, 3)."""
    out = np.ascontiguousarray(np.broadcast_to(background, drawn.colour.shape)).copy()
    cv2.copyTo(drawn.colour, (drawn.alpha == 1).astype(np.uint8), out)
    edge = np.nonzero((drawn.alpha > 0) & (drawn.alpha < 1))
    alpha = drawn.alpha[edge][:, None]
    out[edge] = alpha * drawn.colour[edge] + (1 - alpha) * out[edge] + 0.5
    return out
