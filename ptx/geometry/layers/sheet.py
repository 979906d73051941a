"""A sheet of cloth or hair in rest: a grid of vertices that hangs from its first row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Sheet(NamedTuple):
    """A grid of R rows of C vertices, on the mean body in rest; metres."""

    vertices: Floats
    """(R, C, 3)."""
    closed: bool
    """True where the last column has the first for its neighbour: a tube."""
    down: Floats
    """(R,) how far each row is below the first, along the sheet."""
    outwards: Floats
    """(R, C, 3) unit vectors from the body outwards."""
    near: NDArray[np.int64]
    """(R, C) vertex of the body beside each."""
    weights: Floats
    """(R, C, 24) skinning weights."""
    shapedirs: Floats
    """(R, C, 3, 10) metres per unit of each beta."""
    mirrored: NDArray[np.int64]
    """(C,) the column on the other side, from left to right, of each; its own where the sheet has no other side."""
    opposite: bool
    """True where the sheet's back is like its front; the columns begin in front."""
    ends: Floats
    """(C,) metres by which each column ends above the sheet's length: 0 of a hem, more in points of hair."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.vertices.shape[0], self.vertices.shape[1]

    @property
    def opposite_columns(self) -> NDArray[np.int64]:
        """(C,) the column behind each column of a tube, and before those of its back."""
        count = self.shape[1]
        return (count // 2 - np.arange(count)) % count

    @property
    def face_rows(self) -> NDArray[np.int64]:
        """(F,) the upper row of each face."""
        rows, columns = self.shape
        return np.repeat(np.arange(rows - 1), 2 * (columns if self.closed else columns - 1))

    def faces(self, corner: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return two faces of each cell, row after row, counter-clockwise from outside.

        Args:
            corner: (R, C + 1) indices of the grid's points, the last column of a tube being its first, or (R, C) of a sheet.
        """
        a, b, c, d = corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]
        both = np.stack([np.stack([a, c, b], axis=-1), np.stack([b, c, d], axis=-1)], axis=-2)
        return both.reshape(-1, 3).astype(np.int32)

    def corners(self, first: int) -> NDArray[np.int64]:
        """Return the argument of `faces` for vertices that are numbered from `first`."""
        rows, columns = self.shape
        grid = first + np.arange(rows * columns).reshape(rows, columns)
        return np.concatenate([grid, grid[:, :1]], axis=1) if self.closed else grid

    def cut(self, length: float) -> Floats:
        """Vertices (R, C, 3) of the sheet cut at a length, metres: rows below it lie on its end."""
        if not self.ends.any():
            return np.asarray(np.einsum("rs,sck->rck", self.end(length), self.vertices))
        columns = [self.end(max(0.0, length - up)) @ self.vertices[:, n] for n, up in enumerate(self.ends)]
        return np.stack(columns, axis=1)

    def end(self, length: float) -> Floats:
        """Weights (R, R) that move every row of a sheet that is cut at a length, metres: rows below it lie on its end."""
        rows = self.shape[0]
        at = np.interp(np.minimum(self.down, length), self.down, np.arange(rows))
        upper = np.minimum(at.astype(int), rows - 2)
        out = np.zeros((rows, rows))
        out[np.arange(rows), upper] = 1 - (at - upper)
        out[np.arange(rows), upper + 1] += at - upper
        return out


def smoothstep(t: Floats) -> Floats:
    """Rise smoothly from 0 at t <= 0 to 1 at t >= 1."""
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


def smooth_around(values: Floats, width: int = 3) -> Floats:
    """Average values (R, C, ...) of a tube over `2 width + 1` neighbours in their row."""
    neighbours = [np.roll(values, shift, axis=1) for shift in range(-width, width + 1)]
    return np.asarray(np.mean(neighbours, axis=0), np.float64)
