"""The layer of trunk, legs and head without the arms before them: what the arms hide is filled along rows, so that stripes go on."""

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
    image = seen.image.copy()
    filled = np.zeros_like(good)
    _fill_rows(image, good, on, max(8, int(WIDEST * scale)), filled)
    filled &= reading.hair > 0.5  # beside a head there is too little to go on with
    image = fill_outside(image, good | filled)
    known = np.where(good, np.float32(1), np.where(filled, np.float32(FILLED), np.float32(0)))
    confidence = facing(cosine) * edge_confidence(on, scale) * known * np.where(on, asked, np.float32(1))
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.3, SMOOTH * scale)), np.uint8)
    return Layer(image, smooth, confidence, rest.depth)


@kernel
def _fill_rows(image: Image, good: Mask, wanted: Mask, most: int, filled: Mask) -> None:
    """Fill what is wanted (H, W) but not good (H, W) of an image (H, W, 3), in place, and mark it in `filled`.

    Along its row, reflected at both ends of the gap, blended quickly about the middle so that it stays sharp; gaps wider than `most` px
    are left.
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
            left, right = 0, 0
            while left < gap and start - 1 - left >= 0 and good[y, start - 1 - left]:
                left += 1
            while right < gap and x + right < width and good[y, x + right]:
                right += 1
            if gap > most or max(left, right) < FEWEST:
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
                filled[y, start + k] = True


@kernel
def _reflected(k: int, count: int) -> int:
    """Bring k to 0..count - 1 by reflecting it to and fro."""
    m = k % (2 * count)
    return m if m < count else 2 * count - 1 - m
