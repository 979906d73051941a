"""Hair: which vertices show it, and its fine structure laid around the head."""

from __future__ import annotations

import cv2
import numpy as np

from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.zones import body_zones, head_coordinates
from ptx.surface.layers import Image
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.sampling import remap_points
from ptx.surface.skin import likeness
from ptx.surface.source import Source

FEWEST = 12
"""Fewest vertices that show hair from which its structure is taken."""

CELL = 0.022, 0.08
"""Metres of a patch of hair, round the head and down."""

GRAIN = 0.008
"""Metres of the largest structures."""

MOST_CONTRAST = 45.0
"""Grey levels beyond which structure is none of hair."""

STRAND = 0.012
"""Metres along which a strand is alike (standard deviation); strands run down."""


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
    unlike = weights * np.clip((0.55 - likeness(colours, source.skin, 14.0)) / 0.25, 0, 1)
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
    template = source.fitted.body.v_template
    place = points.of(template)
    middle = template[body_zones(source.fitted.body).head > 0.5].mean(0)
    radius = float(np.ptp(template[body_zones(source.fitted.body).scalp > 0.5, 0])) / 2
    around = np.arctan2(place[:, 0] - middle[0], place[:, 2] - middle[2]) * radius * scale
    down = (middle[1] - place[:, 1]) * scale
    size, cell = fine.shape[1::-1], np.array(CELL) * scale
    cut = np.minimum(cell, np.array(size) - 1)
    starts = np.random.default_rng(0).random((64, 64, 2)) * (np.array(size) - 1 - cut)
    total, norm = np.zeros((len(place), 3), np.float32), np.full((len(place), 1), 1e-6, np.float32)
    for shift in ((0.0, 0.0), (0.5, 0.5), (0.5, 0.0), (0.0, 0.5)):
        a, b = around / cell[0] + shift[0], down / cell[1] + shift[1]
        s, t = a - np.floor(a), b - np.floor(b)
        weight = (np.sin(np.pi * s) ** 2 * np.sin(np.pi * t) ** 2).astype(np.float32)[:, None]
        row, column = (
            (np.floor(a).astype(int) + int(14 * shift[0])) % 64,
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
    strands = cv2.GaussianBlur(fine, (0, 0), sigmaX=0.3, sigmaY=STRAND / GRAIN * sigma)
    return np.asarray(strands * (fine.std() / max(1e-6, float(strands.std()))), np.float32)
