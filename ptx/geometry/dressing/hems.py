"""A skirt told by the picture between both legs: one cloth covers both and what is between them, down to a hem or to the photograph's edge.

The picture is straightened along both legs: a row for each height, columns on the axis of either leg, from one to the other, and outwards.
Three things tell a skirt: below its hem the legs are of other colours; or what was closed between legs opens at once, as wide as they are
apart; or the photograph ends before. Where a line runs down between the legs that is darker, lighter or of another hue than the cloth on
both sides, as a gap or a fold of trousers does, it is none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.dressing.labelled import hem_by_labels
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import straight
from ptx.geometry.dressing.straightened import (
    BETWEEN,
    CROTCH,
    FACING,
    LIGHT,
    MIDDLE,
    ON_LEGS,
    STANDING,
    Hem,
    Straightened,
    leg_axes,
    straighten,
)
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import Worn

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHORTEST, LONGEST, LONGEST_BY_GAP = 12, 41, 30
"""Rows between which hems are looked for: above the first, tops end, and below the last, trousers."""

ABOVE, BELOW, LEAST_BELOW = 6, 7, 2
"""Rows that are compared above and below a hem, and how many of them the picture must show below."""

INNER = slice(BETWEEN.start + 4, BETWEEN.start + 17)
"""Columns between the legs, without the legs themselves."""

APART = 0.07
"""Metres between the legs' axes, at least: one leg before the other hides what is between."""

LEAST_DISTANCE = 13.0
"""Distance in Lab from which a colour is not that of the legs below the hem; or twice their spread, if that is more."""

CLOTH, MIDDLE_CLOTH, BARE = 0.92, 0.97, 0.3
"""Shares of cloth between the legs above the hem and in the middle, at least, and on the legs below it, at most."""

LEGS_BELOW = 0.4
"""Share of the columns on the legs that are the person's below the hem, at least."""

LINE, LINE_SHARE, LINE_ROWS, BESIDE = 9.0, 0.75, 8, (3, 5)
"""Units of Lab by which a line between the legs differs from the cloth on both sides, in which share of how many rows above the hem; and
the columns beside it that it is compared with."""

ROUGH = 1.5
"""Share of the usual difference of neighbours by which a line must differ more: prints have lines by chance."""

LEG, INNERMOST = 5, slice(8, 13)
"""Columns of either leg, and halfway between them, that are compared for the shadow between legs: it is wide and has no edges."""

SURE = 0.75
"""How much more cloth there is above a hem than on the legs below it, at least."""

FOLD, FAINT_FOLD, FOLD_AT_EDGE = 0.5, 0.25, 0.4
"""`LINE`s up to which a line is none: above a hem that colours tell, or the gap; and above the photograph's edge."""

FOLD_BY_LABELS, OPEN_SHARE = 1.15, 0.12
"""`LINE`s from which, and share of the gap between legs that is open from which, labels of a skirt are not believed: of lifelike people
whose labels are true 2 % have lines of .9 and openings of .08."""

OPENS, CLOSED, OPEN = 0.05, 0.93, 0.001
"""Metres of the gap between bare legs at a hem that opens, of which so much is the person's above it; and square metres, from the crotch
down, that may be open."""

WIDTH = 0.6
"""Share of the gap above a hem as wide as which it opens below."""

GAP, STANDS, LEAST_ROWS, OPEN_AT_EDGE = 0.02, -0.018, CROTCH + 4, 0.0007
"""Metres of the gap between bare legs at the photograph's edge, at least, metres that cloth stands off them there, at least, rows that must
be shown, and square metres, from the crotch down, that may be open."""

SHORTER = 0.01
"""Metres by which a skirt ends above its last row."""

BEYOND, USUAL = 0.05, 0.45
"""Metres of the tube: what a skirt is longer than is seen, at least, where the photograph ends above its hem; and down to the knees, at
which it then ends."""


def find_hem(body: LayeredBody, fit: Posed, posed: Posed, person: Person) -> float:
    """Find how long a skirt is by its picture: metres of the tube; 0: there is none, or nothing shows it.

    Args:
        body: the body with its tube.
        fit: to the person's keypoints alone, by which legs are looked for: outlines draw them apart to those of a dress.
        posed: as the skirt will be worn, refined or not: its length is up to where the hem is found in the picture.
        person: of the same picture, with its image.
    """
    hem = tell_hem(body, fit, person)
    return 0.0 if hem is None else length_to(body, fit, posed, hem)


