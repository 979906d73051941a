"""Does somebody wear a skirt, and how long is it? Told from the mask and the bare body that is fitted to them; see `hems` for colours.

Two signs, either of which is enough: the mask is filled between legs that stand apart, down to the hem; or, where legs hide the gap, it
stands off the legs on both sides and steps back to them at the hem.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import straight
from ptx.geometry.joints import PARTS
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import Worn
from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BESIDE = 0.012
"""Metres around the fitted body that say nothing: fits are no better."""

ARMS = 0.05
"""Metres around an arm that say nothing: sleeves, hands, bags."""

REACH = 0.3
"""Metres beside the body in which cloth is looked for."""

CROTCH = 0.22
"""Metres of the tube above the crotch, where there is no gap."""

LEAST_GAP = 0.006
"""Square metres between the legs that must be filled."""

LEAST_LENGTH = 0.12
"""Metres of the gap, at least `LEAST_WIDTH` wide, that must be filled."""

LEAST_WIDTH = 0.025
"""Metres."""

OPEN = 0.4
"""Share of the gap just below the hem that is filled at most."""

SURE = 0.75
"""Share of a pixel that is the person's, from which it counts."""

ABOVE = 0.5
"""Share of the tube's length within which the filled gap begins: trousers, too, touch at the shins of who walks."""

FILLED = 0.85
"""Share of the gap above the hem that is filled at least."""

WIDE, WIDE_AT_ANKLES, WIDEST_ROWS = 0.12, 0.18, 4
"""Metres of the gap, in the mean of so many rows, that no trousers fill; of a hem at the ankles, where they are widest."""

ANKLES = 0.9
"""Share of the tube's length at which a hem is one of trousers as well."""

FLARE, STEP = 0.06, 0.06
"""Metres by which cloth stands off the legs above its hem on both sides as no trousers do, and by which it steps back there."""

NEAR_HEM = 0.12
"""Metres above and below a hem that are compared."""


SHORTER = 0.02
"""Metres by which a skirt ends above the last row that is filled for the greater part: on average in its middle, and rather too short
than with bare legs on it."""


class Rows(NamedTuple):
    """What is seen beside the legs, by rows of the tube's faces; square metres."""

    gap: Floats
    """(R,) of the gap between the legs."""
    filled: Floats
    """(R,) of it in the mask."""
    beside: Floats
    """(R, 2) of the mask beyond the legs, left and right of them in the picture."""
    height: Floats
    """(R,) metres of each row in the picture."""


def find_skirt(body: LayeredBody, posed: Posed, person: Person) -> float:
    """Find how long a person's skirt is: metres of the tube; 0: there is none, or nothing shows it.

    Args:
        body: the body with its tube.
        posed: fitted to the person.
        person: of the same picture.
    """
    sheet = body.sheets[0]
    seen = measure(body, posed, person)
    down = sheet.down[1:]
    hem = max(_hem_between(seen, down), _hem_beside(seen, down))
    return round(float(down[hem]) - SHORTER, 2) if hem >= 0 else 0.0


def _hem_between(seen: Rows, down: Floats) -> int:
    """The last row of a skirt that closes the gap between the legs; -1: none does.

    Trousers close it too, as far as they are wide: a narrow gap counts only where the cloth stands off the legs' other sides as no
    trousers do.
    """
    gap = np.where(down > CROTCH, seen.gap, 0)
    filled = np.where(down > CROTCH, seen.filled, 0)
    hem = int(np.argmax(np.cumsum(filled - 0.5 * gap)))
    above = slice(None, hem + 1)
    height = np.maximum(seen.height[above], 1e-9)
    wide = gap[above] > LEAST_WIDTH * height
    begins = down[int(np.argmax(wide))] if wide.any() else np.inf
    widest = float(np.sort(filled[above] / height)[-WIDEST_ROWS:].mean())
    off = float(_off(seen)[max(0, hem - round(NEAR_HEM / (down[1] - down[0]))) : hem + 1].mean())
    sure = widest > (WIDE_AT_ANKLES if down[hem] > ANKLES * down[-1] else WIDE)
    closed = filled[above].sum() >= max(FILLED * gap[above].sum(), LEAST_GAP)
    below = slice(hem + 2, hem + 5)
    ends = filled[below].sum() <= OPEN * gap[below].sum()
    long = (seen.height[above] * wide).sum() > LEAST_LENGTH and begins < ABOVE * down[-1]
    return hem if closed and long and ends and (sure or (off > FLARE and down[hem] < ANKLES * down[-1])) else -1


