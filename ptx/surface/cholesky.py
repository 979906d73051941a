"""Symmetric systems with the sparsity of a mesh, again and again: the order of elimination and the factor's sparsity are found once a body.

Left-looking Cholesky factorisation (Davis, Direct Methods for Sparse Linear Systems, 2006, chapter 4) with SuperLU's minimum-degree order;
four times as fast as SuperLU itself, which finds both anew each time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ptx.geometry.body import Body
from ptx.geometry.kernel import kernel
from ptx.geometry.mesh_graph import mesh_adjacency
from ptx.surface.symmetry import CACHED_BODIES

Doubles = NDArray[np.float64]
Longs = NDArray[np.int64]


class Elimination(NamedTuple):
    """How systems on a mesh of V vertices are factored."""

    order: Longs
    """(V,) vertices in the order of elimination."""
    rank: Longs
    """(V,) place of each vertex in that order."""
    first: Longs
    """(V + 1,) where each vertex's neighbours begin in `other`."""
    other: Longs
    """(E,) neighbours."""
    columns: Longs
    """(V + 1,) where each column of the factor begins in `rows`."""
    rows: Longs
    """(L,) places, ascending in each column; the first is the diagonal's."""


@lru_cache(maxsize=CACHED_BODIES)
def elimination(body: Body) -> Elimination:
    """Find the order and the sparsity for a body."""
    adjacency = mesh_adjacency(body.faces, len(body.v_template))
    matrix = sparse.csc_array(sparse.diags_array(adjacency.sum(axis=1) + 1.0) - adjacency)
    rank = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}).perm_c
    order = np.argsort(rank)
    sorted_matrix = sparse.csc_array(matrix[order][:, order])
    natural = splu(sorted_matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    factor = sparse.csc_array(natural.L)
    factor.sort_indices()
    first, other = adjacency.indptr, adjacency.indices
    return Elimination(
        *(array.astype(np.int64) for array in (order, rank, first, other, factor.indptr, factor.indices))
    )


def solve_on_mesh(
    body: Body, known: NDArray[np.floating], stiff: float, right: NDArray[np.floating], among: NDArray[np.bool_]
) -> Doubles:
    """Solve (diag(known) + stiff L) x = right, L the graph Laplacian of some vertices of the body and the edges between them.

    Args:
        body: the body.
        known: (V,) at least a little above 0 for these vertices.
        stiff: factor of the Laplacian.
        right: (V, C).
        among: (V,) the vertices; x of others is 0.

    Returns:
        (V, C).
    """
    plan = elimination(body)
    factor = np.empty(len(plan.rows))
    _factor(plan, known.astype(np.float64), stiff, among, factor)
    out = np.where(among[:, None], right, 0.0)[plan.order]
    _substitute(plan, factor, out)
    return np.asarray(out[plan.rank])


@kernel
def _factor(plan: Elimination, known: Doubles, stiff: float, among: NDArray[np.bool_], factor: Doubles) -> None:
    """Compute the factor (L,), column by column; of each earlier column that reaches into a row, `following` holds the next."""
    order, rank, first, other, columns, rows = plan
    count = len(order)
    column = np.zeros(count)
    reaching, following = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    at = np.zeros(count, np.int64)
    for j in range(count):
        vertex, start, end = order[j], columns[j], columns[j + 1]
        diagonal = 1.0
        if among[vertex]:
            diagonal = known[vertex]
            for n in range(first[vertex], first[vertex + 1]):
                if among[other[n]]:
                    diagonal += stiff
                    i = rank[other[n]]
                    if i > j:
                        column[i] = -stiff
        column[j] += diagonal
        k = reaching[j]
        while k >= 0:
            following_k, p = following[k], at[k]
            value = factor[p]
            for q in range(p, columns[k + 1]):
                column[rows[q]] -= value * factor[q]
            at[k] = p + 1
            if p + 1 < columns[k + 1]:
                i = rows[p + 1]
                following[k], reaching[i] = reaching[i], k
            k = following_k
        root = np.sqrt(column[j])
        column[j] = 0.0
        factor[start] = root
        for q in range(start + 1, end):
            factor[q] = column[rows[q]] / root
            column[rows[q]] = 0.0
        at[j] = start + 1
        if start + 1 < end:
            i = rows[start + 1]
            following[j], reaching[i] = reaching[i], j


@kernel
def _substitute(plan: Elimination, factor: Doubles, x: Doubles) -> None:
    """Solve for x (V, C), in the order of elimination, in place."""
    columns, rows = plan.columns, plan.rows
    count, channels = x.shape
    for j in range(count):
        for c in range(channels):
            x[j, c] /= factor[columns[j]]
        for q in range(columns[j] + 1, columns[j + 1]):
            for c in range(channels):
                x[rows[q], c] -= factor[q] * x[j, c]
    for j in range(count - 1, -1, -1):
        for q in range(columns[j] + 1, columns[j + 1]):
            for c in range(channels):
                x[j, c] -= factor[q] * x[rows[q], c]
        for c in range(channels):
            x[j, c] /= factor[columns[j]]
