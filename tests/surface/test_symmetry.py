"""Left and right, front and back of the bodies in rest."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.surface.symmetry import mirrored_points, opposite_points

BODIES = ("small", "builtin")


@pytest.mark.parametrize("name", BODIES)
def test_mirroring_twice_gives_the_point_itself(name: str) -> None:
    body = load_body(name)
    mirrored = mirrored_points(body)
    once = mirrored.of(body.v_template)
    np.testing.assert_allclose(once * (-1, 1, 1), body.v_template, atol=0.002)
    np.testing.assert_allclose(mirrored.of(once), body.v_template, atol=0.004)


@pytest.mark.parametrize("name", BODIES)
def test_mirroring_swaps_left_and_right(name: str) -> None:
    body = load_body(name)
    left, right = (body.weights[:, joint(f"{side}_elbow")] for side in ("left", "right"))
    assert np.abs(mirrored_points(body).of(left) - right).max() < 0.1


@pytest.mark.parametrize("name", BODIES)
def test_the_opposite_point_is_seen_at_the_same_place_from_behind(name: str) -> None:
    body = load_body(name)
    points, valid = opposite_points(body)
    there, sure = points.of(body.v_template), valid > 0
    assert sure.mean() > 0.45
    np.testing.assert_allclose(there[sure, :2], body.v_template[sure, :2], atol=0.002)
    chest = sure & (body.weights[:, joint("spine3")] > 0.9) & (np.abs(body.v_template[:, 0]) < 0.1)
    assert (np.abs(there[chest, 2] - body.v_template[chest, 2]) > 0.08).all()