def _off(seen: Rows) -> Floats:
    """Metres (R,) by which cloth stands off the legs, of the side where it is less; over three rows, which may be thinner than pixels."""
    left, right, height = (np.convolve(values, np.ones(3), "same") for values in (*seen.beside.T, seen.height))
    return np.asarray(np.minimum(left, right) / np.maximum(height, 1e-9))


def _hem_beside(seen: Rows, down: Floats) -> int:
    """The last row of a skirt that stands off the legs on both sides, and steps back to them below; -1: none does."""
    off = _off(seen)
    span = max(2, round(NEAR_HEM / (down[1] - down[0])))
    best, hem = STEP, -1
    for row in range(np.searchsorted(down, CROTCH), len(down) - span):
        above, below = off[max(0, row - span + 1) : row + 1], off[row + 2 : row + 1 + span]
        shown = (seen.height[row - span + 1 : row + 1 + span] > 0).all()
        step = float(above.mean() - below.mean())
        if shown and above.mean() > FLARE and step > best:
            best, hem = step, row
    return hem


def measure(body: LayeredBody, posed: Posed, person: Person) -> Rows:
    """Measure what is seen between and beside the legs."""
    scale, size = float(posed.camera[0]), person.size
    longest = Worn(float(body.sheets[0].down[-1]))
    points = posed.points(body, straight(body, longest))
    count, rows = len(body.base.faces), body.sheets[0].face_rows
    bare, _, _ = rasterize(points, body.base.faces, *size)
    tube, _, _ = rasterize(points, body.faces[count : count + len(rows)], *size)
    part = np.where(bare >= 0, body.base.face_part[bare], 0)
    known = np.ones(size, np.bool_) if person.area is None else person.area
    arms = np.isin(part, (PARTS.index("left_arm"), PARTS.index("right_arm")))
    known = known & ~_near(arms, ARMS * scale) & ~_near(bare >= 0, BESIDE * scale)
    between, left = _sides(part)
    mask = person.mask > SURE
    distance, label = cv2.distanceTransformWithLabels(
        (tube < 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(label.max()) + 1, np.int64)
    on = tube >= 0
    owner[label[on]] = rows[tube[on]]
    row = owner[label]
    total = len(body.sheets[0].down) - 1

    def area(where: Mask) -> Floats:
        return np.bincount(row[where], minlength=total)[:total] / scale**2

    near = known & mask & ~between & (distance < REACH * scale)
    middle = points[body.first(0) : body.first(1), :2].reshape(*body.sheets[0].shape, 2).mean(axis=1)
    height = np.linalg.norm(np.diff(middle, axis=0), axis=1) / scale
    inside = (middle[1:] > 0).all(axis=1) & (middle[1:] < np.array(size[::-1]) - 1).all(axis=1)
    return Rows(
        gap=area(known & between & on),
        filled=area(known & between & on & mask),
        beside=np.stack([area(near & left), area(near & ~left)], axis=1),
        height=np.where(inside, height, 0),
    )


def _near(where: Mask, distance: float) -> Mask:
    """Pixels nearer than a distance, px, to some (H, W), and these."""
    return np.asarray(cv2.distanceTransform((~where).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) <= distance)


def _sides(part: NDArray[np.integer]) -> tuple[Mask, Mask]:
    """Pixels between the two legs along their row, and those left of the legs' middle, of body parts (H, W)."""
    width = part.shape[1]
    leg = np.isin(part, (PARTS.index("left_leg"), PARTS.index("right_leg")))
    columns = np.arange(width)[None]
    before = np.maximum.accumulate(np.where(leg, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(leg, columns, width)[:, ::-1], axis=1)[:, ::-1]
    both = (before >= 0) & (after < width)
    rows = np.arange(len(part))[:, None]
    other = part[rows, np.maximum(before, 0)] != part[rows, np.minimum(after, width - 1)]
    here = leg.any(axis=1, keepdims=True)
    first, last = (
        np.where(here, leg.argmax(axis=1)[:, None], 0),
        np.where(here, width - 1 - leg[:, ::-1].argmax(axis=1)[:, None], width),
    )
    return ~leg & both & other, np.broadcast_to(columns < (first + last) / 2, part.shape)
