"""Hair: which vertices show it, and its fine structure laid around the head."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.layers.worn import SKIRT
from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones, head_coordinates, ramp
from ptx.surface.layers import Image
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.sampling import remap_points
from ptx.surface.skin import likeness
from ptx.surface.source import Source
from ptx.surface.symmetry import CACHED_BODIES

FEWEST = 12
"""Fewest vertices that show hair from which its structure is taken."""

CELL = 0.022, 0.08
"""Metres of a patch of hair, round the head and down."""

GRAIN = 0.01
"""Metres of the largest structures."""

MOST_CONTRAST = 45.0
"""Grey levels beyond which structure is none of hair."""

STRAND = 0.012
"""Metres along which a strand is alike (standard deviation); strands run down."""


CROWN = 0.62, 0.8
"""Heights on the head (`head_coordinates`) from which what is seen is taken for hair, and fully, though it has the colour of skin."""

NAPE = -0.46, -0.14
"""Heights on the head between which strands of the nape end."""

NAPE_RISE = 0.3
"""How much higher they end behind the ears than in the middle."""

ENDS = 0.25
"""Share of that over which a strand fades."""

TUFTS = (0.003, 0.4), (0.011, 0.6)
"""Metres round the head of strands, and of tufts, that end at one height, and what each counts."""

THICK = 0.018
"""Metres that ears stand off the skin from which they are under hair."""

LEAST_EARS = 0.01
"""Share of the ears that is seen at least where they are told to be covered."""

SIDEBURNS = 0.02, 0.22
"""Heights on the head between which hair ends before the ears."""

BESIDE_FACE, JAW = (0.6, 0.76), (-0.5, -0.4)
"""Places from the middle of the head between which long hair begins to cover a face's sides, and heights between which they end."""

LIT = 0.92, 0.10
"""Light on hair that nothing shows: in the mean, and how much more from above and less from below."""


class HairZone(NamedTuple):
    """Where hair grows on a head, of the vertices."""

    share: Floats
    """(V,) 0..1: on the scalp without ears, falling over the nape."""
    ears: Floats
    """(V,) 0..1: ears, which hair may cover."""
    sides: Floats
    """(V,) 0..1: temples and the sides of the face, which long hair falls over."""
    light: Floats
    """(V,) factor on the colours of hair."""


@lru_cache(maxsize=CACHED_BODIES)
def hair_zone(body: Body) -> HairZone:
    """Find where hair grows."""
    zones, (x, y, z) = body_zones(body), head_coordinates(body).T
    rise = NAPE_RISE * (1 - ramp(-z, 0.05, 0.45))
    nape = zones.head * ramp(y - rise, *NAPE) * ramp(-z, 0.0, 0.25)
    ears = (
        ramp(np.abs(x), 0.80, 0.86) * ramp(y, -0.2, -0.12) * (1 - ramp(y, 0.38, 0.44)) * ramp(0.4 - np.abs(z), 0, 0.1)
    )
    before_ears = (1 - ramp(y, *SIDEBURNS)) * ramp(z, 0.0, 0.15)
    share = np.maximum(zones.scalp * (1 - ramp(-z, 0.0, 0.25) * (1 - ramp(y - rise, *NAPE))), nape) * (
        1 - np.maximum(ears, before_ears)
    )
    sides = zones.head * ramp(np.abs(x), *BESIDE_FACE) * ramp(y, *JAW) * (1 - zones.scalp)
    light = LIT[0] + LIT[1] * unit_normals(body.v_template, body.faces)[:, 1]
    sheets = layer_of(body) > 0
    return HairZone(
        np.where(sheets, zones.scalp, share),
        np.where(sheets, np.float32(0), zones.scalp * ears),
        np.where(sheets, np.float32(0), sides),
        np.where(sheets, np.float32(1), light),
    )


def hair_share(fitted: FittedBody, hair: Floats, known: Floats) -> Floats:
    """`Completion.hair_share` (V,): hair where it grows, over covered ears, and where long hair falls; arguments as for `ears_covered`."""
    zone = hair_zone(fitted.body)
    if wears_long_hair(fitted):
        return np.asarray(np.maximum(zone.share + zone.ears, zone.sides), np.float32)
    return zone.share + zone.ears if ears_covered(fitted, hair, known) else zone.share


def wears_long_hair(fitted: FittedBody) -> bool:
    """Whether sheets of hair are drawn."""
    first, second = fitted.faces[:, 0], fitted.faces[:, 1]
    return bool(((layer_of(fitted.body)[first] > SKIRT) & (first != second)).any())


def ears_covered(fitted: FittedBody, hair: Floats, known: Floats) -> bool:
    """Whether hair lies over the ears: long hair does, and thick hair, which they stand off with.

    Args:
        fitted: the dressed body.
        hair: (V,) weights of the vertices that show hair.
        known: (V,) 0..1 how far they are seen.
    """
    ears = hair_zone(fitted.body).ears
    shown, seen = float((ears * hair).sum()), float((ears * known).sum())
    thick = 0.0 if fitted.offset is None else float(ears @ np.linalg.norm(fitted.offset, axis=1) / ears.sum())
    return wears_long_hair(fitted) or thick > THICK or shown > 0.5 * max(seen, LEAST_EARS * float(ears.sum()))


