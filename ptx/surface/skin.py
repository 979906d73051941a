"""Skin and cloth told apart: a person's skin colour, and which parts of them show skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.joints import joint
from ptx.geometry.keypoints import inside_image
from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import Zones, body_zones
from ptx.surface.points import Floats

SKIN_CR, SKIN_CB = (0.52, 0.72), (0.30, 0.52)
"""Chroma, 0 to 1, that skin of all people has (Chai and Ngan, 1999, a little wider)."""

FEWEST = 15
"""Fewest vertices that a part shows from which a colour is taken."""

LIGHT_COUNTS = 0.4
"""Share by which differences of lightness count beside those of hue."""

LEG_JOINTS = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "ankle")]

FACING = 0.5
"""Cosine to the viewer from which a vertex is taken for seen."""

LAST = 0.08
"""Metres of the legs that are looked at."""

LIKE_SKIN = 0.4
"""Likeness to the skin below which legs are clothed."""

LIT = 0.6
"""Share of a part's skin that may be shaded or bearded."""

SHADED = 0.3
"""The same of pixels that are labelled as skin."""

FEWEST_LABELLED = 40
"""Fewest pixels that are labelled as skin from which its colour is taken."""

LIKE_HAIR = 0.5
"""Likeness to the hair from which a colour is taken for hair that hangs there."""

ONLY_SKIN, NO_SKIN = 1.0, -1.0
"""What is believed of a vertex: skin alone, or all but skin."""


def likeness(colours: Floats, to: Floats, width: float) -> Floats:
    """How like a colour (3,) others (N, 3) are, 0 to 1: a Gaussian of `width` in Lab, in which lightness counts less."""
    difference = (_lab(colours) - _lab(to[None])) * np.array([LIGHT_COUNTS, 1, 1], np.float32)
    return np.asarray(np.exp(-0.5 * (difference**2).sum(1) / width**2), np.float32)


def _lab(colours: Floats) -> Floats:
    if not len(colours):  # which OpenCV refuses
        return colours
    return np.asarray(cv2.cvtColor((colours.astype(np.float32) / 255)[None], cv2.COLOR_RGB2LAB)[0], np.float32)


def typical_skin(colours: Floats, confidence: Floats, zones: Zones) -> Floats | None:
    """Find a person's lit skin colour (3,) in the first of face, neck, hands, arms and chest that shows skin; None: none does.

    Fair and brown hair has the chroma of skin: where no face is seen, parts that look like the scalp are left for the last.

    Args:
        colours: (V, 3) of the vertices, RGB 0..255.
        confidence: (V,) 0..1 with which they are seen.
        zones: of the body.
    """
    neck = (zones.neck > 0.5) & (zones.scalp < 0.1)
    limbs = (zones.hands, zones.forearms, zones.upper_arms, zones.chest)
    scalp = colours[(zones.scalp > 0.7) & (confidence > 0.4)]
    hair = np.median(scalp, axis=0) if len(scalp) > FEWEST else None
    hairy: Floats | None = None
    face = zones.face > 0.5
    for part in (face, neck, *(limb > 0.5 for limb in limbs)):
        shown = colours[part & (confidence > 0.4)]
        if len(shown) < FEWEST:
            continue
        skin = _has_chroma(shown)
        if skin.mean() > 0.3 and skin.sum() > FEWEST // 2:
            light = shown[skin].mean(1)
            typical = np.asarray(np.median(shown[skin][light >= np.quantile(light, LIT)], axis=0), np.float32)
            if part is face or hair is None or likeness(typical[None], hair, 10.0)[0] < LIKE_HAIR:
                return typical
            hairy = typical if hairy is None else hairy
    return hairy


def labelled_skin(colours: NDArray[np.uint8]) -> Floats | None:
    """Find a person's skin colour (3,) in pixels (N, 3) that are labelled as skin, such as a nape's in shade; None: they are few."""
    if len(colours) < FEWEST_LABELLED:
        return None
    skin = colours[_has_chroma(colours.astype(np.float32))].astype(np.float32)
    if len(skin) < FEWEST_LABELLED / 2:
        return None
    light = skin.mean(1)
    return np.asarray(np.median(skin[light >= np.quantile(light, SHADED)], axis=0), np.float32)


