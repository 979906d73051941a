"""A photograph read by colours, and by garment labels where it has any: arms and hair told from trunk and legs where the fitted body is
some centimetres beside its place.

What each looks like is learned where the fit is certain. Near the projected arms, and below the head, a pixel is then given to whom its
colour and its label speak for, asking its neighbours too; where they do not tell, to whom the fit gives it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import ramp
from ptx.surface.hanging_hair import hanging_hair
from ptx.surface.layers import EDGE, Image, Mask, ramp_map
from ptx.surface.palettes import Palette, tell_apart
from ptx.surface.points import Floats
from ptx.surface.reduced import (
    CORE_ARM,
    CORE_TRUNK,
    FEATURES,
    FEWEST,
    MOST_COLOUR,
    REACH,
    Reduced,
    apart,
    ask_neighbours,
    connected,
    reduce_fit,
)

SLEEVE_REACH = 0.015
"""The same of sleeves: cloth of their colour may be that of the trunk, of an open jacket."""

BARE = -5.5
"""Logarithm of the share of the face's pixels from which a colour is taken for skin."""

MOST_FIT = 2.5
"""Most log odds of the fit."""

FIT_ERROR = 0.02
"""Metres beside a projected outline at which the fit speaks with odds of e."""

TOLD, SURE = 1.0, 2.0
"""Log odds of colours that tell an outline, and that are sure."""

LEAST_ODDS = 1e-3
"""Log odds against an arm of what is connected with none."""

SHADOW = 0.024
"""Metres of trunk beside an arm that are left out: its shadow is there."""

SHOULDER = 0.06, 0.14
"""Metres along the arm, from the shoulder, up to which arm and trunk are one, and from which they are two."""

BLURRED = 2.0
"""Pixels from an outline that show what is on both sides of it."""


class Reading(NamedTuple):
    """What the pixels (H, W) of a photograph show."""

    own: Floats
    """0..1 how far they show what the fitted body has there."""
    hair: Floats
    """0..1 how far that is true of hair: 0 where hair hangs over trunk and arms."""
    trunk: Mask
    """Whether they surely show trunk or legs, also where the fitted body has an arm."""
    foreign: Mask
    """Whether they show arm or hair, also where the fitted body has trunk or legs."""


def read_parts(
    image: Image, mask: Floats, fitted: FittedBody, points: Floats, garments: GarmentMap | None = None
) -> Reading:
    """Read a photograph.

    Args:
        image: (H, W, 3).
        mask: (H, W) 0..1 of the person.
        fitted: their body.
        points: (V, 3) its vertices in the photograph.
        garments: (H, W) labels; None: it is read by colours alone.
    """
    fit = reduce_fit(image, mask, fitted, points, garments)
    colour, odds = _arm_odds(fit)
    is_arm, hair = odds > 0, hanging_hair(fit, fitted.body)
    told = fit.inside & (fit.along > SHOULDER[0])
    from_arm, from_trunk = told & is_arm & (colour > TOLD), told & fit.under & ~is_arm & (colour < -TOLD)
    own = np.where(
        fit.arm, _away(from_trunk, fit.scale), np.where(fit.under, _away(from_arm, fit.scale), np.float32(1))
    )
    trunk = fit.under & ~is_arm & (colour < -SURE) & apart(is_arm, SHADOW * fit.scale) & ~hair
    foreign = cv2.dilate(((fit.under & from_arm) | hair).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    size = mask.shape[::-1]
    return Reading(
        np.asarray(cv2.resize(own, size, interpolation=cv2.INTER_LINEAR), np.float32),
        np.asarray(cv2.resize(_away(hair, fit.scale), size, interpolation=cv2.INTER_LINEAR), np.float32),
        _enlarged(trunk, size),
        _enlarged(np.asarray(foreign), size),
    )


def _arm_odds(fit: Reduced) -> tuple[Floats, Floats]:
    """Log odds (h, w) that a pixel shows an arm and not trunk or legs: of its colour and label alone, and of all that speaks."""
    away = np.where(fit.arm, fit.inner, -fit.outer) / FIT_ERROR
    prior = np.asarray(np.clip(away, -MOST_FIT, MOST_FIT), np.float32)
    colour = np.zeros_like(prior)
    arm, trunk = fit.inside & fit.arm & (fit.inner > CORE_ARM), fit.inside & fit.trunk & (fit.outer > CORE_TRUNK)
    if min(arm.sum(), trunk.sum()) < FEWEST:
        return colour, prior
    arms, trunks = tell_apart(fit.codes, arm, fit.along, trunk, fit.down)
    if fit.garments is not None:
        labels, count = fit.garments.labels.astype(np.int64), len(fit.garments.names)
        of_arms, of_trunks = tell_apart(labels, arm, fit.along, trunk, fit.down, count)
        arms, trunks = arms + of_arms, trunks + of_trunks
    near = fit.inside & (fit.arm | (fit.under & (fit.outer < np.where(_bare(fit), REACH, SLEEVE_REACH))))
    told = fit.inside & fit.under & (fit.outer < REACH)
    colour[told] = np.clip((arms - trunks)[told], -MOST_COLOUR, MOST_COLOUR) * ramp(fit.along[told], *SHOULDER)
    odds = np.where(near, ask_neighbours(colour + prior, near, fit.scale), prior)
    return colour, np.where(connected(odds > 0, fit.arm), odds, np.minimum(odds, -LEAST_ODDS)).astype(np.float32)


def _bare(fit: Reduced) -> Mask:
    """Pixels (h, w) that are labelled as bare arms, or that have the colours of the face; none where it is not seen."""
    if fit.garments is not None:
        return fit.garments.shows("arms")
    face = fit.inside & (fit.features > FEATURES)
    if face.sum() < FEWEST:
        return np.zeros_like(face)
    place = np.zeros_like(fit.along)
    return np.asarray(Palette.of_pixels(fit.codes, place, face).of(fit.codes, place) > BARE)


def _away(mask: Mask, scale: float) -> Floats:
    """Confidence (h, w) by the distance to a mask (h, w): none in it."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return ramp_map(np.minimum(away, np.float32(max(mask.shape))), BLURRED, BLURRED + (EDGE[1] - EDGE[0]) * scale)


def _enlarged(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(255 * mask.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR) > 127)
