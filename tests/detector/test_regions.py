"""Regions: cut out where they say, and their points carried back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.detector.regions import Region, angle_between, region_about, region_around, whole_picture, wrap

NUMBERS = st.floats(-300, 300)
ANGLES = st.floats(-3.1, 3.1)


def ramp(height: int, width: int) -> np.ndarray:
    """Red is the column, green the row."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 7)], -1).astype(np.uint8)


def test_a_cut_of_its_own_size_is_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    assert np.array_equal(whole_picture(image).cut(image, 64), image)


def test_a_quarter_turn_moves_columns_to_rows() -> None:
    """A region turned clockwise by 90 degrees: its x axis runs down the picture."""
    cut = Region(32, 32, 40, np.pi / 2).cut(ramp(64, 64), 40)
    assert (cut[20, :, 1].astype(int) == np.arange(40) + 12).all()
    assert (np.diff(cut[:, 20, 0].astype(int)) == -1).all()


def test_beside_the_picture() -> None:
    image = np.full((20, 20, 3), 200, np.uint8)
    region = Region(10, 10, 40)
    assert (region.cut(image, 40) == 200).all()
    black = region.cut(image, 40, black=True)
    assert (black[:9] == 0).all()
    assert (black[12:28, 12:28] == 200).all()


def test_sampling_at_a_thirty_second_of_a_pixel() -> None:
    """Bilinear between two columns of 0 and 255, at shares that OpenCV rounds to 1/32."""
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 4:] = 255
    for share in (0.0, 0.25, 0.5, 0.9):
        cut = Region(3 + share + 4, 4, 8).cut(image, 8)
        assert cut[4, 0, 0] == pytest.approx(255 * np.rint(share * 32) / 32, abs=1)


@given(x=NUMBERS, y=NUMBERS, size=st.floats(1, 400), angle=ANGLES)
def test_corners_of_a_region(x: float, y: float, size: float, angle: float) -> None:
    """The corners lie half a diagonal from the centre, at its angle and 45 degrees."""
    corners = Region(x, y, size, angle).to_picture(np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 1], [0.5, 0.5, -1]]))
    half = size / np.sqrt(2)
    for corner, degrees in zip(corners[:3], (225, 315, 45), strict=True):
        direction = angle + np.radians(degrees)
        expected = (x + half * np.cos(direction), y + half * np.sin(direction))
        np.testing.assert_allclose(corner[:2], expected, atol=1e-2)
    np.testing.assert_allclose(corners[3], (x, y, -size), atol=1e-2, rtol=1e-4)
    np.testing.assert_allclose(corners[2, 2], size, rtol=1e-5)


@given(x=NUMBERS, y=NUMBERS, size=st.floats(5, 400), angle=ANGLES)
def test_the_matrix_carries_as_points_are_carried(x: float, y: float, size: float, angle: float) -> None:
    region, point = Region(x, y, size, angle), np.float32([[0.25, 0.75]])
    np.testing.assert_allclose(region.matrix(64) @ (16, 48, 1), region.to_picture(point)[0], atol=1e-2)


@given(cx=NUMBERS, cy=NUMBERS, direction=ANGLES, length=st.floats(1, 100))
def test_a_rim_point_lies_up_in_its_region(cx: float, cy: float, direction: float, length: float) -> None:
    centre = np.float32([cx, cy])
    rim = centre + np.float32([np.cos(direction), np.sin(direction)]) * np.float32(length)
    region = region_about(centre, rim)
    top = region.to_picture(np.float32([[0.5, 0.0]]))[0]
    np.testing.assert_allclose(top, rim, atol=0.02)


def test_the_box_of_points() -> None:
    region = region_around(np.float32([[10, 20], [30, 80], [15, 40]]), 0.0, shift=-0.1)
    assert (region.x, region.y, region.size) == (20, pytest.approx(50 - 6), 60)
    turned = region_around(np.float32([[10, 20], [30, 80]]), np.pi / 2, shift=0.5)
    assert (turned.x, turned.y) == (pytest.approx(20 - 30), pytest.approx(50))


def test_a_scaled_region_moves_down_its_own_axis() -> None:
    region = Region(10, 20, 8, np.pi / 2).scaled(2.0, shift=0.25)
    assert (region.x, region.y, region.size, region.angle) == (pytest.approx(8), pytest.approx(20), 16, np.pi / 2)


def test_a_pasted_map_is_where_it_was_cut() -> None:
    region = Region(20, 12, 16)
    values = np.ones((32, 32), np.float32)
    pasted = region.paste(values, (24, 40))
    assert pasted.shape == (24, 40)
    assert (pasted[5:19, 13:27] == 1).all()
    assert pasted[:, :11].max() == pasted[:, 29:].max() == 0


def test_angles() -> None:
    assert angle_between(np.float32([0, 0]), np.float32([0, 5])) == pytest.approx(np.pi / 2)
    assert wrap(3 * np.pi) == pytest.approx(-np.pi)
    assert wrap(-0.1) == pytest.approx(-0.1)
