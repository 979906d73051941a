"""Remove a person from a photograph: what lies behind them is made up from the rest of the picture.

At a small working size the hole is filled from coarse to fine with patches of its surroundings (`patches`; with a texture channel,
after Newson et al., "Non-local patch-based image inpainting", IPOL 2017). What is kept of that are the offsets: by them pixels of the
photograph itself are copied, with their grain. Seams and light are mended by a screened Poisson equation (Pérez et al., SIGGRAPH
2003) at the working size, whose correction is added to the copies.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.pictures.patches import REACH, Field, Floats, Mask, improve_field, settle_field, vote

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

KNOWN, AVOIDED, HOLE = 0, 1, 2
"""Status of a pixel: may be copied; stays, but is not copied; is filled. Of pixels that become one, the highest counts."""

WORKING_SIDE = 400
"""Longest side of the working picture, px."""

MARGIN = 0.01
"""Width by which the mask grows, as a share of the picture's longer side; at least `MIN_MARGIN` px. The outer half fades."""

MIN_MARGIN = 3

TOUCHED = 0.02
"""Mask from which a pixel counts as the person's."""

COARSEST = 5.0
"""Pixels from the edge to the middle of the hole from which another coarser level is made."""

FEWEST_SOURCES = 64
"""Patches outside the hole that a level needs."""

ROUNDS = (12, 8, 5, 3)
"""Rounds of matching and voting at the coarsest level, the next ones, and all finer ones."""

FADING = 1.3
"""Factor by which the weight of a pixel in the hole is less than that of one a pixel nearer to the edge."""

LEAST_TRUST = 1e-6
"""Least factor of the vote of a patch that is like nothing: some pixels have no others."""

LEAST_WEIGHT = 0.05
"""Least weight of a pixel in the hole."""

TEXTURE_WEIGHT = 2.0
"""Factor of the texture channel, the mean absolute difference of neighbours."""

JOINT_PRICE = 0.25
"""Price of two neighbours from different places, as a share of the median cost of a patch."""

SETTLING_SWEEPS = 4

SCREEN = 0.002
"""Pull of the mended colours towards those that the patches voted for: reach of a seam's correction about 1/sqrt(SCREEN) px."""

OVERRELAXATION = 1.8
SWEEPS = 60


class Level(NamedTuple):
    """The picture at one size."""

    picture: Floats
    """(h, w, 4) red, green, blue, texture; the hole is not yet filled."""
    status: NDArray[np.uint8]
    """(h, w) KNOWN, AVOIDED or HOLE."""

    @property
    def allowed(self) -> Mask:
        """(h, w) middles of patches of known pixels only."""
        known = np.pad((self.status == KNOWN).astype(np.uint8), 1)  # the border of the picture counts as unknown
        inner = cv2.erode(known, np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))[1:-1, 1:-1]
        return np.asarray(inner > 0, np.bool_)


