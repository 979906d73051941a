"""Patches of a photograph chosen one beside the other, so that cloth goes on where nothing shows it.

Image quilting (Efros and Freeman, 2001) on a surface: from what is known outwards, each patch is the one of those offered that agrees best
with what lies around it already. Nothing is drawn by chance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.surface.coarse import Coarse
from ptx.surface.exemplars import Exemplars
from ptx.surface.finer_mesh import FinerMesh, Frames
from ptx.surface.points import Floats, Ints

TRIED = 16
"""Offers, those that suit a place best by themselves, that are laid there to compare them with what is around it."""

LEAST_COVER = 0.25
"""Share of a place that a patch must fill."""

HEIGHT_COST, HEIGHT_REACH = 400.0, 0.15
"""Squared grey levels for a patch from 5 cm higher or lower, and metres from which more costs no more: so hems and stripes go round."""

LEVEL = 0.03
"""Metres by which a patch is moved up or down to lie at its own height."""

FOLD_COST, PATTERN_COST = 10.0, 2.0
"""Cost, squared grey levels, of structure beyond what is usual for an exemplar's cloth (folds, pockets, buttons), and of more or less than
is expected at a place."""

AGAIN_COST, AGAIN = 0.25, 4
"""Cost of having been used, of the exemplar's squared structure, for each of at most so many times: what is plain may well repeat."""

COVER_COST = 1500.0
"""Squared grey levels for filling nothing of a place."""

STRUCTURE = 3.0, 1.4
"""Grey levels, and times the usual, up to which structure is the cloth's own."""

COLOUR = 16.0, 1.5
"""The same for smooth colours beside an exemplar's."""

WANTED = 2.5
"""Times as much a colour that is wanted may differ: it is then shaded, but is the same cloth."""


class Quilt(NamedTuple):
    """What the M points show."""

    offer: Ints
    """(M,) the exemplar whose patch covers it, or -1."""
    at: Floats
    """(M, 2) px in the photographs."""


def quilt(
    mesh: FinerMesh,
    frames: Frames,
    order: NDArray[np.int64],
    smooth: Floats,
    structure: Floats,
    detail: Floats,
    known: NDArray[np.bool_],
    exemplars: Exemplars,
    coarse: Coarse,
    radius: float,
) -> Quilt:
    """Choose patches.

    Args:
        mesh: the points.
        frames: of the person.
        order: (W,) points that want a patch, the first ones first.
        smooth: (M, 3) colours that the patches shall have around a point.
        structure: (M,) the structure that they shall have.
        detail: (M, 3) what points differ from the smooth colours by, where it is known.
        known: (M,) where it is.
        exemplars: what patches are taken of.
        coarse: the photographs.
        radius: of a patch, metres.
    """
    out = Quilt(np.full(len(known), -1, np.int32), np.zeros((len(known), 2), np.float32))
    if len(order) and len(exemplars.height):
        found, where = detail.copy(), known.copy()
        _quilt(mesh, frames, order, smooth, structure, found, where, exemplars, coarse, radius, *out)
    return out


@kernel
def _spread(
    first: Ints,
    other: Ints,
    groups: NDArray[np.uint8],
    frames: Frames,
    seed: int,
    radius: float,
    stamp: Ints,
    disc: Ints,
    unrolled: Floats,
) -> int:
    """List the points around one in `disc` (M,), with metres around and up from it, along the skin, in `unrolled` (M, 2): their number."""
    position, around, up, _ = frames
    stamp[seed], disc[0], count, done = seed, seed, 1, 0
    unrolled[seed] = 0
    while done < count:
        i = disc[done]
        done += 1
        for n in range(first[i], first[i + 1]):
            j = other[n]
            if stamp[j] == seed or groups[j] != groups[seed]:
                continue
            s, h = unrolled[i, 0], unrolled[i, 1]
            for d in range(3):
                step = np.float32(0.5) * (position[j, d] - position[i, d])
                s += step * (around[i, d] + around[j, d])
                h += step * (up[i, d] + up[j, d])
            if s * s + h * h <= radius * radius:
                stamp[j], disc[count] = seed, j
                unrolled[j, 0], unrolled[j, 1] = s, h
                count += 1
    return count


