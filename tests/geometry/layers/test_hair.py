"""Sheets of hair on the body in rest: where they begin, which way they look, and how they end."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.layers.hair import FALLS, TRUNK, _points, _reach, chin_and_shoulders, make_hair

BODY = load_body("small")
SHEETS = [make_hair(BODY, fall) for fall in FALLS]
NAMES = ("back", "left", "right")
AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])


@pytest.mark.parametrize("height", [-0.04, 0.0, 0.03])
def test_a_cone_reaches_as_far_as_its_section_at_a_height(height: float) -> None:
    """Of rings of 24 points every 2.5 mm: those of the height and of two rings beside it at most."""
    level, angle = np.meshgrid(np.linspace(-0.05, 0.05, 41), 2 * np.pi * np.arange(24) / 24, indexing="ij")
    radius = 0.1 + level
    points = np.stack([radius * np.sin(angle), level, radius * np.cos(angle)], axis=-1).reshape(-1, 3)
    at = np.array([0.2, -0.5, 0.3])
    found = _reach((points + (0.2, 0, 0.3)).astype(np.float32), height, AXES, at)
    assert found.shape == (3,)
    assert (found > 0.1 + height - 1e-6).all()
    assert (found < 0.1 + height + 0.005 + 1e-6).all()


@pytest.mark.parametrize("columns", [9, 25])
def test_hair_ends_round_and_in_points_alike_on_both_sides(columns: int) -> None:
    """Parabola of 6 cm at both edges, and points of up to 3 cm on it."""
    ends = _points(columns)
    np.testing.assert_allclose(ends, ends[::-1])
    tufts = ends - 0.06 * np.linspace(-1, 1, columns) ** 2
    assert 0 <= tufts.min() < tufts.max() <= 0.03
    assert np.ptp(tufts) > 0.005


@pytest.mark.parametrize("n", range(3), ids=NAMES)
def test_hair_looks_away_from_the_head_and_then_from_the_trunk(n: int) -> None:
    """Unit vectors: at the top level and along the column's angle, below the shoulders straight back, or forth."""
    fall, outwards = FALLS[n], SHEETS[n].outwards
    np.testing.assert_allclose(np.linalg.norm(outwards, axis=-1), 1)
    angles = np.radians(np.linspace(*fall.angles, fall.columns))
    np.testing.assert_allclose(outwards[0], np.stack([np.sin(angles), 0 * angles, -np.cos(angles)], axis=1), atol=1e-9)
    np.testing.assert_allclose(outwards[-1], np.broadcast_to((0, 0, 1 if fall.front else -1), outwards[-1].shape))


@pytest.mark.parametrize("n", range(3), ids=NAMES)
def test_hair_lies_on_the_trunk_across_its_columns(n: int) -> None:
    """Below the shoulders each column hangs straight down where it is said; the farthest vertex is 2 cm off the farthest skin."""
    fall, sheet = FALLS[n], SHEETS[n]
    _, shoulders = chin_and_shoulders(BODY)
    low = sheet.vertices[sheet.vertices[:, 0, 1] < shoulders]
    assert len(low) > 5
    half = float(np.ptp(BODY.joint_template[[joint("left_shoulder"), joint("right_shoulder")], 0])) / 2
    ears = BODY.v_template[BODY.landmarks[3:], 0].mean()
    expected = ears + half * np.linspace(*fall.across, fall.columns)
    np.testing.assert_allclose(low[..., 0], np.broadcast_to(expected, low.shape[:2]), atol=1e-6)
    sign = 1 if fall.front else -1
    trunk = BODY.v_template[BODY.weights[:, list(TRUNK)].sum(axis=1) > 0.6]
    assert (sign * low[..., 2]).max() == pytest.approx((sign * trunk[:, 2]).max() + 0.02, abs=1e-6)
    assert (sign * low[..., 2]).min() > 0.05


@pytest.mark.parametrize("n", range(3), ids=NAMES)
def test_rows_are_even_from_above_the_ears_to_the_waist(n: int) -> None:
    sheet = SHEETS[n]
    heights = sheet.vertices[..., 1]
    np.testing.assert_allclose(heights, np.broadcast_to(heights[:, :1], heights.shape))
    np.testing.assert_allclose(heights[0, 0] - heights[:, 0], sheet.down)
    np.testing.assert_allclose(np.diff(sheet.down), np.diff(sheet.down)[0])
    assert BODY.v_template[BODY.landmarks[3:], 1].max() < heights[0, 0] < BODY.v_template[:, 1].max()
    assert heights[-1, 0] == pytest.approx(BODY.joint_template[joint("spine1"), 1])


def test_hair_falls_alike_on_both_sides() -> None:
    """The curtain is its own mirror image, and one lock the other's; the curtain is behind, over half of the head and more."""
    back, left, right = FALLS
    assert (back.angles[0], back.across[0]) == (-back.angles[1], -back.across[1])
    assert (left.angles, left.across) == tuple((-b, -a) for a, b in (right.angles, right.across))
    assert (left.columns, left.front, back.front) == (right.columns, right.front, False)
    assert 0 < left.across[0] < left.across[1]
    assert back.across[0] > back.across[1]  # seen from behind, the person's left is on the left