def remove_person(image: Image, mask: Floats, others: Floats | None = None, seed: int = 0) -> Image:
    """Remove a person from a photograph.

    Shadows are no part of the person, and stay. Where the picture shows too little else to copy from, the hole gets the smooth
    continuation of its edge.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W) 0 to 1, how much of a pixel is the person's.
        others: (H, W) 0 to 1, what else must not be copied, such as other people; it stays as it is.
        seed: of the random search.

    Returns:
        (H, W, 3) uint8. Pixels further from the mask than its margin (`MARGIN`) are those of `image`.
    """
    core = (mask > TOUCHED).astype(np.uint8)
    if not core.any():
        return image.copy()
    margin = max(MIN_MARGIN, round(MARGIN * max(image.shape[:2])))
    distance = cv2.distanceTransform(1 - core, cv2.DIST_L2, 5)
    status = np.where(distance <= margin, np.uint8(HOLE), np.uint8(KNOWN))
    if others is not None:
        status[(others > TOUCHED) & (core == 0)] = AVOIDED
    factor = -(-max(image.shape[:2]) // WORKING_SIDE)
    colours, small = shrink(image, status, factor)
    offset, correction = _fill(colours, small, (image.shape[0] // factor, image.shape[1] // factor), seed)
    out = image.copy()
    fade = np.where(status == HOLE, np.clip(2 * (margin + 1 - distance) / margin, 0, 1), 0)
    copy_pixels(image, out, fade.astype(np.float32), small, offset, correction, factor)
    return out


def _fill(colours: Floats, status: NDArray[np.uint8], whole: tuple[int, int], seed: int) -> tuple[Field | None, Floats]:
    """Find what to copy into the hole of a working picture.

    Args:
        colours: (h, w, 3).
        status: (h, w).
        whole: rows and columns of pixels that are whole blocks of the photograph's: only these are copied.
        seed: of the random search.

    Returns:
        (h, w, 2) row and column of the pixel to copy into each pixel of the hole, and (h, w, 3) what to add to its colours. Or None, where
        nothing can be copied, and the colours themselves.
    """
    levels = _levels(colours, status)
    sources = levels[0].allowed
    sources[max(whole[0] - REACH, 0) :] = False
    sources[:, max(whole[1] - REACH, 0) :] = False
    field: Field | None = None
    rng = np.random.default_rng(seed)
    for depth, level in enumerate(reversed(levels)):
        allowed = sources if level is levels[0] else level.allowed
        if allowed.sum() < FEWEST_SOURCES:
            field = None
        else:
            field = _fill_level(level, allowed, field, ROUNDS[min(depth, len(ROUNDS) - 1)], rng, level is levels[0])
    if field is None:
        return None, _smooth_fill(colours, status)
    offset = _offsets(field)
    voted = levels[0].picture[..., :3]
    push = gradients_of_copies(colours, status, offset)
    mended = voted.copy()
    relax(mended, status, push + np.float32(SCREEN) * voted, SCREEN, OVERRELAXATION, SWEEPS)
    rows, columns = np.indices(status.shape)
    copied = np.where((status == HOLE)[..., None], colours[rows + offset[..., 0], columns + offset[..., 1]], 0)
    return offset, np.asarray(np.where((status == HOLE)[..., None], mended - copied, 0), np.float32)


def _levels(colours: Floats, status: NDArray[np.uint8]) -> list[Level]:
    """Return the picture at its size and at halves of it, until patches see across the hole."""
    levels = [Level(_with_texture(colours, status), status)]
    while True:
        depth = float(cv2.distanceTransform((status == HOLE).astype(np.uint8), cv2.DIST_L2, 3).max())
        colours, status = shrink(colours, status, 2)
        level = Level(_with_texture(colours, status), status)
        if depth <= COARSEST or min(status.shape) < 2 * REACH + 1 or level.allowed.sum() < FEWEST_SOURCES:
            return levels
        levels.append(level)


def _with_texture(colours: Floats, status: NDArray[np.uint8]) -> Floats:
    """Add the texture channel to colours (h, w, 3): the mean difference of neighbours that are both known."""
    grey = colours.mean(-1)
    known = status == KNOWN
    total, count = np.zeros_like(grey), np.zeros_like(grey)
    for axis in (0, 1):
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        both = known[tuple(ahead)] & known[tuple(behind)]
        total[tuple(behind)] += np.abs(grey[tuple(ahead)] - grey[tuple(behind)]) * both
        count[tuple(behind)] += both
    side = (2 * REACH - 1, 2 * REACH - 1)
    texture = cv2.blur(total, side) / np.maximum(cv2.blur(count, side), 1e-3)
    return np.dstack([colours, np.asarray(TEXTURE_WEIGHT * texture, np.float32)])


def _smooth_fill(colours: Floats, status: NDArray[np.uint8]) -> Floats:
    """Return colours (h, w, C) with the hole filled by the smooth continuation of its edge."""
    out = colours.copy()
    known = colours[status == KNOWN]
    out[status == HOLE] = known.mean(0) if len(known) else np.float32(128)
    relax(out, status, np.zeros_like(out), 0.0, OVERRELAXATION, 4 * SWEEPS)
    return out


def _fill_level(
    level: Level, allowed: Mask, coarser: Field | None, rounds: int, rng: np.random.Generator, finest: bool
) -> Field:
    """Fill the hole of a level in place; returns its field, which starts from that of the next coarser level."""
    picture, status = level
    hole = status == HOLE
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.maximum(FADING**-depth, LEAST_WEIGHT).astype(np.float32)
    trust = weight.copy()
    weight[status == AVOIDED] = 0
    side = 2 * REACH + 1
    overlapping = cv2.dilate(hole.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    inner = np.zeros_like(overlapping)
    inner[REACH:-REACH, REACH:-REACH] = overlapping[REACH:-REACH, REACH:-REACH]
    targets = np.argwhere(inner)
    pixels = np.argwhere(hole)
    field = _start(inner, allowed, coarser, rng)
    cost = np.zeros(status.shape, np.float32)
    if coarser is None:
        picture[:] = _smooth_fill(picture, status)
    else:
        vote(picture, field, trust, pixels)
    area = np.maximum(cv2.boxFilter(weight, -1, (side, side), normalize=False), 1e-3)
    for number in range(rounds):
        improve_field(picture, weight, targets, allowed, field, cost, int(rng.integers(2**16)) * 2 + number % 2)
        price = JOINT_PRICE * float(np.median(cost[inner]))
        if finest and number == rounds - 1:
            for _ in range(SETTLING_SWEEPS):
                settle_field(picture, weight, targets, allowed, field, cost, price)
        error = cost / area
        scale = max(float(np.quantile(error[inner], 0.75)), 1e-3)
        vote(picture, field, trust * np.exp(-error / (2 * scale)).clip(LEAST_TRUST), pixels)
    return field


def _start(targets: Mask, allowed: Mask, coarser: Field | None, rng: np.random.Generator) -> Field:
    """Return a field (h, w, 2) to start from: that of the next coarser level where it can be used, and places at random."""
    places = np.argwhere(allowed)
    field = np.full((*targets.shape, 2), -1, np.int64)
    field[targets] = places[rng.integers(len(places), size=int(targets.sum()))]
    if coarser is not None:
        rows, columns = np.nonzero(targets)
        found = coarser[
            np.clip(rows // 2, REACH, coarser.shape[0] - 1 - REACH), np.clip(columns // 2, REACH, coarser.shape[1] - 1 - REACH)
        ]
        fine = 2 * found + np.stack([rows % 2, columns % 2], 1)
        fine = fine.clip(0, np.array(targets.shape) - 1)
        usable = (found[:, 0] >= 0) & allowed[fine[:, 0], fine[:, 1]]
        field[rows[usable], columns[usable]] = fine[usable]
    return field


def _offsets(field: Field) -> Field:
    """Return the offset (h, w, 2) of each pixel's own patch; at the border of the picture, of the nearest patch; 0 where there is none."""
    height, width = field.shape[:2]
    rows = np.arange(height).clip(REACH, height - 1 - REACH)[:, None]
    columns = np.arange(width).clip(REACH, width - 1 - REACH)[None]
    found = field[rows, columns]
    offset = found - np.stack(np.broadcast_arrays(rows, columns), -1)
    return np.asarray(np.where(found[..., :1] >= 0, offset, 0), np.int64)


@kernel
def shrink(
    picture: NDArray[np.uint8] | Floats, status: NDArray[np.uint8], factor: int
) -> tuple[Floats, NDArray[np.uint8]]:
    """Make one pixel of each block of factor x factor; blocks at the lower and right edge may be smaller.

    Args:
        picture: (H, W, 3).
        status: (H, W).
        factor: pixels.

    Returns:
        (h, w, 3) the mean of the pixels of the block's least status, and (h, w) its highest status.
    """
    height, width = -(-picture.shape[0] // factor), -(-picture.shape[1] // factor)
    out = np.zeros((height, width, 3), np.float32)
    kind = np.zeros((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            r, g, b, count = 0.0, 0.0, 0.0, 0
            low = HOLE
            for i in range(y * factor, min((y + 1) * factor, picture.shape[0])):
                for j in range(x * factor, min((x + 1) * factor, picture.shape[1])):
                    kind[y, x] = max(kind[y, x], status[i, j])
                    if status[i, j] < low:
                        low, r, g, b, count = int(status[i, j]), 0.0, 0.0, 0.0, 0
                    if status[i, j] == low:
                        r += picture[i, j, 0]
                        g += picture[i, j, 1]
                        b += picture[i, j, 2]
                        count += 1
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / count, g / count, b / count
    return out, kind


@kernel
def gradients_of_copies(colours: Floats, status: NDArray[np.uint8], offset: Field) -> Floats:
    """Compute the sum of the differences (h, w, 3) that pixels of the hole should have to their neighbours.

    That between two pixels is what is seen where the one is copied from, or the mean of this and what is seen where the other is.
    """
    height, width = status.shape
    out = np.zeros(colours.shape, np.float32)
    for y in range(height):
        for x in range(width):
            if status[y, x] != HOLE:
                continue
            v, u = y + offset[y, x, 0], x + offset[y, x, 1]
            for i, j in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
                if not (0 <= i < height and 0 <= j < width) or status[i, j] == AVOIDED:
                    continue
                row, column = i + offset[i, j, 0], j + offset[i, j, 1]
                for c in range(3):
                    seen = colours[v, u, c] - colours[v + i - y, u + j - x, c]
                    if status[i, j] == HOLE:
                        seen = 0.5 * (seen + colours[row + y - i, column + x - j, c] - colours[row, column, c])
                    out[y, x, c] += seen
    return out


@kernel
def relax(picture: Floats, status: NDArray[np.uint8], push: Floats, screen: float, over: float, sweeps: int) -> None:
    """Solve the screened Poisson equation in the hole, in place, by successive over-relaxation.

    (n + screen) u = sum of the n neighbours + push, for each channel; what lies outside the picture or is AVOIDED does not count.

    Args:
        picture: (h, w, C) the values to start from.
        status: (h, w).
        push: (h, w, C).
        screen: 0 or more.
        over: factor of over-relaxation, 1 to 2.
        sweeps: number of passes.
    """
    height, width, channels = picture.shape
    for _ in range(sweeps):
        for y in range(height):
            for x in range(width):
                if status[y, x] != HOLE:
                    continue
                for c in range(channels):
                    total, count = push[y, x, c], screen
                    for i, j in ((y, x - 1), (y, x + 1), (y - 1, x), (y + 1, x)):
                        if 0 <= i < height and 0 <= j < width and status[i, j] != AVOIDED:
                            total += picture[i, j, c]
                            count += 1.0
                    if count > 0:
                        picture[y, x, c] += over * (total / count - picture[y, x, c])


@kernel
def copy_pixels(
    image: Image, out: Image, fade: Floats, status: NDArray[np.uint8], offset: Field, correction: Floats, factor: int
) -> None:
    """Fill the hole of a photograph with its own pixels.

    Between the middles of working pixels the copies of up to four of them are mixed; where these come from the same place the
    copies are one, and sharp.

    Args:
        image: (H, W, 3) the photograph.
        out: (H, W, 3) changed.
        fade: (H, W) 0 to 1, the share of the copies.
        status: (h, w) of the working picture.
        offset: (h, w, 2) in working pixels.
        correction: (h, w, 3) to add to the copies.
        factor: pixels of the photograph to a working pixel.
    """
    height, width = image.shape[:2]
    for y in range(height):
        for x in range(width):
            if fade[y, x] == 0:
                continue
            v, u = (y + 0.5) / factor - 0.5, (x + 0.5) / factor - 0.5
            top, left = int(np.floor(v)), int(np.floor(u))
            r, g, b, total = 0.0, 0.0, 0.0, 0.0
            for i in range(max(top, 0), min(top + 2, status.shape[0])):
                for j in range(max(left, 0), min(left + 2, status.shape[1])):
                    if status[i, j] == HOLE:
                        w = (1 - abs(v - i)) * (1 - abs(u - j)) + 1e-9
                        row, column = y + factor * offset[i, j, 0], x + factor * offset[i, j, 1]
                        r += w * (image[row, column, 0] + correction[i, j, 0])
                        g += w * (image[row, column, 1] + correction[i, j, 1])
                        b += w * (image[row, column, 2] + correction[i, j, 2])
                        total += w
            share = fade[y, x] / total
            rest = 1 - fade[y, x]
            out[y, x, 0] = min(max(share * r + rest * image[y, x, 0] + 0.5, 0), 255)
            out[y, x, 1] = min(max(share * g + rest * image[y, x, 1] + 0.5, 0), 255)
            out[y, x, 2] = min(max(share * b + rest * image[y, x, 2] + 0.5, 0), 255)
