"""The layer of trunk, legs and head without the arms before them.

What the arms hide is filled along rows, so that stripes go on, and along columns where that is the shorter way: under crossed arms.
"""

from __future__ import annotations

import cv2
import numpy as np

from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.layers import (
    INSIDE,
    SMOOTH,
    Image,
    Layer,
    Mask,
    PixelMaps,
    disc,
    draw_maps,
    edge_confidence,
    face_groups,
    facing,
    fill_outside,
)
from ptx.surface.points import Floats
from ptx.surface.reading import Reading
from ptx.surface.skin import skin_map

BEFORE = 0.03
"""Metres by which an arm is before the trunk."""

AROUND = 0.02
"""Metres around an arm that are filled as well: sleeves are wider."""

AROUND_FOREIGN = 0.006
"""The same around what colours tell to be no trunk."""

WIDEST = 0.35
"""Metres of the widest gap that is filled."""

FILLED = 0.5
"""Confidence of what is filled."""

SHORTER = 4
"""Power of the inverse width by which gaps along rows and along columns count."""

ALIKE_BLEND, UNLIKE_BLEND = 0.3, 0.05
"""Shares of a gap over which its two sides are blended, of one cloth and of two."""

UNLIKE = 50.0
"""Grey levels between the two sides from which they are two cloths."""

AT_BORDER = 6
"""Pixels beside a gap whose labels are not asked, since they may be those of the arm; and before another label that are left out."""

FEWEST = 3
"""Fewest pixels beside a gap from which it is filled."""


def peel_arms(
    fitted: FittedBody,
    points: Floats,
    mask: Floats,
    seen: Layer,
    maps: PixelMaps,
    beside: Mask,
    asked: Floats,
    skin: tuple[Floats, Floats] | None,
    reading: Reading,
    garments: GarmentMap | None = None,
) -> Layer:
    """Take the arms off.

    Args:
        fitted: the body.
        points: (V, 3) its vertices in the photograph.
        mask: (H, W) of the person.
        seen: its layer with the arms.
        maps: the surface with the arms.
        beside: (H, W) pixels beside an arm.
        asked: (H, W) factor on the confidence of a face's features.
        skin: rules (V,) of the vertices and the person's skin (3,); None: no cloth is told from skin.
        reading: of the photograph, by colours.
        garments: (H, W) labels; None: it has none.
    """
    scale, faces = float(fitted.camera[0]), fitted.faces
    rest = draw_maps(points, faces[~face_groups(fitted.body)[0]], fitted.size)
    normals = unit_normals(fitted.vertices, faces)[:, 2]
    rules = np.zeros_like(normals) if skin is None else skin[0]
    cosine, expected = rest.of(np.stack([normals, rules], axis=1))
    on = rest.on
    hidden = on & (maps.depth < rest.depth - BEFORE)
    taken = cv2.dilate(hidden.astype(np.uint8), disc(round(AROUND * scale))) > 0
    if skin is not None:  # skin near a hand, where cloth is expected
        bare = skin_map(seen.image, expected < -0.3, skin[1])
        taken |= cv2.dilate(bare.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    foreign = cv2.dilate(reading.foreign.astype(np.uint8), disc(round(AROUND_FOREIGN * scale))) > 0
    taken = (taken & ~reading.trunk) | foreign
    good = on & ~taken & (mask > INSIDE) & ~(beside & ~reading.trunk)
    good = cv2.erode(good.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    labels = np.zeros(on.shape, np.uint8) if garments is None else garments.labels
    image, filled = fill_gaps(seen.image, labels, good, on, max(8, int(WIDEST * scale)))
    filled &= reading.hair > 0.5  # beside a head there is too little to go on with
    image = fill_outside(image, good | filled)
    known = np.where(good, np.float32(1), np.where(filled, np.float32(FILLED), np.float32(0)))
    confidence = facing(cosine) * edge_confidence(on, scale) * known * np.where(on, asked, np.float32(1))
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, SMOOTH * scale)), np.uint8)
    return Layer(image, smooth, confidence, rest.depth)


