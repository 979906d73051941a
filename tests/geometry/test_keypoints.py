"""Missing keypoints: what counts as missing, and how it is written."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.keypoints import drop_keypoints, inside_image, mask_outside, missing_as_nan, valid_keypoints

NAN, INF = np.nan, np.inf
ROWS = np.array(
    [(1, 2, 0.5), (1, 2, 1e-9), (1, 2, 7), (1, 2, 0), (1, 2, -1), (NAN, 2, 1), (1, INF, 1), (1, 2, NAN), (1, 2, INF)],
    np.float32,
)
THERE = np.array([True, True, True, False, False, False, False, False, False])


def test_valid_is_finite_and_of_some_confidence() -> None:
    assert (valid_keypoints(ROWS) == THERE).all()
    deep = np.insert(ROWS, 0, 3, axis=1)
    assert (valid_keypoints(np.stack([deep, deep])) == THERE).all()


def test_missing_ones_are_nan_with_confidence_0() -> None:
    before = ROWS.copy()
    out = missing_as_nan(ROWS)
    assert (out[THERE, :2] == ROWS[THERE, :2]).all()
    assert out[THERE, 2].tolist() == [0.5, np.float32(1e-9), 1]
    assert np.isnan(out[~THERE, :2]).all()
    assert (out[~THERE, 2] == 0).all()
    assert np.array_equal(ROWS, before, equal_nan=True)  # a copy
    assert out.dtype == np.float32
    assert np.array_equal(missing_as_nan(out), out, equal_nan=True)


def test_dropped_keypoints_of_many_people() -> None:
    people = np.ones((4, 18, 4))
    missing = np.zeros((4, 18), bool)
    missing[1, 3] = missing[2, :] = True
    out = drop_keypoints(people, missing)
    assert (valid_keypoints(out) == ~missing).all()
    assert (out[~missing] == 1).all()
    assert (people == 1).all()


@pytest.mark.parametrize(
    ("xy", "inside"),
    [
        ((-0.5, -0.5), True), ((9.49, 19.49), True), ((9.5, 3), False), ((3, 19.5), False), ((-0.51, 3), False), ((3, -0.51), False),
        ((NAN, 3), False), ((3, NAN), False), ((INF, 3), False), ((3, -INF), False),
    ],
)  # fmt: skip
def test_inside_is_the_area_of_the_pixels(xy: tuple[float, float], inside: bool) -> None:
    """Pixel centres are at integers, so a picture of 20 × 10 px spans -0.5..9.5 across and -0.5..19.5 down."""
    points = np.array([xy])
    assert inside_image(points, (20, 10)).tolist() == [inside]
    with np.errstate(all="raise"):
        assert valid_keypoints(mask_outside(np.array([(*xy, 0.3)]), (20, 10))).tolist() == [inside]
