"""A sheet of known places: its faces, its cuts, and the smoothing of rows."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.layers.sheet import Sheet, smooth_around, smoothstep

ROWS, COLUMNS = 4, 6


def sheet(*, closed: bool = False, ends: np.ndarray | None = None) -> Sheet:
    """A flat grid of cells of 1 m that is seen from +z: columns to the right, rows downwards."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    vertices = np.stack([x, -y, np.zeros_like(x)], axis=-1).astype(np.float64)
    return Sheet(
        vertices,
        closed=closed,
        down=np.arange(ROWS, dtype=np.float64),
        outwards=np.broadcast_to((0.0, 0.0, 1.0), vertices.shape),
        near=np.zeros((ROWS, COLUMNS), np.int64),
        weights=np.ones((ROWS, COLUMNS, 24)) / 24,
        shapedirs=np.zeros((ROWS, COLUMNS, 3, 10)),
        mirrored=np.arange(COLUMNS)[::-1].copy(),
        opposite=closed,
        ends=np.zeros(COLUMNS) if ends is None else ends,
    )


def test_faces_cover_every_cell_once() -> None:
    """Each half a cell, counter-clockwise seen from outside, of the row that is said."""
    flat = sheet()
    faces = flat.faces(flat.corners(0))
    corners = flat.vertices.reshape(-1, 3)[faces]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    np.testing.assert_allclose(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], 1)
    assert len(faces) == len(flat.face_rows) == 2 * (ROWS - 1) * (COLUMNS - 1)
    middle = corners.mean(axis=1)
    np.testing.assert_array_equal(np.floor(-middle[:, 1]), flat.face_rows)
    cells = np.floor(middle[:, 0]).astype(int) + COLUMNS * flat.face_rows
    assert set(np.bincount(cells).tolist()) == {0, 2}
    np.testing.assert_array_equal(flat.faces(flat.corners(100)), faces + 100)


def test_a_tube_has_its_first_column_beside_the_last() -> None:
    tube = sheet(closed=True)
    corner = tube.corners(0)
    assert corner.shape == (ROWS, COLUMNS + 1)
    np.testing.assert_array_equal(corner[:, -1], corner[:, 0])
    assert len(tube.faces(corner)) == len(tube.face_rows) == 2 * (ROWS - 1) * COLUMNS
    assert tube.opposite_columns.tolist() == [3, 2, 1, 0, 5, 4]


@pytest.mark.parametrize("length", [0.0, 1.3, 2.0, 5.0])
def test_rows_below_a_cut_lie_on_it(length: float) -> None:
    """Of a grid whose rows are 1 m apart; columns of hair end above it, the longest at its top at most."""
    flat = sheet()
    expected = -np.minimum(np.arange(ROWS), length)[:, None] + np.zeros(COLUMNS)
    np.testing.assert_allclose(flat.cut(length)[..., 1], expected, atol=1e-12)
    np.testing.assert_array_equal(flat.cut(length)[..., 0], flat.vertices[..., 0])
    ends = np.linspace(0, 2.5, COLUMNS)
    pointed = sheet(ends=ends).cut(length)
    lowest = np.minimum(np.arange(ROWS)[:, None], np.maximum(length - ends, 0))
    np.testing.assert_allclose(pointed[..., 1], -lowest, atol=1e-12)


def test_smoothstep_is_the_cubic_with_level_ends() -> None:
    """Of value 0 and 1 and slope 0 at both: 3 t² - 2 t³; 5/32 a quarter of the way."""
    np.testing.assert_allclose(smoothstep(np.array([-1, 0, 0.25, 0.5, 0.75, 1, 3])), [0, 0, 5 / 32, 0.5, 27 / 32, 1, 1])


@pytest.mark.parametrize("width", [1, 2])
def test_rows_of_a_tube_are_averaged_around_it(width: int) -> None:
    """One vertex of a row shares its value with the neighbours on both sides, across the seam too."""
    values = np.zeros((ROWS, COLUMNS, 2))
    values[1, 0] = 1, -2
    found = smooth_around(values, width)
    for column in range(COLUMNS):
        away = min(column, COLUMNS - column)
        share = 1 / (2 * width + 1) if away <= width else 0.0
        np.testing.assert_allclose(found[1, column], (share, -2 * share))
    assert not found[[0, 2, 3]].any()


def test_rows_are_averaged_over_seven_vertices_unless_told() -> None:
    values = np.zeros((1, 9, 1))
    values[0, 4] = 7
    np.testing.assert_allclose(smooth_around(values)[0, :, 0], [0, 1, 1, 1, 1, 1, 1, 1, 0])
