"""Bodies from keypoints and an outline alone, and the flow of clothes that a body carries into another pose."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.dressing.dress import Dressed, dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import wear
from ptx.geometry.fitting import fit
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.layers import Image
from ptx.surface.points import Floats
from ptx.surface.proportions import in_pose


def fit_posed(body: Body, keypoints: Floats, size: tuple[int, int]) -> Posed | None:
    """Fit a bare body to keypoints (18, 3) of a picture of a size (height, width) px; None where they are too few or too odd."""
    fitted = fit(body, keypoints[None], None, size)
    return Posed(fitted.pose[0], fitted.betas[0], fitted.camera[0]) if fitted.usable[0] else None


def dress_posed(body: Body, posed: Posed, keypoints: Floats, mask: Floats) -> Dressed:
    """Dress a body to the person's mask (H, W), 0 to 1."""
    return dress(body, posed, Person(keypoints, None, None, mask))


def wearing(body: Body, dressed: Dressed, size: tuple[int, int]) -> FittedBody:
    """Return a dressed body, with the sheets that it wears, before its camera, whose picture has a size (height, width) px."""
    return wear(FittedBody(body, *dressed.posed[:3], size), dressed.heights, dressed.worn, dressed.sheet_heights)


def carried_flow(source: FittedBody, target: FittedBody) -> tuple[Floats, Image]:
    """Flow (H, W, 2) px and visibility (H, W) of a person in another's pose: of the source's clothes, which the body carries there.

    Args:
        source: the person, dressed.
        target: a body in the wanted pose; its own shape and clothes do not count.
    """
    flow, visibility = in_pose(source, target).flow_from(source)
    return np.asarray(flow, np.float32), visibility