def tell_hem(body: LayeredBody, fit: Posed, person: Person) -> Hem | None:
    """Tell whether somebody wears a skirt, and where it ends, by their garments where these are labelled; arguments as for `find_hem`."""
    if person.image is None:
        return None
    legs = straighten(body.base, fit, person.image, person)
    if legs.garments is not None:
        labelled = hem_by_labels(legs, legs.garments)
        return labelled if labelled is not None and _one_cloth(legs, labelled) else None
    if legs.facing < FACING or legs.standing < STANDING:
        return None
    row = max(_hem_by_colour(legs), _hem_by_gap(legs))
    if row >= 0:
        return Hem(row, cut_off=False)
    last = int(legs.shown.sum()) - 1
    return Hem(last, cut_off=True) if _cut_off(legs, last) else None


def length_to(body: LayeredBody, fit: Posed, posed: Posed, hem: Hem) -> float:
    """Metres of the tube down to a hem; arguments as for `find_hem`."""
    seen = _length(body, fit, posed, hem.row)
    if hem.cut_off:
        return round(min(max(seen + BEYOND, USUAL), float(body.sheets[0].down[-1])), 2)
    return round(max(seen - SHORTER, 0.0), 2)


def _hem_by_colour(legs: Straightened) -> int:
    """The row below which legs of another colour than the cloth are; -1: none."""
    sure = [_sureness(legs, row) for row in range(SHORTEST, LONGEST + 1)]
    row = SHORTEST + int(np.argmax(sure))
    return row if max(sure) >= SURE and _line(legs, row) < FOLD else -1


def _sureness(legs: Straightened, row: int) -> float:
    """How much more cloth there is between the legs above a row than on them below it, 0 to 1; 0: it is no hem."""
    below = slice(row + 1, row + 1 + BELOW)
    below = slice(below.start, below.start + int(np.cumprod(legs.shown[below]).sum()))
    theirs = legs.mask[below, ON_LEGS]
    apart, above = legs.apart[[SHORTEST, row]].min(), slice(row - ABOVE + 1, row)
    if below.stop - below.start < LEAST_BELOW or apart < APART or theirs.mean() < LEGS_BELOW:
        return 0.0
    if legs.mask[CROTCH:row].mean() < CLOTH or legs.mask[above, MIDDLE].mean() < MIDDLE_CLOTH:
        return 0.0
    colours = legs.colours[below, ON_LEGS][theirs]
    bare = np.median(colours, axis=0)
    spread = float(np.median(np.linalg.norm(colours - bare, axis=1)))
    lab = legs.colours[CROTCH : below.stop]
    cloth = np.linalg.norm(lab - bare, axis=2) > max(LEAST_DISTANCE, 2 * spread)
    cloth &= legs.mask[CROTCH : below.stop, : BETWEEN.stop]
    hem = row - CROTCH
    over, middle = float(cloth[hem - ABOVE + 1 : hem].mean()), float(cloth[hem - ABOVE + 1 : hem, MIDDLE].mean())
    whole, left = float(cloth[:hem].mean()), float(cloth[hem + 1 :, ON_LEGS].mean())
    return over - left if min(over, whole) >= CLOTH and middle >= MIDDLE_CLOTH and left <= BARE else 0.0


def _hem_by_gap(legs: Straightened) -> int:
    """The row below which what was closed between legs opens at once; -1: none."""
    last = int(legs.shown.sum())
    open_width = (~legs.mask[:, BETWEEN]).mean(axis=1) * legs.apart
    bare_width = (legs.gap > 0).mean(axis=1) * legs.apart
    for row in range(min(LONGEST_BY_GAP, last - 4), SHORTEST - 1, -1):
        near = slice(row - 2, row + 1)
        wide = float(bare_width[near].mean())
        opens = float(open_width[row + 2 : row + 4].mean())
        closed = float(legs.mask[row - ABOVE : row + 1, MIDDLE].mean())
        if wide >= OPENS and opens >= max(WIDTH * wide, OPENS) and closed >= CLOSED and _opening(legs, row) <= OPEN:
            return row if _line(legs, row) < FAINT_FOLD else -1
    return -1


