"""The layer of trunk, legs and head without the arms before them.

What the arms hide is filled along rows, so that stripes go on, and along columns under a forearm that lies across, where that is the
shorter way.
"""

from __future__ import annotations

import cv2
import numpy as np

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

TALLEST = 0.15
"""Metres of the tallest: a forearm across, with what is doubted around it."""

SHORTER = 4
"""Power of the inverse width by which gaps along rows and along columns count."""

SLIVER = 0.01
"""Half the width, metres, of what is too narrow to be filled by itself."""

UNLIKE = 40.0
"""Grey levels between the ends of a gap from which they are two cloths."""

FILLED = 0.5
"""Confidence of what is filled."""

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
    image, filled = fill_gaps(seen.image, good, on, *(max(8, int(most * scale)) for most in (WIDEST, TALLEST)))
    whole = cv2.morphologyEx((good | filled).astype(np.uint8), cv2.MORPH_OPEN, disc(round(SLIVER * scale))) > 0
    filled &= whole  # single columns that are just short enough are lines between patches
    filled &= reading.hair > 0.5  # beside a head there is too little to go on with
    image = fill_outside(image, good | filled)
    known = np.where(good, np.float32(1), np.where(filled, np.float32(FILLED), np.float32(0)))
    confidence = facing(cosine) * edge_confidence(on, scale) * known * np.where(on, asked, np.float32(1))
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, SMOOTH * scale)), np.uint8)
    return Layer(image, smooth, confidence, rest.depth)


def fill_gaps(image: Image, good: Mask, wanted: Mask, widest: int, tallest: int) -> tuple[Image, Mask]:
    """Fill what is wanted (H, W) but not good (H, W) of an image (H, W, 3), along rows and columns; the shorter gap counts more.

    Args:
        image: (H, W, 3).
        good: (H, W) pixels that are gone on with.
        wanted: (H, W) pixels that are filled.
        widest: px of the widest gap in a row.
        tallest: px of the tallest in a column; its two ends are of one colour, else there is a hem.

    Returns:
        The image and what is filled of it (H, W).
    """
    rows, row_gap = image.copy(), np.zeros(good.shape, np.float32)
    _fill_rows(rows, good, wanted, widest, False, row_gap)
    turned, column_gap = np.ascontiguousarray(image.swapaxes(0, 1)), np.zeros(good.shape[::-1], np.float32)
    _fill_rows(turned, np.ascontiguousarray(good.T), np.ascontiguousarray(wanted.T), tallest, True, column_gap)
    columns, column_gap, filled = turned.swapaxes(0, 1), column_gap.T, (row_gap > 0) | (column_gap.T > 0)
    one, two = (np.where(gap > 0, 1 / np.maximum(gap, 1) ** SHORTER, 0)[filled, None] for gap in (row_gap, column_gap))
    rows[filled] = ((one * rows[filled] + two * columns[filled]) / (one + two) + 0.5).astype(np.uint8)
    return rows, np.asarray(filled)


@kernel
def _fill_rows(image: Image, good: Mask, wanted: Mask, most: int, alike: bool, gaps: Floats) -> None:
    """Fill what is wanted (H, W) but not good (H, W) of an image (H, W, 3), in place, and write the width of its gap, px, into `gaps`.

    Along its row, reflected at both ends of the gap, blended quickly about the middle so that it stays sharp. Gaps wider than `most` px
    are left. Where what is gone on with shall be `alike`, it ends at another colour, and gaps between two colours are left.
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
            left = _run(image[y], good[y], start - 1, -1, gap, alike)
            right = _run(image[y], good[y], x, 1, gap, alike)
            if gap > most or max(left, right) < FEWEST:
                continue
            if alike and (min(left, right) < FEWEST or _differ(image[y, start - FEWEST], image[y, x + FEWEST - 1])):
                continue
            for k in range(gap):
                t = min(max(((k + 0.5) / gap - 0.35) / 0.3, 0.0), 1.0)
                share = t * t * (3 - 2 * t)  # of the right side
                if left < FEWEST:
                    share = 1.0
                elif right < FEWEST:
                    share = 0.0
                a = start - 1 - _reflected(k, left) if share < 1 else 0
                b = x + _reflected(gap - 1 - k, right) if share > 0 else 0
                for c in range(3):
                    image[y, start + k, c] = np.uint8((1 - share) * image[y, a, c] + share * image[y, b, c] + 0.5)
                gaps[y, start + k] = gap


@kernel
def _run(image: Image, good: Mask, start: int, step: int, most: int, alike: bool) -> int:
    """Count good pixels (W,) from `start` on, at most so many; where they shall be `alike`, up to another colour in the image (W, 3)."""
    count, x = 0, start
    while count < most and 0 <= x < len(good) and good[x] and not (alike and _differ(image[x], image[start])):
        count += 1
        x += step
    return count


@kernel
def _differ(one: Image, other: Image) -> bool:
    """Whether colours (3,) are those of different cloths."""
    most = 0.0
    for c in range(3):
        most = max(most, abs(float(one[c]) - float(other[c])))
    return most > UNLIKE


@kernel
def _reflected(k: int, count: int) -> int:
    """Bring k to 0..count - 1 by reflecting it to and fro."""
    m = k % (2 * count)
    return m if m < count else 2 * count - 1 - m
