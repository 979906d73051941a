"""Does somebody wear long hair, behind the shoulders or before them, and how long? Told by labels, or from the photograph's colours.

The sheets of a `LayeredBody` are laid over the picture. Where they would be seen, beside the neck, on the back or on the chest, the pixels
of who has long hair are labelled so; or they have its colour, which is that of the scalp and not of the face.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import straight
from ptx.geometry.joints import PARTS
from ptx.geometry.layers.hair import chin_and_shoulders
from ptx.geometry.layers.layered_body import CACHED_BODIES, LayeredBody
from ptx.geometry.layers.worn import BACK_HAIR, LOCKS, Worn
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.zones import body_zones

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

SURE = 0.75
"""Share of a pixel that is the person's, from which it counts."""

FEWEST = 12
"""Pixels that show scalp, and face, at least."""

FROM_BEHIND = 0.25
"""Pixels of the face, in those of the scalp, below which somebody is seen from behind, and what there is of a face may be hair."""

APART = 14.0
"""Least distance in Lab between hair and face, lightness by `LIGHT`: else they cannot be told apart."""

LIKE = 22.0
"""Distance in Lab from the hair's colour up to which a pixel has it, where it is not nearer to that of the face."""

LIGHT = 0.7
"""Share by which differences of lightness count: hair shines."""

LEAST_SEEN = 0.0016
"""Square metres of a sheet between chin and shoulders that must be seen."""

FILLED, FILLED_LOCK = 0.65, 0.5
"""Share with the hair's colour of what is seen of the curtain between chin and shoulders, and of any row below, at least; of a lock, which
may be narrower than its sheet, of any row."""

FILLED_LABELLED = 0.5
"""`FILLED` where hair is labelled: its borders are beside their place, not its colour."""

SEEN_ROW = 0.04
"""Metres of a row that must be seen."""

SEEN_END = 0.01
"""Metres of a row that must be seen to tell by labels that hair has ended above it."""

FILLED_NECK, HIDDEN = 0.8, 0.5
"""Shares of a lock from chin to shoulders that is hair, at least, and that is seen below them, at most, where a shoulder hides its end."""

PAST_SHOULDERS = 0.03
"""Metres below the shoulders that a lock reaches at least: else it is the hair of the head."""

BESIDE = 0.1
"""Metres beside a sheet at which labelled hair is its own: it hangs away from who bends, and fits are no better."""

UNSEEN = 0.1
"""Metres below the shoulders at which the curtain, or a lock, is taken to end whose end the picture does not show."""

CLOTHES = 0.3
"""Share of the trunk beside the hair with its colour from which nothing is told: a collar or a hood has it too."""


class Rows(NamedTuple):
    """What is seen of a sheet of hair, by rows of its faces; square metres."""

    seen: Floats
    """(R,)."""
    filled: Floats
    """(R,) of it with the hair's colour."""
    down: Floats
    """(R,) metres of the rows' lower ends below the sheet's top."""
    neck: Mask
    """(R,) rows between chin and shoulders."""
    shoulders: float
    """Metres of the shoulders below the sheet's top."""
    points: float
    """Metres by which the sheet's columns end above its length, in the mean."""
    labelled: bool
    """Whether labels tell hair, not colours."""

    @property
    def least(self) -> float:
        """`FILLED` or `FILLED_LABELLED`."""
        return FILLED_LABELLED if self.labelled else FILLED


def find_hair(body: LayeredBody, posed: Posed, person: Person) -> tuple[float, float, float]:
    """Find how long a person's hair is behind the shoulders, before the left one, and before the right one.

    Args:
        body: the body with its hair.
        posed: fitted to the person.
        person: of the same picture, with its labels or its colours.

    Returns:
        Metres of each sheet; 0: it is not there, or nothing shows it.
    """
    if person.image is None and person.garments is None:
        return 0.0, 0.0, 0.0
    behind, *before = (float(sheet.down[-1]) for sheet in body.sheets[BACK_HAIR - 1 :])
    longest = Worn(back_hair=behind, left_lock=before[0], right_lock=before[-1])
    points = posed.points(body, straight(body, longest))
    bare, _, depth = rasterize(points, body.base.faces, *person.size)
    mask = np.asarray((person.mask > SURE) & (True if person.area is None else person.area), np.bool_)
    scale, beside = float(posed.camera[0]), None
    drawn = rasterize(points, body.drawn(longest), *person.size)[0]
    if person.garments is not None:
        hair = person.garments.shows("hair") & mask
        head = (bare >= 0) & (body.base.face_part == PARTS.index("head"))[np.maximum(bare, 0)]
        beside = _nearest(drawn, len(body.base.faces), BESIDE * scale, hair & ~head)
    else:
        told = None if person.image is None else _hair_by_colour(person.image, mask, bare, drawn != bare, body)
        if told is None:
            return 0.0, 0.0, 0.0
        hair = told
    back, left, right = (_measure(body, layer, points, depth, hair, beside, scale) for layer in (BACK_HAIR, *LOCKS))
    locks = _lock(left), _lock(right)
    curtain = _curtain(back, max(locks))
    return (curtain, *locks) if curtain else (0.0, _swept(left, locks[0]), _swept(right, locks[1]))