def _cut_off(legs: Straightened, last: int) -> bool:
    """Whether cloth covers both legs and what is between them down to the last row that the photograph shows."""
    if not LEAST_ROWS <= last < LONGEST:
        return False
    near = slice(max(CROTCH, last - ABOVE), last + 1)
    wide = float(((legs.gap[near] > 0).mean(axis=1) * legs.apart[near]).mean())
    off = legs.off[near]
    sides = [float(np.mean(side[np.isfinite(side)])) for side in off.T if np.isfinite(side).any()]
    return (
        wide >= GAP
        and (not sides or min(sides) >= STANDS)
        and _opening(legs, last) <= OPEN_AT_EDGE
        and bool(legs.mask[near, INNER].mean() > 0.985)
        and _line(legs, last) < FOLD_AT_EDGE
    )


def _one_cloth(legs: Straightened, hem: Hem) -> bool:
    """Whether nothing speaks against a skirt that labels tell: no opening is between the legs, and no line, which profiles do not show."""
    opening, line = _opening(legs, hem.row), _line(legs, hem.row)
    if hem.cut_off:
        return opening <= OPEN_AT_EDGE and line < FOLD_AT_EDGE
    rows = slice(CROTCH, hem.row + 1)
    gap = float(legs.gap[rows].sum())
    return opening <= max(OPEN_SHARE * gap, OPEN_AT_EDGE) and (line < FOLD_BY_LABELS or legs.facing < FACING)


def _opening(legs: Straightened, row: int) -> float:
    """Square metres between the legs, from the crotch down to a row, that are not the person's."""
    rows = slice(CROTCH, row + 1)
    return float((legs.gap[rows] * ~legs.mask[rows, BETWEEN]).sum())


def _line(legs: Straightened, row: int) -> float:
    """How much a line that runs down between the legs above a row differs from the cloth on both sides, in `LINE`; prints have none."""
    lab = legs.colours[max(CROTCH + 1, row - LINE_ROWS) : row, BETWEEN]
    if len(lab) < 3:
        return 0.0
    first, far = BESIDE
    window = np.stack([lab[:, far + k : lab.shape[1] - far + k] for k in range(-far, far + 1)])
    middle, sides = window[far], (window[: far - first + 1].mean(axis=0), window[far + first :].mean(axis=0))
    apart = [middle - side for side in sides]
    lines = _mostly(np.stack([np.minimum(*apart), -np.maximum(*apart)], axis=-1)).max(axis=(1, 2))
    rough = float(np.median(np.abs(apart)))
    light = lab[..., 0] / LIGHT
    ends = np.minimum(light[:, :LEG].mean(axis=1), light[:, -LEG:].mean(axis=1))
    shadow = _mostly(ends[:, None] - light[:, INNERMOST])
    return (max(float(lines.max() - np.median(lines)), float(shadow.max())) - ROUGH * rough) / LINE


def _mostly(differences: NDArray[np.float32]) -> Floats:
    """What differences (R, ...) are at least in `LINE_SHARE` of the rows."""
    return np.asarray(np.quantile(differences, 1 - LINE_SHARE, axis=0), np.float64)


def _length(body: LayeredBody, fit: Posed, posed: Posed, row: int) -> float:
    """Metres of the tube at which its near side reaches a row of the legs of a fit."""
    sheet, middle = body.sheets[0], leg_axes(body.base, fit).mean(axis=0)
    hem, down = middle[row], middle[min(row + 1, len(middle) - 1)] - middle[row - 1]
    tube = slice(body.first(0), body.first(1))
    longest = straight(body, Worn(float(sheet.down[-1])))
    points = posed.points(body, longest)[tube].reshape(*sheet.shape, 3)
    near = points[..., 2] <= points[..., 2].mean(axis=1, keepdims=True)
    beyond = (points[..., :2] - hem) @ down
    reached = (beyond * near).sum(axis=1) / near.sum(axis=1)
    return float(np.interp(0, np.maximum.accumulate(reached), sheet.down))
