"""Left and right, front and back of the bodies in rest."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
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


@pytest.mark.parametrize("name", BODIES)
def test_a_skirt_has_its_own_other_sides(name: str) -> None:
    """The body's points are as without it; the skirt's are its own, at the mirror image and behind."""
    alone = load_body(name)
    body = with_layers(alone)
    count, end = len(alone.v_template), body.first(1)
    place = body.v_template[count:end]
    for points, without in (
        (mirrored_points(body), mirrored_points(alone)),
        (opposite_points(body).points, opposite_points(alone).points),
    ):
        np.testing.assert_array_equal(points.corners[:count], without.corners)
        np.testing.assert_array_equal(points.weights[:count], without.weights)
        np.testing.assert_array_equal(body.layer[points.corners[count:, 0]], body.layer[count:])
    np.testing.assert_allclose(mirrored_points(body).of(body.v_template)[count:end] * (-1, 1, 1), place, atol=0.03)
    across = opposite_points(body)
    front = place[:, 2] > place[:, 2].max() - 0.05
    assert (across.points.of(body.v_template)[count:end][front, 2] < place[front, 2] - 0.15).all()
    assert across.valid[count:end].all()
    assert not across.valid[end:].any()