def _nearest(drawn: NDArray[np.int32], first: int, reach: float, where: Mask) -> NDArray[np.int64]:
    """Faces of sheets, from a `first` on, that are drawn (H, W) nearest to the pixels of `where` (H, W); -1: on or far from all."""
    sheets = drawn >= first
    if not sheets.any():
        return np.full(drawn.shape, -1)
    away, label = cv2.distanceTransformWithLabels(
        (~sheets).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    face = np.zeros(int(label.max()) + 1, np.int64)
    face[label[sheets]] = drawn[sheets]
    return np.where(where & ~sheets & (away < reach), face[label], -1)


def _measure(
    body: LayeredBody,
    layer: int,
    points: Floats,
    depth: Floats,
    hair: Mask,
    beside: NDArray[np.int64] | None,
    scale: float,
) -> Rows:
    """Measure what is seen of a sheet before a body of depth (H, W), and where it is hair (H, W).

    Labelled hair that is seen `beside` the sheets counts to the face (H, W) of the sheet's that is nearest, -1 where there is none.
    """
    sheet = body.sheets[layer - 1]
    first = len(body.base.faces) + sum(len(before.face_rows) for before in body.sheets[: layer - 1])
    surface, _, before = rasterize(points, body.faces[first : first + len(sheet.face_rows)], *depth.shape)
    shown = (surface >= 0) & (before < depth)
    count = len(sheet.down) - 1
    row = sheet.face_rows[np.maximum(surface, 0)]
    seen, filled = (np.bincount(row[where], minlength=count)[:count] / scale**2 for where in (shown, shown & hair))
    if beside is not None:
        own = beside[(beside >= first) & (beside < first + len(sheet.face_rows))] - first
        more = np.bincount(sheet.face_rows[own], minlength=count) / scale**2
        seen, filled = seen + more, filled + more
    chin, shoulders = (float(sheet.vertices[0, 0, 1]) - height for height in chin_and_shoulders(body.base))
    down = sheet.down[1:]
    neck = (down > chin) & (down <= shoulders)
    return Rows(seen, filled, down, neck, shoulders, float(sheet.ends.mean()), labelled=beside is not None)


def _run(rows: Rows, start: float, share: float) -> float:
    """Metres at which rows end that are seen and are hair, from the first that is seen after a start on; 0: it is none.

    Labels are sure of hair that comes out again below rows that are not seen; colours are not.
    """
    enough = _enough(rows, SEEN_ROW)
    seen = np.flatnonzero((rows.down > start) & enough)
    if not len(seen):
        return 0.0
    on = enough & (rows.filled > share * rows.seen)
    ends = ~on
    if rows.labelled:  # one row may be labelled wrongly
        ends = enough & ~on & np.append(~on[1:], True)
    off = np.flatnonzero(ends[seen[0] :])
    end = seen[0] + (int(off[0]) if len(off) else len(on) - seen[0])
    run = np.flatnonzero(on[seen[0] : end])
    return round(float(rows.down[seen[0] + run[-1]]), 2) if len(run) else 0.0


def _enough(rows: Rows, width: float) -> Mask:
    """Rows (R,) of which at least a width, metres, is seen."""
    return np.asarray(rows.seen > width * float(rows.down[1] - rows.down[0]), np.bool_)


def _lock(rows: Rows) -> float:
    """How long a lock is."""
    length = _run(rows, float(rows.down[np.argmax(rows.neck)]), FILLED_LOCK)
    return length if length > rows.shoulders + PAST_SHOULDERS else 0.0


def _swept(rows: Rows, length: float) -> float:
    """How long the lock is of who is seen from behind with all hair before one shoulder: it goes on where that hides it."""
    seen, filled = rows.seen[rows.neck].sum(), rows.filled[rows.neck].sum()
    hidden = rows.seen[rows.down > rows.shoulders].sum() < HIDDEN * seen
    goes_on = rows.labelled and seen > LEAST_SEEN and filled > FILLED_NECK * seen and hidden
    return round(rows.shoulders + UNSEEN, 2) if goes_on else length


def _ends_at_neck(rows: Rows, length: float) -> bool:
    """Whether the curtain ends above the shoulders: below a length, metres, at least a little is seen that is no hair."""
    below = rows.neck & (rows.down > length)
    if not rows.labelled:
        return bool(below.any())
    return bool((below & _enough(rows, SEEN_END) & (rows.filled <= rows.least * rows.seen)).any())


def _curtain(rows: Rows, locks: float) -> float:
    """How long the curtain is; where the picture does not show it, as the locks are."""
    seen, filled = rows.seen[rows.neck].sum(), rows.filled[rows.neck].sum()
    if seen > LEAST_SEEN and filled > rows.least * seen:
        above = _run(rows, float(rows.down[max(0, int(np.argmax(rows.neck)) - 1)]), rows.least)
        if not locks and above > 0 and _ends_at_neck(rows, above):
            return round(above + rows.points, 2)
        below = _run(rows, rows.shoulders, rows.least)
        return round(below + rows.points if below else rows.shoulders + UNSEEN, 2)
    behind = rows.seen[rows.down > rows.shoulders].sum()
    return locks if behind < LEAST_SEEN else 0.0


def _hair_by_colour(
    image: NDArray[np.uint8], mask: Mask, bare: NDArray[np.int32], sheets: Mask, body: LayeredBody
) -> Mask | None:
    """Pixels (H, W) of the mask with the hair's colour; None where it is unknown, or that of the trunk beside all `sheets` (H, W)."""
    hair = _like_hair(image, mask, bare, body)
    beside = ~sheets & (bare >= 0) & mask & (body.base.face_part == PARTS.index("torso"))[np.maximum(bare, 0)]
    return None if hair is None or (beside.sum() >= FEWEST and hair[beside].mean() > CLOTHES) else hair


def _like_hair(image: NDArray[np.uint8], mask: Mask, bare: NDArray[np.int32], body: LayeredBody) -> Mask | None:
    """Pixels (H, W) of the mask with the colour of the hair; None where it is not seen, or is like that of the face."""
    surface = bare[mask]
    scalp, face = ((surface >= 0) & zone[np.maximum(surface, 0)] for zone in _head_faces(body))
    if scalp.sum() < FEWEST:
        return None
    lab = cv2.cvtColor(image[mask][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0] * np.array(
        [LIGHT, 1, 1], np.float32
    )
    out = np.zeros(mask.shape, np.bool_)
    if face.sum() < max(FEWEST, FROM_BEHIND * scalp.sum()):
        out[mask] = _away(lab, np.median(lab[scalp], axis=0)) < LIKE
        return out
    skin = np.median(lab[face], axis=0)
    unlike = _away(lab, skin)
    colour = np.median(lab[scalp & (unlike >= np.median(unlike[scalp]))], axis=0)  # the other half may be a forehead
    if np.linalg.norm(skin - colour) < APART:
        return None
    away = _away(lab, colour)
    out[mask] = (away < LIKE) & (away < unlike)
    return out


def _away(colours: Floats, colour: Floats) -> Floats:
    """Distances (N,) of colours (N, 3) from one (3,)."""
    return np.asarray(np.sqrt(((colours - colour) ** 2) @ np.ones(3, np.float32)))


@lru_cache(maxsize=CACHED_BODIES)
def _head_faces(body: LayeredBody) -> tuple[Mask, Mask]:
    """Faces (F,) of the scalp, and of the face, of the body alone."""
    zones, faces = body_zones(body.base), body.base.faces
    scalp, face = (np.asarray(zone[faces].mean(axis=1) > 0.7, np.bool_) for zone in (zones.scalp, zones.face))
    return scalp, face
