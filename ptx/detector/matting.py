"""Masks with the picture's own edges: GrabCut in a band around a network's mask, then a guided filter.

GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004) draws the border where colours part; the guided filter (He, Sun and Tang, ECCV
2010) makes it soft where the picture is.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]

LONGER_SIDE = 448
"""Longer side, px, to which the part of the picture that shows the person is brought for GrabCut; the band's width is a share of it."""

MAX_SCALE = 2.0
"""Most by which it is enlarged."""

MARGIN = 0.06
"""Margin around the person, as a share of their longer side."""

EDGE = 0.8
"""Standard deviation, px, by which GrabCut's hard edge is smoothed before the guided filter."""

BAND = 0.008
"""Share of the longer side by which the border may move inwards and outwards."""

SURE_INSIDE, SURE_OUTSIDE = 0.8, 0.2
"""Probabilities beyond which, and further than the band from the border, a pixel's side is not asked again."""

BONE = 0.006
"""Half the thickness of the bones that are never cut off, as a share of the longer side."""

ITERATIONS = 1
"""Rounds of GrabCut."""

SMALLEST_HOLE = 0.0004
"""Share of the picture below which holes are closed."""

GUIDE_RADIUS, GUIDE_EPSILON = 0.004, 1e-4
"""Radius of the guided filter as a share of the longer side, and the variance of grey (0 to 1) below which it smooths."""

Segment = tuple[tuple[float, float], tuple[float, float]]
"""Ends x, y px of a bone."""


def sharpen_mask(image: Image, mask: Floats, bones: Sequence[Segment], seed: int) -> Floats:
    """Move the border of a mask to the picture's edges.

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W) 0 to 1, the probability that a pixel is the person's.
        bones: limbs that stay where the mask has them, though they be as dark as the ground.
        seed: of GrabCut's colour models, so that results depend on the picture alone.

    Returns:
        (H, W) 0 to 1.
    """
    part = _part(mask)
    height, width = mask[part].shape
    scale = min(MAX_SCALE, LONGER_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    large = np.asarray(cv2.resize(image[part], size, interpolation=method), np.uint8)
    soft = np.asarray(
        cv2.resize(mask[part], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.float32
    )
    corner = (part[1].start, part[0].start)
    trimap = _trimap(soft, [_moved(bone, corner, scale) for bone in bones])
    hard = _main_part(_grab_cut(large, trimap, seed))
    smooth = np.asarray(cv2.GaussianBlur(hard.astype(np.float32), (0, 0), EDGE), np.float32)
    sharp = guided_filter(large, smooth, max(2, round(GUIDE_RADIUS * LONGER_SIDE)))
    out = np.zeros_like(mask)
    out[part] = cv2.resize(sharp, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
    return out


def _part(mask: Floats) -> tuple[slice, slice]:
    """Return rows and columns around the person, with a margin; all of them where nobody is."""
    rows, columns = (np.flatnonzero((mask > SURE_OUTSIDE).any(axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    margin = round(MARGIN * max(np.ptp(rows), np.ptp(columns))) + 2
    return slice(max(0, rows[0] - margin), rows[-1] + margin + 1), slice(
        max(0, columns[0] - margin), columns[-1] + margin + 1
    )


def _moved(bone: Segment, corner: tuple[int, int], scale: float) -> Segment:
    """Move a bone to a part of the picture that begins at a corner x, y, and is `scale` times as large."""
    (x0, y0), (x1, y1) = bone
    return ((x0 - corner[0]) * scale, (y0 - corner[1]) * scale), ((x1 - corner[0]) * scale, (y1 - corner[1]) * scale)


def _trimap(soft: Floats, bones: Sequence[Segment]) -> Mask:
    """Mark what is surely inside and outside, and what probably is, as GrabCut wants it."""
    longer = max(soft.shape)
    reach = max(2, round(BAND * longer))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    inner = cv2.erode((soft > SURE_INSIDE).astype(np.uint8), disc, borderValue=1)
    outer = cv2.dilate((soft > SURE_OUTSIDE).astype(np.uint8), disc)
    lines = np.zeros_like(inner)
    for start, end in bones:
        ends = [tuple(round(c) for c in point) for point in (start, end)]
        cv2.line(lines, ends[0], ends[1], 1, max(1, round(2 * BONE * longer)))
    sure = (inner > 0) | ((lines > 0) & (soft > 0.5))
    probable = np.where(soft > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    return np.where(sure, cv2.GC_FGD, np.where(outer == 0, cv2.GC_BGD, probable)).astype(np.uint8)


def _grab_cut(image: Image, trimap: Mask, seed: int) -> Mask:
    """Return 1 where the person is; the trimap itself where one side has no pixel."""
    labels = trimap.copy()
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.any() and not inside.all():
        cv2.setRNGSeed(seed)
        colours = np.ascontiguousarray(image[..., ::-1])
        cv2.grabCut(
            colours, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK
        )
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.uint8)


def _main_part(hard: Mask) -> Mask:
    """Keep the largest part, without hairs of a pixel, and close small holes."""
    opened = cv2.morphologyEx(hard, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, names, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count > 2:
        opened = (names == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    count, names, stats, _ = cv2.connectedComponentsWithStats(1 - opened)
    holes = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] < SMALLEST_HOLE * hard.size]
    opened[np.isin(names, holes)] = 1
    return np.asarray(opened, np.uint8)


def guided_filter(image: Image, mask: Floats, radius: int) -> Floats:
    """Filter a mask (H, W) so that it follows the grey edges of an image (H, W, 3)."""
    guide = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    side = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_mask = cv2.blur(guide, side), cv2.blur(mask, side)
    covariance = cv2.blur(guide * mask, side) - mean_guide * mean_mask
    slope = covariance / (cv2.blur(guide * guide, side) - mean_guide * mean_guide + GUIDE_EPSILON)
    offset = mean_mask - slope * mean_guide
    return np.asarray(np.clip(cv2.blur(slope, side) * guide + cv2.blur(offset, side), 0, 1), np.float32)
