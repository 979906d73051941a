"""Values spread over a mesh: smooth surfaces through what is known (membranes), and means of neighbours."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh_graph import mesh_adjacency
from ptx.surface.cholesky import solve_on_mesh
from ptx.surface.points import Floats, Ints
from ptx.surface.symmetry import CACHED_BODIES


class Neighbours(NamedTuple):
    """Vertices that share an edge, in compressed rows."""

    first: Ints
    """(V + 1,) where each vertex's neighbours begin in `other`."""
    other: Ints
    """(E,) neighbours, in order."""


@lru_cache(maxsize=CACHED_BODIES)
def neighbours(body: Body) -> Neighbours:
    """List the neighbours of every vertex of a body."""
    adjacency = mesh_adjacency(body.faces, len(body.v_template))
    return Neighbours(adjacency.indptr.astype(np.int32), adjacency.indices.astype(np.int32))


def diffuse(
    body: Body,
    values: Floats,
    weight: Floats,
    *,
    stiff: float,
    keep: float,
    to: Floats | float = 0.0,
    among: NDArray[np.bool_] | None = None,
) -> Floats:
    """Smooth values (V, C) that are known by weights (V,).

    Minimises Σ weight |x - values|² + stiff Σ |x_i - x_j|² + keep Σ |x - to|², the second sum over edges (i, j): a screened membrane.
    With `among` (V,) it is that of some vertices alone, free at its border, and others keep their values.
    """
    weights = np.asarray(weight, np.float64)
    right = weights[:, None] * values + keep * np.asarray(to, np.float64)
    everywhere = np.ones(len(weights), np.bool_) if among is None else among
    out = solve_on_mesh(body, weights + keep, stiff, right, everywhere)
    return np.asarray(np.where(everywhere[:, None], out, values), np.float32)


def smooth_places(body: Body, values: Floats, where: NDArray[np.bool_], jump: float, rounds: int = 30) -> Floats:
    """Average values (V, C) with their neighbours' where asked (V,), but not with those whose first two differ by more than `jump`."""
    out = np.array(values, np.float32)
    _smooth_places(*neighbours(body), np.flatnonzero(where), jump, rounds, out)
    return out


@kernel
def _smooth_places(
    first: Ints, index: Ints, chosen: NDArray[np.int64], jump: float, rounds: int, values: Floats
) -> None:
    count = values.shape[1]
    mean, new = np.empty(count), np.empty((len(chosen), count), np.float32)
    for _ in range(rounds):
        for n in range(len(chosen)):
            i, total = chosen[n], 0
            mean[:] = 0
            for k in range(first[i], first[i + 1]):
                j = index[k]
                if max(abs(values[i, 0] - values[j, 0]), abs(values[i, 1] - values[j, 1])) < jump:
                    total += 1
                    for c in range(count):
                        mean[c] += values[j, c]
            for c in range(count):
                new[n, c] = 0.5 * (values[i, c] + mean[c] / total) if total else values[i, c]
        for n in range(len(chosen)):
            for c in range(count):
                values[chosen[n], c] = new[n, c]