@kernel
def _suitable(
    exemplars: Exemplars,
    used: Ints,
    group: int,
    height: float,
    colour: Floats,
    structure: float,
    cost: Floats,
    chosen: NDArray[np.int64],
) -> int:
    """Write costs (N,) of exemplars for a place, and first among `chosen` (N,) those that suit it best by themselves: their number."""
    groups, _, _, heights, colours, structures, usual = exemplars
    count = 0
    for e in range(len(cost)):
        if groups[e] != group:
            continue
        away = min(abs(heights[e] - height), np.float32(HEIGHT_REACH)) / np.float32(0.05)
        total = np.float32(HEIGHT_COST) * away * away
        total += np.float32(AGAIN_COST) * min(used[e], AGAIN) * structures[e] ** 2
        total += np.float32(FOLD_COST) * max(structures[e] - usual[e], np.float32(0)) ** 2
        total += np.float32(PATTERN_COST) * (structures[e] - structure) ** 2
        for c in range(3):
            total += (colours[e, c] - colour[c]) ** 2
        cost[e], chosen[count] = total, e
        count += 1
    chosen[:count] = chosen[:count][np.argsort(cost[chosen[:count]], kind="mergesort")]
    return min(count, TRIED)


@kernel
def _quilt(
    mesh: FinerMesh,
    frames: Frames,
    order: NDArray[np.int64],
    smooth: Floats,
    structure: Floats,
    detail: Floats,
    known: NDArray[np.bool_],
    exemplars: Exemplars,
    coarse: Coarse,
    radius: float,
    offer: Ints,
    at: Floats,
) -> None:
    """Lay patches, in place in `offer`, `at`, `detail` and `known`; arguments as for `quilt`."""
    first, other, groups = mesh.first, mesh.other, mesh.group
    there, turn, heights, colours, usual = (
        exemplars.at, exemplars.turn, exemplars.height, exemplars.colour, exemplars.usual,
    )  # fmt: skip
    shown, looks, details, structures, factor = coarse
    rows, columns = shown.shape
    count, many = len(known), len(heights)
    wanted = np.zeros(count, np.bool_)
    wanted[order] = True
    stamp, disc, unrolled = np.full(count, -1, np.int32), np.empty(count, np.int32), np.empty((count, 2), np.float32)
    away, vain = np.full(count, np.float32(1e9)), np.zeros(count, np.bool_)
    used, cost, chosen = np.zeros(many, np.int32), np.empty(many, np.float32), np.empty(many, np.int64)
    for seed in order:
        if offer[seed] >= 0 or vain[seed]:
            continue
        group = groups[seed]
        size = _spread(first, other, groups, frames, seed, radius, stamp, disc, unrolled)
        tried = _suitable(exemplars, used, group, frames.height[seed], smooth[seed], structure[seed], cost, chosen)
        best, least = -1, np.float32(1e30)
        for n in range(tried + 1):
            laid = n == tried  # at last the best is laid
            e = best if laid else chosen[n]
            if e < 0 or (not laid and cost[e] >= least):
                continue
            level = heights[e] - frames.height[seed]
            level = level if abs(level) < LEVEL else np.float32(0)
            cosine, sine, u0, v0 = turn[e, 0], turn[e, 1], there[e, 0], there[e, 1]
            unlike = np.float32(COLOUR[0]) + np.float32(COLOUR[1]) * usual[e]
            rough = np.float32(STRUCTURE[0]) + np.float32(STRUCTURE[1]) * usual[e]
            total, common, new, covered = np.float32(0), 0, 0, 0
            for m in range(size):
                i = disc[m]
                s, h = unrolled[i, 0], unrolled[i, 1] - level
                u, v = u0 + cosine * s - sine * h, v0 - sine * s - cosine * h
                x, y = int((u + np.float32(0.5)) / factor), int((v + np.float32(0.5)) / factor)
                fresh = wanted[i] and offer[i] < 0
                new += fresh
                if (
                    not (u >= 0 and v >= 0 and x < columns and y < rows)
                    or shown[y, x] != group
                    or structures[y, x] > rough
                ):
                    continue
                off, odd = np.float32(0), np.float32(0)
                for c in range(3):
                    off = max(off, abs(looks[group - 1, y, x, c] - colours[e, c]))
                    odd = max(odd, abs(smooth[i, c] - colours[e, c]))
                if off > unlike or odd > WANTED * unlike:
                    continue
                if laid:
                    far = s * s + unrolled[i, 1] ** 2
                    if wanted[i] and far < away[i]:
                        offer[i], away[i], known[i], at[i, 0], at[i, 1] = e, far, True, u, v
                        detail[i] = details[y, x]
                    continue
                covered += fresh
                if known[i]:
                    common += 1
                    for c in range(3):
                        total += (details[y, x, c] - detail[i, c]) ** 2
            if laid:
                used[e] += 1
            elif covered > 0 and covered >= LEAST_COVER * new:
                gap = 1 - np.float32(covered) / np.float32(new)
                whole = cost[e] + total / max(1, common) + np.float32(COVER_COST) * gap * gap
                if whole < least:
                    best, least = e, whole
        if best < 0:  # nothing suits its neighbours either
            for m in range(size):
                i = disc[m]
                vain[i] = vain[i] or unrolled[i, 0] ** 2 + unrolled[i, 1] ** 2 < radius * radius / 4
