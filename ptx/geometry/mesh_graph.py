"""The graph of a mesh: vertices, and the edges between them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def mesh_edges(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """List the edges (E, 2) of faces (F, 3), each once, in order."""
    every = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    return np.unique(np.sort(every, axis=1), axis=0)


def mesh_adjacency(faces: NDArray[np.int32], count: int) -> sp.csr_array:
    """Return the adjacency matrix (V, V) of faces (F, 3) on `count` vertices: 1 where two share an edge."""
    first, second = mesh_edges(faces).T
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    out = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    out.sort_indices()
    return out
