"""A skirt's edges: how far the mask reaches on both sides of the tube, ring by ring, and the tube's displacements that bring it there.

Nearest points of outlines do not tell that: below the hem the outline goes on along the legs, and draws the tube in to them.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptx.geometry.camera import project
from ptx.geometry.dressing.outline import Outline
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import straight
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import Worn
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]

STEP, FARTHEST = 0.003, 0.7
"""Metres between the samples along a ring's line, and from its middle to the last."""

HOLE = 0.015
"""Metres of a hole in the mask that is no edge."""

ARM, HAND = 0.035, 0.08
"""Half the width of an arm, metres; and metres within the mask's edge in which none may be: the edge is that of the arm."""

ARM_JOINTS = tuple(
    [joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist", "hand")] for side in ("left", "right")
)
"""Joints of either arm, from the shoulder on."""

NARROWER = 0.06
"""Metres by which a ring may be narrower than that above it, a side; more is a leg below the hem, or a fold."""

ABOVE, LEAST_ABOVE, BELOW, HEM_STEP, FILLED = 0.08, 0.04, 0.03, 0.005, 0.92
"""Metres above a hem that show how wide the skirt is; up to which it is then settled, above and below; their steps; and share of the
skirt's width that is filled above a hem."""

CORE = 0.84
"""Share of a skirt's width in whose middle it is looked for: hems are slanted, and sides are not quite known."""

SURELY = 0.85
"""Share of the width of a tube that hangs straight by which a skirt is surely as wide, where its edges are not seen."""

INSIDE = 0.012
"""Metres above a hem at which its ends are looked for: on the hem itself the mask ends."""

NEAR = 0.02
"""Metres from the edges within which the mask's outline is that of the skirt, and below the hem."""

WEIGHT = 40.0
"""Weight of a ring's edge, against a squared distance of outlines in metres, as those of the skin."""


class SkirtEdges(NamedTuple):
    """Where the mask ends beside the N rings of a tube that are worn, in the picture."""

    first: int
    """The tube's first vertex."""
    end: int
    """The first vertex after it."""
    shape: tuple[int, int]
    """N rings, and vertices of each."""
    middle: Floats
    """(N, 2) px of the rings' middles."""
    across: Floats
    """(N, 2) unit vectors along the rings, to the right in the picture."""
    reach: Floats
    """(N, 2) px along it of the mask's edge on the left, below 0, and on the right; NaN where it is not seen."""
    outline: Outline
    """The mask's outline above the hem, which is the skirt's where no edge is seen."""

    def has(self, vertices: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Whether vertices (M,) are the tube's."""
        return np.asarray((vertices >= self.first) & (vertices < self.end), np.bool_)


class EdgePairs(NamedTuple):
    """Vertices that should lie on an edge."""

    vertices: NDArray[np.int64]
    """(M,)."""
    direction: Floats
    """(M, 2) px, along which they are too far or too near."""
    gap: Floats
    """(M,) metres that are missing."""


class _Lines(NamedTuple):
    """Lines through rings of a tube, in the picture."""

    middle: Floats
    """(N, 2) px of their middles."""
    across: Floats
    """(N, 2) unit vectors to the right in the picture."""
    half: Floats
    """(N,) px of half the rings' widths."""


def _lines(body: LayeredBody, posed: Posed, length: float) -> _Lines:
    """Lines through the rings of the tube that hangs straight, down to the one at a length, on which all further ones lie."""
    sheet = body.sheets[0]
    count = min(int(np.searchsorted(sheet.down, length - 1e-6)) + 1, sheet.shape[0])
    points = posed.points(body, straight(body, Worn(length)))[body.first(0) : body.first(1), :2]
    rings = points.reshape(*sheet.shape, 2)[:count].astype(np.float64)
    middle = (rings.max(axis=1) + rings.min(axis=1)) / 2
    down = np.gradient(middle, axis=0)
    across = np.stack([down[:, 1], -down[:, 0]], axis=1) / np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    return _Lines(middle, across, np.abs(((rings - middle[:, None]) * across[:, None]).sum(axis=2)).max(axis=1))


def settle_hem(body: LayeredBody, posed: Posed, person: Person, length: float) -> float:
    """Move a skirt's hem, metres of the tube, to where the mask ends being as filled from side to side as it is above."""
    sheet, scale = body.sheets[0], float(posed.camera[0])
    lines = _lines(body, posed, float(sheet.down[-1]))
    at = length + np.arange(-ABOVE, BELOW + HEM_STEP / 2, HEM_STEP)
    at = at[(at > 0) & (at < sheet.down[-1])]
    middle, across = (np.stack([np.interp(at, sheet.down, part) for part in line.T], axis=1) for line in lines[:2])
    free = _free_of_arms(body, posed, person)
    left, right = (_reach(person, free, middle, sign * across, scale) for sign in (-1.0, 1.0))
    above = at < length - LEAST_ABOVE
    half = float(np.interp(length, sheet.down, lines.half))
    ends = [np.nanmedian(side[above]) if np.isfinite(side[above]).any() else SURELY * half for side in (left, right)]
    share = (0.5 + CORE * np.linspace(-0.5, 0.5, 40))[:, None]
    along = -ends[0] * (1 - share) + ends[1] * share
    places = (middle[:, None] + along[None] * across[:, None]).astype(np.float32)
    filled = cv2.remap(person.mask.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR) > 0.5
    whole = np.logical_and.accumulate(filled.mean(axis=1) >= FILLED)
    if whole.all() or not whole[above].all():
        return length
    return round(float(at[whole][-1]), 2)


def _free_of_arms(body: LayeredBody, posed: Posed, person: Person) -> NDArray[np.bool_]:
    """Pixels (H, W) that are no arm's."""
    scale = float(posed.camera[0])
    joints = project(posed.camera, joint_transforms(body.base, posed.pose[None], posed.betas)[1][0])[:, :2]
    arms = np.zeros(person.size, np.uint8)
    for side in ARM_JOINTS:
        shoulder, elbow, wrist, hand = joints[side]
        line = np.rint(np.stack([shoulder, elbow, wrist, hand + (hand - wrist)])).astype(np.int32)
        cv2.polylines(arms, [line], isClosed=False, color=1, thickness=max(1, round(2 * ARM * scale)))
    return np.asarray(arms == 0, np.bool_)


def skirt_edges(
    body: LayeredBody, posed: Posed, person: Person, length: float, outline: Outline
) -> tuple[SkirtEdges, Outline]:
    """Look for the edges of a skirt of a length, metres, of somebody who is posed in a picture.

    Returns:
        The edges, and the mask's outline without them, for the skin.
    """
    sheet, scale, first = body.sheets[0], float(posed.camera[0]), body.first(0)
    middle, across, _ = _lines(body, posed, length)
    free, down = _free_of_arms(body, posed, person), np.minimum(sheet.down[: len(middle)], length)
    above_hem = np.minimum(down, length - INSIDE)
    inside = np.stack([np.interp(above_hem, down, part) for part in middle.T], axis=1)
    sides = [_reach(person, free, inside, sign * across, scale) for sign in (-1.0, 1.0)]
    reach = _no_legs(np.stack([-sides[0], sides[1]], axis=1), scale)
    found = SkirtEdges(
        first,
        body.first(1),
        (len(middle), sheet.shape[1]),
        middle,
        across,
        reach,
        Outline(outline.xy[:0], outline.normals[:0]),
    )
    along = (middle[-1] - middle[-2]) / max(float(np.linalg.norm(middle[-1] - middle[-2])), 1e-9)
    above, others = (outline.xy - middle[-1]) @ along < NEAR * scale, ~_outline_beside(outline, found, scale)
    return (
        found._replace(outline=Outline(outline.xy[above], outline.normals[above])),
        Outline(outline.xy[others], outline.normals[others]),
    )


def _reach(person: Person, free: NDArray[np.bool_], middle: Floats, along: Floats, scale: float) -> Floats:
    """Pixels (N,) from middles (N, 2) along directions (N, 2) up to where a person's mask ends first.

    NaN: where they reach the edge of the photograph, or where an arm is before the end, which is not `free` (H, W).
    """
    steps = np.arange(0, FARTHEST, STEP) * scale
    places = (middle[:, None] + steps[:, None] * along[:, None]).astype(np.float32)
    height, width = person.size
    inside: NDArray[np.bool_] = np.asarray(((places > 0) & (places < (width - 1, height - 1))).all(axis=2))
    share = cv2.remap(person.mask.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    if person.area is not None:
        area = person.area.astype(np.uint8)
        inside &= cv2.remap(area, places[..., 0], places[..., 1], cv2.INTER_NEAREST) > 0
    no_arm = cv2.remap(free.astype(np.uint8), places[..., 0], places[..., 1], cv2.INTER_NEAREST) > 0
    outside = share < 0.5
    end = np.argmax(sliding_window_view(outside, round(HOLE / STEP), axis=1).all(axis=2), axis=1)
    rows, back = np.arange(len(middle)), round(HAND / STEP)
    before, after = share[rows, np.maximum(end - 1, 0)], share[rows, end]
    arm = np.stack([~no_arm[rows, np.maximum(end - 1 - k, 0)] for k in range(back)]).any(axis=0)
    found = (before >= 0.5) & (after < 0.5) & (end > 0) & inside[rows, end] & ~arm
    part = (before - 0.5) / np.maximum(before - after, 1e-6)
    return np.where(found, (end - 1 + part) * STEP * scale, np.nan)


def _no_legs(reach: Floats, scale: float) -> Floats:
    """Drop edges that are suddenly much nearer to the middle than the one above."""
    out = reach.copy()
    for side in (0, 1):
        last = np.nan
        for ring in range(len(out)):
            if np.abs(out[ring, side]) < np.abs(last) - NARROWER * scale:
                out[ring, side] = np.nan
            elif np.isfinite(out[ring, side]):
                last = out[ring, side]
    return out


def pair_edges(edges: SkirtEdges, points: NDArray[np.floating], scale: float) -> EdgePairs:
    """Pair each edge with the vertex of its ring that is farthest on its side, of vertices (V, 3) as they are drawn."""
    count, columns = edges.shape
    rings = points[edges.first : edges.first + count * columns, :2].reshape(count, columns, 2)
    along = ((rings - edges.middle[:, None]) * edges.across[:, None]).sum(axis=2)
    farthest = np.stack([along.argmin(axis=1), along.argmax(axis=1)], axis=1)
    rows, side = np.nonzero(np.isfinite(edges.reach))
    column = farthest[rows, side]
    return EdgePairs(
        edges.first + rows * columns + column,
        edges.across[rows],
        (edges.reach[rows, side] - along[rows, column]) / scale,
    )


def _outline_beside(outline: Outline, edges: SkirtEdges, scale: float) -> NDArray[np.bool_]:
    """Which points (M,) of a mask's outline are a skirt's edges."""
    ends = edges.middle[:, None] + edges.reach[..., None] * edges.across[:, None]
    share = np.linspace(0, 1, 8)[:, None, None, None]
    line = (ends[:-1] + share * (ends[1:] - ends[:-1])).reshape(-1, 2)
    line = line[np.isfinite(line).all(axis=1)]
    if not len(line) or not len(outline.xy):
        return np.zeros(len(outline.xy), np.bool_)
    return np.asarray(cKDTree(line).query(outline.xy)[0] <= NEAR * scale)
