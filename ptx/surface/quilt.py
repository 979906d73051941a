"""Patches of a photograph chosen one beside the other, so that cloth goes on where nothing shows it.

Image quilting (Efros and Freeman, 2001) on a surface: from what is known outwards, each patch is the one of those offered that agrees best
with what lies around it already. Nothing is drawn by chance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.surface.finer_mesh import FinerMesh, Frames
from ptx.surface.points import Floats, Ints
from ptx.surface.sampling import remap_points

TRIED = 40
"""Offers, those that suit a place best by themselves, that are laid there to compare them with what is around it."""

LEAST_COVER = 0.25
"""Share of a place that a patch must fill."""

HEIGHT_COST, HEIGHT_REACH = 400.0, 0.15
"""Squared grey levels for a patch from 5 cm higher or lower, and metres from which more costs no more: hems and stripes go round the body."""

LEVEL = 0.03
"""Metres by which a patch is moved up or down to lie at its own height."""

FOLD_COST, PATTERN_COST = 10.0, 2.0
"""Cost of structure beyond what is usual for an exemplar's cloth (folds, pockets, buttons), and of more or less than is expected at a place, of
squared grey levels."""

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


class Exemplars(NamedTuple):
    """N places of the photographs that show cloth well."""

    group: NDArray[np.uint8]
    """(N,) as in `FinerMesh`."""
    at: Floats
    """(N, 2) px."""
    turn: Floats
    """(N, 2) px per metre: cosine and sine, times the photograph's scale, by which up on the skin is turned in the photograph."""
    height: Floats
    """(N,) metres, as in `Frames`."""
    colour: Floats
    """(N, 3) smooth colours around it."""
    structure: Floats
    """(N,) grey levels, standard deviation from them."""
    usual: Floats
    """(N,) what is usual of that for such cloth."""


