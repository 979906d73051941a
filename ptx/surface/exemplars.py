"""Places where photographs show cloth well, and how it lies there: what patches are taken of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.surface.coarse import WELL, Coarse
from ptx.surface.finer_mesh import GROUPS, FinerMesh, Frames, finer_mesh
from ptx.surface.layers import sample_vertices
from ptx.surface.merge import Views
from ptx.surface.points import Floats

FEWEST = 12
"""Fewest exemplars of a group from which patches are taken."""

ALIKE = 30.0
"""Grey levels between the smooth colours of one cloth."""

COMPARED = 64
"""Others that each exemplar is compared with."""

USUAL = 0.3
"""Quantile of the structure of like exemplars that is the cloth's own: the others have folds."""


class Exemplars(NamedTuple):
    """N vertices that lie where a photograph shows their group well."""

    group: NDArray[np.uint8]
    """(N,) as in `FinerMesh`."""
    at: Floats
    """(N, 2) px."""
    turn: Floats
    """(N, 2) px per metre: cosine and sine, times the photograph's scale, by which the skin is turned there."""
    height: Floats
    """(N,) metres, as in `Frames`."""
    colour: Floats
    """(N, 3) smooth colours."""
    structure: Floats
    """(N,) grey levels, standard deviation from them."""
    usual: Floats
    """(N,) what is usual of that for such cloth."""


def find_exemplars(views: Views, frames: Frames, coarse: Coarse) -> Exemplars:
    """List the exemplars of photographs; groups that have too few have none."""
    mesh, found = finer_mesh(views.whole.fitted.body), []
    vertex = np.flatnonzero(mesh.is_vertex & (mesh.group > 0))
    for source, points, shares in zip(views.sources, views.points, views.shares, strict=True):
        confidence = sample_vertices(points, shares * source.uncovered, views.whole.seen)[1]
        chosen = vertex[confidence[mesh.ends[vertex, 0]] > WELL]
        at = points[mesh.ends[chosen, 0], :2]
        colour, structure, seen = coarse.looks(mesh.group[chosen], at)
        chosen, at, colour, structure = chosen[seen], at[seen], colour[seen], structure[seen]
        group, turn = mesh.group[chosen], skin_turns(mesh, frames, points, source.scale)[chosen]
        found.append((group, at, turn, frames.height[chosen], colour, structure))
    group, at, turn, height, colour, structure = (np.concatenate(parts) for parts in zip(*found, strict=True))
    every = Exemplars(group, at, turn, height, colour, structure, _usual(group, colour, structure))
    enough = np.bincount(group, minlength=GROUPS + 1)[group] >= FEWEST
    return Exemplars(*(part[enough] for part in every))


def _usual(group: NDArray[np.uint8], colour: Floats, structure: Floats) -> Floats:
    """Usual structure (N,) of those of the same group (N,) and like colours (N, 3)."""
    out = structure.copy()
    for number in range(1, GROUPS + 1):
        mine = np.flatnonzero(group == number)
        if not len(mine):
            continue
        others = mine[:: 1 + len(mine) // COMPARED]
        like = np.abs(colour[mine, None] - colour[others]).max(axis=2) < ALIKE
        ordered = np.sort(np.where(like, structure[others], np.inf), axis=1)
        place = (USUAL * (like.sum(1) - 1)).clip(0).astype(int)
        out[mine] = np.where(like.any(axis=1), ordered[np.arange(len(mine)), place], structure[mine])
    return out


def skin_turns(mesh: FinerMesh, frames: Frames, points: Floats, scale: float) -> Floats:
    """How the skin about each vertex is turned in a photograph: the rotation nearest to the map from skin to picture, times the scale.

    Args:
        mesh: the points.
        frames: of the person in rest.
        points: (V, 3) the vertices in the photograph.
        scale: px per metre.

    Returns:
        (M, 2) px per metre: cosine and sine; 0 at points that are no vertices.
    """
    place = mesh.of(points[:, :2])
    i, j, k = faces = mesh.corners[mesh.corners[:, 0] >= 0, :3].T
    around, up = frames.around[i], frames.up[i]
    one, two = frames.position[j] - frames.position[i], frames.position[k] - frames.position[i]
    s1, h1, s2, h2 = ((a * b).sum(1, keepdims=True) for a, b in ((one, around), (one, up), (two, around), (two, up)))
    p1, p2 = place[j] - place[i], place[k] - place[i]
    by_s, by_h = p1 * h2 - p2 * h1, p2 * s1 - p1 * s2  # the map's columns, times the area
    cosine, sine = by_s[:, 0] - by_h[:, 1], -by_s[:, 1] - by_h[:, 0]
    count = len(mesh.group)
    total = np.stack([np.bincount(faces.reshape(-1), np.tile(part, 3), count) for part in (cosine, sine)], axis=1)
    return np.asarray(scale * total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9), np.float32)