def fill_gaps(image: Image, labels: Image, good: Mask, wanted: Mask, most: int) -> tuple[Image, Mask]:
    """Fill what is wanted (H, W) but not good (H, W) of an image (H, W, 3), along rows and columns, the shorter gap counting more.

    Args:
        image: (H, W, 3).
        labels: (H, W) of garments: what is one thing, and gone on with alone.
        good: (H, W) pixels that are gone on with.
        wanted: (H, W) pixels that are filled.
        most: px of the widest gap.

    Returns:
        The image and what is filled of it (H, W).
    """
    every = image, labels, good, wanted
    along_rows, row_gap = _filled_rows(*every, most)
    turned, turned_gap = _filled_rows(*(np.ascontiguousarray(one.swapaxes(0, 1)) for one in every), most)
    along_columns, column_gap = turned.swapaxes(0, 1), turned_gap.T
    out, filled = image.copy(), (row_gap > 0) | (column_gap > 0)
    rows, columns = (np.where(gap > 0, 1 / np.maximum(gap, 1) ** SHORTER, 0)[filled, None] for gap in (row_gap, column_gap))
    mixed = (rows * along_rows[filled] + columns * along_columns[filled]) / (rows + columns)
    out[filled] = (mixed + 0.5).astype(np.uint8)
    return out, np.asarray(filled)


def _filled_rows(image: Image, labels: Image, good: Mask, wanted: Mask, most: int) -> tuple[Image, Floats]:
    """Fill along rows: a copy of the image, and the width (H, W) px of the gap that each filled pixel is in, else 0."""
    out, gap = image.copy(), np.zeros(good.shape, np.float32)
    _fill_rows(out, labels, good, wanted, most, gap)
    return out, gap


@kernel
def _fill_rows(image: Image, labels: Image, good: Mask, wanted: Mask, most: int, gaps: Floats) -> None:
    """Fill what is wanted (H, W) but not good (H, W) of an image (H, W, 3), in place, and write the width of its gap into `gaps`.

    Along its row, reflected at both ends of the gap as far as labels (H, W) stay what they are there, blended quickly about the middle so
    that it stays sharp, at once between different cloths; gaps wider than `most` px are left, and those that have one end count twice as wide.
    """
    height, width = good.shape
    for y in range(height):
        x = 0
        while x < width:
            if good[y, x] or not wanted[y, x]:
                x += 1
                continue
            start = x
            while x < width and wanted[y, x] and not good[y, x]:
                x += 1
            gap = x - start
            left = _run(labels[y], good[y], start - 1, -1, gap)
            right = _run(labels[y], good[y], x, 1, gap)
            if gap > most or max(left, right) < FEWEST:
                continue
            both = left >= FEWEST and right >= FEWEST
            soft = ALIKE_BLEND
            if both and _unlike(image[y, start - FEWEST], image[y, x + FEWEST - 1]):
                soft = UNLIKE_BLEND
            middle = left / (left + right)
            for k in range(gap):
                t = min(max(((k + 0.5) / gap - middle) / soft + 0.5, 0.0), 1.0)
                share = t * t * (3 - 2 * t)  # of the right side
                if left < FEWEST:
                    share = 1.0
                elif right < FEWEST:
                    share = 0.0
                a = start - 1 - _reflected(k, left) if share < 1 else 0
                b = x + _reflected(gap - 1 - k, right) if share > 0 else 0
                for c in range(3):
                    image[y, start + k, c] = np.uint8((1 - share) * image[y, a, c] + share * image[y, b, c] + 0.5)
                gaps[y, start + k] = gap if both else 2 * gap


@kernel
def _run(labels: Image, good: Mask, start: int, step: int, most: int) -> int:
    """Count the good pixels (W,) from `start` on, at most so many, up to a little before labels (W,) change after the first few."""
    count = 0
    while count < most:
        x = start + step * count
        if x < 0 or x >= len(good) or not good[x]:
            break
        if count > AT_BORDER and labels[x] != labels[start + step * AT_BORDER]:
            count -= AT_BORDER
            break
        count += 1
    return count


@kernel
def _unlike(one: Image, other: Image) -> bool:
    """Whether colours (3,) are those of different cloths."""
    most = 0.0
    for c in range(3):
        most = max(most, abs(np.float32(one[c]) - np.float32(other[c])))
    return most > UNLIKE


@kernel
def _reflected(k: int, count: int) -> int:
    """Bring k to 0..count - 1 by reflecting it to and fro."""
    m = k % (2 * count)
    return m if m < count else 2 * count - 1 - m
