"""Hair that hangs over trunk and arms and is no sheet of the body, told by labels, or by its colour."""

from __future__ import annotations

import cv2
import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.layers.hair import chin_and_shoulders
from ptx.geometry.layers.layered_body import base_of
from ptx.surface.layers import Mask, disc
from ptx.surface.palettes import Palette, rows_of, tell_apart
from ptx.surface.points import Floats
from ptx.surface.reduced import (
    COMMON,
    CORE_ARM,
    CORE_TRUNK,
    FEATURES,
    FEWEST,
    MOST_COLOUR,
    REACH,
    ZONE,
    Reduced,
    ask_neighbours,
    connected,
    larger,
)

LONGEST_HAIR = 0.5
"""Metres below the chin to which hair may hang."""

BELOW_HAIR = 0.32, 0.55
"""Metres below the chin between which clothes show their colour."""

MIDDLE = 0.06
"""Metres beside the middle of a chest that hair leaves free."""

AROUND_HEAD = 0.06
"""Metres around a head in which a person shows hair where no body is."""

THROAT = 0.1
"""Metres below the chin up to which hair leaves skin free in the middle."""

NECKLINE, SKIN_THERE, NO_SKIN_THERE = 0.2, 0.5, 4.0
"""Share of skin in the middle of the chest from which there is some beside it, and log odds against skin where there is and is not."""

DOUBT = 0.5
"""Log odds against hair anywhere."""

LEAST_HAIR = 0.0012
"""Square metres of hair."""

CHEST = 0.12
"""Metres below the chin from which that is cloth."""

CLOTHES = 0.2, 0.5
"""Shares of clothes, below hair and in the middle of the chest, with the colour of hair from which hair is not told."""


def hanging_hair(fit: Reduced, body: Body) -> Mask:
    """Find pixels (h, w) of trunk and arms before which hair hangs; none where clothes have its colour, or nothing tells that."""
    none = np.zeros_like(fit.inside)
    below = fit.down - (float(body.v_template[:, 1].max()) - chin_and_shoulders(base_of(body))[0])
    head = (fit.head > 0.5) | (fit.scalp > 0.5)
    if fit.garments is not None:
        labelled = fit.garments.shows("hair") & fit.inside & ~head & ((fit.down > 0) | fit.arm)
        return larger(np.asarray(labelled), LEAST_HAIR * fit.scale**2)
    around = cv2.dilate(head.astype(np.uint8), disc(round(AROUND_HEAD * fit.scale))) > 0
    scalp = fit.inside & ((fit.scalp > ZONE) | (around & ~fit.on))
    throat = fit.on & ~fit.arm & (below > 0) & (below < THROAT) & (np.abs(fit.across) < MIDDLE / 2)
    face = fit.inside & ((fit.features > FEATURES) | throat)
    clothes = fit.inside & ~fit.arm & ~head & (fit.down > 0) & (fit.outer > CORE_TRUNK)
    central = np.abs(fit.across) < MIDDLE
    lower = clothes & (below > BELOW_HAIR[0]) & (below < BELOW_HAIR[1])
    chest = clothes & (below > CHEST) & (below < BELOW_HAIR[0])
    middle, sides = chest & central, [chest & (fit.across * side > MIDDLE) for side in (1, -1)]
    if min(part.sum() for part in (scalp, face, middle, *sides)) < FEWEST:
        return none
    strands, skin = tell_apart(fit.codes, scalp, np.zeros_like(below), face, np.zeros_like(below))
    like = strands > np.maximum(skin + 1, COMMON)
    if any(part.any() and like[part].mean() > most for part, most in zip((lower, middle), CLOTHES, strict=True)):
        return none
    learned = clothes & ~((strands > COMMON) & (below < BELOW_HAIR[0]))
    if learned.sum() < FEWEST:
        return none
    others = [Palette.of_pixels(fit.codes, fit.down, learned).of(fit.codes, fit.down)]
    arms = fit.inside & fit.arm & (fit.inner > CORE_ARM) & ~like
    if arms.sum() > FEWEST:
        bare = Palette.of_pixels(fit.codes, fit.along, arms).of(fit.codes, fit.along)
        others.append(np.where(fit.outer < REACH, bare, COMMON))
    others.append(skin - _skin_doubt(fit, clothes & central, skin))
    odds = np.clip(strands - np.maximum(np.max(others, axis=0), COMMON), -MOST_COLOUR, MOST_COLOUR) - DOUBT
    where = fit.inside & (head | ~fit.on | ((fit.down > 0) & (below < LONGEST_HAIR)))
    hair = connected(where & (ask_neighbours(odds, where, fit.scale) > 0), scalp & (strands > skin))
    return larger(np.asarray(hair & ~head & ((fit.down > 0) | fit.arm)), LEAST_HAIR * fit.scale**2)


def _skin_doubt(fit: Reduced, middle: Mask, skin: Floats) -> Floats:
    """Log odds (h, w) against skin on the chest, by what its middle (h, w) shows at the same height: skin (h, w), or cloth."""
    rows = rows_of(fit.down)
    count = int(rows.max()) + 1
    total, bare = (
        np.bincount(rows[middle], weights, count) for weights in (skin[middle] > -np.inf, skin[middle] > COMMON)
    )
    return np.where(bare > NECKLINE * np.maximum(total, 1), SKIN_THERE, NO_SKIN_THERE)[rows].astype(np.float32)
