"""Hands that a fit has before or beside the trunk and the photograph does not show: they are behind it, or in a pocket."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import joint
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.layers import INSIDE, Mask, disc, draw_maps, face_groups
from ptx.surface.points import Floats

NEAR = 0.03
"""Metres from a fitted hand within which its skin may be."""

SHOWN = 0.15
"""Share of a hand's pixels that have skin near them from which it is seen; less is the error of the labels."""

BESIDE = 0.5
"""Share of its pixels beside the trunk, within the mask, from which a hand without skin wears a glove."""

FEWEST = 12
"""Fewest pixels of a hand that are asked."""


def without_hidden_hands(fitted: FittedBody, points: Floats, mask: Floats, garments: GarmentMap) -> FittedBody:
    """Leave out the hands that a photograph does not show, and what the fit has of their forearms before the trunk.

    What is left out keeps its number, with equal corners, as `FittedBody.drawn` has it.

    Args:
        fitted: the body.
        points: (V, 3) its vertices in the photograph.
        mask: (H, W) 0..1 of the person.
        garments: (H, W) labels.
    """
    body, faces, scale = fitted.body, fitted.faces, float(fitted.camera[0])
    arms = face_groups(body)[0]
    rest = draw_maps(points, faces[~arms], fitted.size).on
    whole = draw_maps(points, faces, fitted.size)
    skin = np.asarray(cv2.dilate(garments.shows("arms").astype(np.uint8), disc(round(NEAR * scale))), np.bool_)
    column, row = (np.clip(np.rint(points[:, n]), 0, fitted.size[1 - n] - 1).astype(int) for n in (0, 1))
    behind = np.asarray(rest & ~skin)[row, column]
    hidden = np.zeros(len(points), np.bool_)
    for side in ("left", "right"):
        hand, forearm = _part(body.weights, side, "wrist", "hand"), _part(body.weights, side, "elbow")
        shown = whole.on & np.asarray(hand[faces].any(axis=1))[whole.surface]
        if shown.sum() < FEWEST or (shown & skin).sum() > SHOWN * shown.sum():
            continue
        if (shown & ~rest & (mask > INSIDE)).sum() < BESIDE * shown.sum():
            hidden |= hand | (forearm & behind)
    if not hidden.any():
        return fitted
    return replace(fitted, drawn=np.where(np.asarray(hidden[faces].any(axis=1))[:, None], faces[:, :1], faces))


def _part(weights: Floats, side: str, *names: str) -> Mask:
    """Vertices (V,) that mostly move with joints of a side."""
    return np.asarray(weights[:, [joint(f"{side}_{name}") for name in names]].sum(axis=1) > 0.5)
