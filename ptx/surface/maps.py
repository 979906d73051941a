"""Maps of a dressed body before a camera, by which a network knows what of it each pixel shows."""

from __future__ import annotations

import numpy as np

from ptx.geometry.mesh import interpolate, unit_normals
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.points import Floats

BODY_MAPS = 6
"""Channels of `body_maps`."""


def body_maps(fitted: FittedBody) -> Floats:
    """Draw the place on the body in rest, and the normal, of what each pixel shows.

    Args:
        fitted: the dressed body, before its camera.

    Returns:
        (H, W, 6): x, y, z of the undressed mean body in rest, metres; x, y, z of the normal, length 1, z towards the viewer. 0 where the
        body is not.
    """
    face, bary, _ = rasterize(fitted.points, fitted.faces, *fitted.size)
    normals = unit_normals(fitted.vertices, fitted.faces)
    values = np.concatenate([fitted.body.v_template, normals], 1).astype(np.float32)
    out = np.zeros((*fitted.size, BODY_MAPS), np.float32)
    on = face >= 0
    out[on] = interpolate(face[on], bary[on], fitted.faces, values)
    return out
