"""What arms hide is filled along rows."""

from __future__ import annotations

import numpy as np

from ptx.surface.under_arms import _fill_rows, fill_gaps

STRIPES = np.repeat(np.where(np.arange(40) % 8 < 4, 30, 220)[:, None], 60, axis=1)


def filled(image: np.ndarray, hole: np.ndarray, most: int = 100) -> tuple[np.ndarray, np.ndarray]:
    out = np.repeat(image[..., None], 3, axis=2).astype(np.uint8)
    out[hole] = 99
    gaps = np.zeros(hole.shape, np.float32)
    _fill_rows(out, ~hole, np.ones_like(hole), most, False, gaps)
    return out[..., 0], gaps > 0


def test_stripes_go_on_at_their_height() -> None:
    hole = np.zeros((40, 60), bool)
    hole[5:35, 20:37] = True
    found, marked = filled(STRIPES, hole)
    np.testing.assert_array_equal(found, STRIPES)
    np.testing.assert_array_equal(marked, hole)


def test_each_side_is_reflected() -> None:
    row = np.tile(np.arange(60), (40, 1))
    hole = np.zeros((40, 60), bool)
    hole[:, 20:40] = True
    found, _ = filled(row, hole)
    np.testing.assert_array_equal(found[3, 20:26], row[3, 19:13:-1])
    np.testing.assert_array_equal(found[3, 34:40], row[3, 45:39:-1])


def test_a_gap_at_the_border_is_filled_from_one_side_and_a_wide_one_is_left() -> None:
    hole = np.zeros((40, 60), bool)
    hole[:, 50:] = True
    found, _ = filled(STRIPES, hole)
    np.testing.assert_array_equal(found, STRIPES)
    _, marked = filled(STRIPES, hole, most=9)
    assert not marked.any()


def across(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill under a forearm, 8 px tall, that lies across the whole picture but 4 columns."""
    hole = np.zeros(image.shape, bool)
    hole[16:24, 2:-2] = True
    found = np.repeat(np.where(hole, 99, image)[..., None], 3, axis=2).astype(np.uint8)
    found, marked = fill_gaps(found, ~hole, np.ones_like(hole), widest=20, tallest=10)
    return found[..., 0], marked & hole


def test_under_a_forearm_across_stripes_go_on_downwards() -> None:
    upright = np.ascontiguousarray(STRIPES.T)
    found, marked = across(upright)
    np.testing.assert_array_equal(found, upright)
    assert marked[16:24, 2:-2].all()


def test_no_cloth_goes_on_into_another_down_a_column() -> None:
    """A hem lies somewhere under the forearm: that is left to patches; and what is beyond a hem in sight is not reflected."""
    hem = np.full((40, 60), 30)
    hem[20:] = 200
    assert not across(hem)[1].any()
    hem = np.full((40, 60), 30)
    hem[28:] = 200
    found, marked = across(hem)
    assert marked.any()
    np.testing.assert_array_equal(found[16:24, 2:-2], 30)