def _has_chroma(colours: Floats) -> NDArray[np.bool_]:
    """Which colours (N, 3) have the chroma of skin."""
    _, cr, cb = cv2.cvtColor((colours / 255).astype(np.float32)[None], cv2.COLOR_RGB2YCrCb)[0].T
    return np.asarray((cr > SKIN_CR[0]) & (cr < SKIN_CR[1]) & (cb > SKIN_CB[0]) & (cb < SKIN_CB[1]))


def clothed_legs(image: NDArray[np.uint8], fitted: FittedBody) -> bool:
    """Whether the legs, where a photograph (H, W, 3) shows them last, look unlike the person's skin; True where it shows none."""
    zones, points = body_zones(fitted.body), fitted.points
    facing = unit_normals(fitted.vertices, fitted.body.faces)[:, 2] > FACING
    inside = inside_image(points, fitted.size)
    column, row = (np.rint(points[:, n]).astype(int).clip(0, fitted.size[1 - n] - 1) for n in (0, 1))
    colours = image[row, column].astype(np.float32)
    seen = facing & inside
    skin = typical_skin(colours, seen.astype(np.float32), zones)
    legs = seen & (fitted.body.weights[:, LEG_JOINTS].sum(1) > 0.7)
    if legs.sum() < FEWEST:
        return True
    last = legs & (points[:, 1] > points[legs, 1].max() - LAST * float(fitted.camera[0]))
    return skin is None or float(likeness(colours[last], skin, 13.0).mean()) < LIKE_SKIN


def skin_rules(colours: Floats, confidence: Floats, skin: Floats, places: Floats, scale: float, zones: Zones) -> Floats:
    """Decide what is believed of each vertex: `ONLY_SKIN` of bare hands and arms, `NO_SKIN` of cloth near them, else 0.

    Args:
        colours: (V, 3) of the vertices, RGB 0..255.
        confidence: (V,) 0..1 with which they are seen.
        skin: (3,) the person's skin.
        places: (V, 2) px of the vertices.
        scale: px per metre.
        zones: of the body.
    """
    like = likeness(colours, skin, 13.0)
    rules = np.zeros(len(colours), np.float32)
    seen = confidence > 0.3
    hands = zones.hands > 0.5
    limbs = ((hands, 0.3), ((zones.forearms > 0.5) & ~hands, 0.65), (zones.upper_arms > 0.6, 0.65))
    for limb, least in limbs:
        if (limb & seen).sum() > FEWEST and like[limb & seen].mean() > least:
            rules[limb] = ONLY_SKIN
    bare = rules > 0
    trunk = (zones.trunk > 0.7) & (zones.head < 0.1)
    if not bare.any() or (trunk & seen).sum() <= 3 * FEWEST:
        return rules
    away, _ = cKDTree(places[bare]).query(places)
    for region in (trunk & (zones.chest > 0.5), trunk & (zones.chest <= 0.5)):
        far = region & (away > 0.14 * scale) & seen
        if far.sum() > 2 * FEWEST and like[far].mean() < 0.35:
            rules[region & (away < 0.12 * scale)] = NO_SKIN
    return rules


def rule_confidence(colours: Floats, rules: Floats, skin: Floats) -> Floats:
    """Factor (N,) 0..1 on the confidence of colours (N, 3) of which skin, or none, is expected (N,)."""
    like = likeness(colours, skin, 11.0)
    is_skin, is_none = np.clip((like - 0.2) / 0.3, 0, 1), np.clip((0.5 - like) / 0.3, 0, 1)
    return np.asarray(np.where(rules > 0, is_skin, is_none), np.float32)


def skin_map(image: NDArray[np.uint8], where: NDArray[np.bool_], skin: Floats) -> NDArray[np.bool_]:
    """Pixels (H, W) of an image (H, W, 3), among those asked for, that have the colour of skin."""
    out = np.zeros(where.shape, np.bool_)
    if where.any():
        out[where] = likeness(image[where].astype(np.float32), skin, 11.0) > 0.35
    return out