class Coarse(NamedTuple):
    """The photographs, side by side, with a pixel for several of theirs."""

    group: NDArray[np.uint8]
    """(h, w) the group that is well seen there, or 0."""
    detail: Floats
    """(h, w, 3) colours less smooth ones."""
    smooth: Floats
    """(G, h, w, 3) smooth colours of each group."""
    structure: Floats
    """(h, w) grey levels, standard deviation of the detail."""
    rate: tuple[float, float]
    """Pixels of it per pixel of the photographs, across and down."""

    def pixels(self, at: Floats) -> Floats:
        """Bring px (N, 2) of the photographs to its own."""
        half = np.float32(0.5)
        return (at + half) * np.array(self.rate, np.float32) - half


    def of_group(self, group: NDArray[np.uint8], pixels: Floats) -> Floats:
        """Smooth colours (N, 3) of groups (N,) at its own px (N, 2)."""
        out = np.zeros((len(group), 3), np.float32)
        for number in range(len(self.smooth)):
            mine = group == number + 1
            if mine.any():
                out[mine] = remap_points(self.smooth[number], pixels[mine])
        return out

    def looks(self, group: NDArray[np.uint8], at: Floats, else_: Floats) -> tuple[Floats, Floats]:
        """Smooth colours (N, 3), others (N, 3) where the group is not well seen, and structure (N,) at px (N, 2) of the photographs."""
        pixels = self.pixels(at)
        x, y = (np.clip(np.rint(pixels[:, n]), 0, self.group.shape[1 - n] - 1).astype(int) for n in (0, 1))
        shown = (self.group[y, x] == group) & (group > 0)
        return np.where(shown[:, None], self.of_group(group, pixels), else_), self.structure[y, x]


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
    expected: Floats,
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
        expected: (M,) the structure that they shall have.
        detail: (M, 3) what points differ from them by, where it is known.
        known: (M,) where it is.
        exemplars: what patches are taken of.
        coarse: the photographs.
        radius: of a patch, metres.
    """
    out = Quilt(np.full(len(frames.height), -1, np.int32), np.zeros((len(frames.height), 2), np.float32))
    if len(order) and len(exemplars.height):
        wanted = np.zeros(len(known), np.bool_)
        wanted[order] = True
        _quilt(
            mesh, frames, order, smooth, expected, detail.copy(), known.copy(), wanted, exemplars, coarse, radius, out.offer, out.at
        )
    return out


@kernel
def _spread(
    mesh: FinerMesh, frames: Frames, seed: int, radius: float, stamp: Ints, disc: Ints, unrolled: Floats
) -> int:
    """List the points around one in `disc` (M,), with metres around and up from it, along the skin, in `unrolled` (M, 2): their number."""
    position, group = frames.position, mesh.group[seed]
    stamp[seed], disc[0], count, done = seed, seed, 1, 0
    unrolled[seed] = 0
    while done < count:
        i = disc[done]
        done += 1
        for n in range(mesh.first[i], mesh.first[i + 1]):
            j = mesh.other[n]
            if stamp[j] == seed or mesh.group[j] != group:
                continue
            s, h = unrolled[i, 0], unrolled[i, 1]
            for d in range(3):
                step = np.float32(0.5) * (position[j, d] - position[i, d])
                s += step * (frames.around[i, d] + frames.around[j, d])
                h += step * (frames.up[i, d] + frames.up[j, d])
            if s * s + h * h > radius * radius:
                continue
            stamp[j] = seed
            unrolled[j, 0], unrolled[j, 1] = s, h
            disc[count] = j
            count += 1
    return count


@kernel
def _suitable(
    exemplars: Exemplars, used: Ints, group: int, height: float, colour: Floats, expected: float, cost: Floats, chosen: NDArray[np.int64]
) -> int:
    """Write the costs (N,) of offers for a place of a height, a colour and a structure, and the numbers (N,) of those that suit it best: how many."""
    count = 0
    for e in range(len(cost)):
        if exemplars.group[e] != group:
            continue
        away = min(abs(exemplars.height[e] - height), HEIGHT_REACH) / 0.05
        total = np.float32(HEIGHT_COST) * away * away
        total += np.float32(AGAIN_COST) * min(used[e], AGAIN) * exemplars.structure[e] ** 2
        for c in range(3):
            total += (exemplars.colour[e, c] - colour[c]) ** 2
        total += np.float32(FOLD_COST) * max(exemplars.structure[e] - exemplars.usual[e], np.float32(0)) ** 2
        total += np.float32(PATTERN_COST) * (exemplars.structure[e] - expected) ** 2
        cost[e] = total
        chosen[count] = e
        count += 1
    best = np.argsort(cost[chosen[:count]], kind="mergesort")
    chosen[:count] = chosen[:count][best]
    return min(count, TRIED)


@kernel
def _place(exemplars: Exemplars, e: int, level: float, s: float, h: float) -> tuple[float, float]:
    """Where the photographs show what is s, h metres around and up from an exemplar that lies `level` metres too high."""
    cosine, sine, up = exemplars.turn[e, 0], exemplars.turn[e, 1], h - level
    return exemplars.at[e, 0] + cosine * s - sine * up, exemplars.at[e, 1] - sine * s - cosine * up


@kernel
def _fits(coarse: Coarse, x: int, y: int, colour: Floats, exemplars: Exemplars, e: int) -> bool:
    """Whether a pixel shows the cloth of an exemplar, and no hem, hand or pocket of it, and a smooth colour (3,) is wanted that is like it."""
    rows, columns = coarse.group.shape
    if not (0 <= x < columns and 0 <= y < rows) or coarse.group[y, x] != exemplars.group[e]:
        return False
    usual = exemplars.usual[e]
    if coarse.structure[y, x] > STRUCTURE[0] + STRUCTURE[1] * usual:
        return False
    for c in range(3):
        off, most = abs(coarse.smooth[exemplars.group[e] - 1, y, x, c] - exemplars.colour[e, c]), COLOUR[0] + COLOUR[1] * usual
        if off > most or abs(colour[c] - exemplars.colour[e, c]) > WANTED * most:
            return False
    return True


@kernel
def _quilt(
    mesh: FinerMesh,
    frames: Frames,
    order: NDArray[np.int64],
    smooth: Floats,
    expected: Floats,
    detail: Floats,
    known: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
    exemplars: Exemplars,
    coarse: Coarse,
    radius: float,
    offer: Ints,
    at: Floats,
) -> None:
    points, offers = len(known), len(exemplars.height)
    across, down = coarse.rate
    stamp, disc, unrolled = np.full(points, -1, np.int32), np.empty(points, np.int32), np.empty((points, 2), np.float32)
    away = np.full(points, np.float32(1e9))
    used, cost, chosen = np.zeros(offers, np.int32), np.empty(offers, np.float32), np.empty(offers, np.int64)
    for seed in order:
        if offer[seed] >= 0:
            continue
        group, size = mesh.group[seed], _spread(mesh, frames, seed, radius, stamp, disc, unrolled)
        tried = _suitable(exemplars, used, group, frames.height[seed], smooth[seed], expected[seed], cost, chosen)
        best, least = -1, np.float32(1e30)
        for n in range(tried):
            e = chosen[n]
            if cost[e] >= least:
                break
            level = exemplars.height[e] - frames.height[seed]
            level = level if abs(level) < LEVEL else 0.0
            total, common, new, covered = np.float32(0), 0, 0, 0
            for m in range(size):
                i = disc[m]
                u, v = _place(exemplars, e, level, unrolled[i, 0], unrolled[i, 1])
                x, y = int((u + 0.5) * across), int((v + 0.5) * down)
                inside = _fits(coarse, x, y, smooth[i], exemplars, e)
                if wanted[i] and offer[i] < 0:
                    new += 1
                    covered += inside
                if inside and known[i]:
                    common += 1
                    for c in range(3):
                        total += (coarse.detail[y, x, c] - detail[i, c]) ** 2
            if covered < LEAST_COVER * new:
                continue
            whole = cost[e] + total / max(1, common) + np.float32(COVER_COST) * (1 - covered / new) ** 2
            if whole < least:
                best, least = e, whole
        if best < 0:
            continue
        used[best] += 1
        level = exemplars.height[best] - frames.height[seed]
        level = level if abs(level) < LEVEL else 0.0
        for m in range(size):
            i = disc[m]
            far = np.sqrt(unrolled[i, 0] ** 2 + unrolled[i, 1] ** 2)
            if not wanted[i] or far >= away[i]:
                continue
            u, v = _place(exemplars, best, level, unrolled[i, 0], unrolled[i, 1])
            x, y = int((u + 0.5) * across), int((v + 0.5) * down)
            if _fits(coarse, x, y, smooth[i], exemplars, best):
                offer[i], away[i], known[i] = best, far, True
                at[i, 0], at[i, 1] = u, v
                for c in range(3):
                    detail[i, c] = coarse.detail[y, x, c]