def strand_ends(body: Body, points: SurfacePoints, share: Floats) -> Floats:
    """Opacity (N,) of hair at points where it has a share (N,) 0..1: each strand ends at a share of its own."""
    turn, radius = _round_head(body, points.of(body.v_template))
    ends = np.zeros(len(turn), np.float32)
    for width, weight in TUFTS:
        count = round(2 * np.pi * radius / width)
        heights = np.random.default_rng(1).random(count)
        ends += np.float32(weight) * np.interp(
            turn * count, np.arange(count + 1), np.append(heights, heights[0])
        ).astype(np.float32)
    return np.asarray(np.clip((share - (1 - ENDS) * ends) / ENDS, 0, 1), np.float32)


def _round_head(body: Body, place: Floats) -> tuple[Floats, float]:
    """Turns (N,) 0..1 round the head, from its back, of points (N, 3) in rest, and the head's radius, metres."""
    zones, template = body_zones(body), body.v_template
    middle = template[zones.head > 0.5].mean(0)
    turn = np.arctan2(place[:, 0] - middle[0], place[:, 2] - middle[2]) / (2 * np.pi) + 0.5
    return np.asarray(turn, np.float32), float(np.ptp(template[zones.scalp > 0.5, 0])) / 2


def hair_weights(source: Source, colours: Floats, known: Floats) -> Floats:
    """Weights (V,) of the vertices that show hair: on the head's upper part, unlike the skin.

    Args:
        source: the photograph.
        colours: (V, 3) of the vertices.
        known: (V,) 0..1.
    """
    zones = body_zones(source.fitted.body)
    up = head_coordinates(source.fitted.body)[:, 1]
    weights = known * ((zones.scalp > 0.7) | ((zones.head > 0.5) & (up > 0.52)))
    if source.skin is None:
        return np.asarray(weights, np.float32)
    unlike = weights * np.maximum(np.clip((0.55 - likeness(colours, source.skin, 14.0)) / 0.25, 0, 1), ramp(up, *CROWN))
    hanging = layer_of(source.fitted.body) > 0  # which is known to be hair, also where it has the colour of skin
    unlike[hanging] = weights[hanging]
    return np.asarray(unlike if unlike.sum() > FEWEST / 2 else weights * (zones.scalp > 0.7), np.float32)


def hair_grain(source: Source, weights: Floats, points: SurfacePoints) -> Floats | None:
    """Lay the seen hair's fine structure around the head: random overlapping patches whose variance is kept.

    Args:
        source: the photograph.
        weights: (V,) of the vertices that show hair.
        points: (N) of the scalp.

    Returns:
        (N, 3) what to add to the colours; None where too little hair is seen.
    """
    shown = source.points[weights > 0.4, :2]
    if len(shown) < FEWEST:
        return None
    low, high = np.percentile(shown, 15, axis=0), np.percentile(shown, 85, axis=0)
    if (high - low).min() < 8:
        return None
    fine, scale = _fine_structure(source.seen.image, low, high, GRAIN * source.scale), source.scale
    place = points.of(source.fitted.body.v_template)
    turn, radius = _round_head(source.fitted.body, place)
    cells = round(2 * np.pi * radius / CELL[0])
    down = -place[:, 1] * scale
    size, cell = fine.shape[1::-1], np.array([2 * np.pi * radius / cells, CELL[1]]) * scale
    cut = np.minimum(cell, np.array(size) - 1)
    starts = np.random.default_rng(0).random((64, 64, 2)) * (np.array(size) - 1 - cut)
    total, norm = np.zeros((len(place), 3), np.float32), np.full((len(place), 1), 1e-6, np.float32)
    for shift in ((0.0, 0.0), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5)):
        a, b = turn * cells + shift[0], down / cell[1] + shift[1]
        s, t = a - np.floor(a), b - np.floor(b)
        weight = (np.sin(np.pi * s) ** 2 * np.sin(np.pi * t) ** 2).astype(np.float32)[:, None]
        row, column = (
            (np.floor(a).astype(int) % cells + int(14 * shift[0])) % 64,
            (np.floor(b).astype(int) + int(26 * shift[1])) % 64,
        )
        at = starts[row, column] + np.stack([s, t], axis=1) * cut
        total += weight * remap_points(fine, at.astype(np.float32))
        norm += weight**2
    return np.asarray(total / np.sqrt(norm), np.float32)


def _fine_structure(image: Image, low: Floats, high: Floats, sigma: float) -> Floats:
    """Cut a box (x, y) `low` to `high` out of an image, less what is smooth there, as strands: blurred down, as strong as before."""
    (x0, y0), (x1, y1) = np.floor(low).astype(int), np.ceil(high).astype(int) + 1
    margin = int(3 * sigma) + 1
    top, left = max(0, y0 - margin), max(0, x0 - margin)
    part = image[top : y1 + margin, left : x1 + margin].astype(np.float32)
    fine = np.clip(part - cv2.GaussianBlur(part, (0, 0), max(0.5, sigma)), -MOST_CONTRAST, MOST_CONTRAST)
    fine = fine[max(0, y0) - top :, max(0, x0) - left :][: y1 - y0, : x1 - x0]
    fine -= fine.mean((0, 1))
    strands = cv2.GaussianBlur(fine, (0, 0), sigmaX=0.3, sigmaY=STRAND / GRAIN * sigma)
    return np.asarray(strands * (fine.std() / max(1e-6, float(strands.std()))), np.float32)
