"""Faces cut in four, and directions along the skin."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.joints import joint
from ptx.geometry.zones import body_zones
from ptx.surface.finer_mesh import ARMS, QUARTERS, TRUNK, finer_mesh, frames_of, small_face, vertex_groups

BODY = load_body("small")
MESH = finer_mesh(BODY)
FRAMES = frames_of(BODY, BODY.v_template)


@pytest.mark.parametrize("weights", [(0.7, 0.2, 0.1), (0.1, 0.8, 0.1), (0.0, 0.3, 0.7), (0.3, 0.3, 0.4), (0.5, 0.5, 0)])
def test_a_point_of_a_face_is_the_same_point_of_a_quarter(weights: tuple[float, float, float]) -> None:
    faces = np.flatnonzero(MESH.corners[:, 0] >= 0)[::50]
    found = np.empty(3, np.float32)
    quarter = small_face(*weights, found)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    expected = (np.array(weights)[None, :, None] * BODY.v_template[BODY.faces[faces]]).sum(1)
    small = MESH.of(BODY.v_template)[MESH.corners[faces][:, QUARTERS[quarter]]]
    np.testing.assert_allclose((found[None, :, None] * small).sum(1), expected, atol=1e-6)


def test_edges_are_half_as_long() -> None:
    rest = MESH.of(BODY.v_template)
    owner = np.repeat(np.arange(len(rest)), np.diff(MESH.first))
    length = np.linalg.norm(rest[MESH.other] - rest[owner], axis=1)
    faces = BODY.faces[MESH.corners[:, 0] >= 0]
    whole = np.linalg.norm(BODY.v_template[faces] - BODY.v_template[np.roll(faces, 1, axis=1)], axis=2)
    assert length.max() == pytest.approx(whole.max() / 2, rel=1e-4)


def test_groups_are_trunk_with_legs_and_arms() -> None:
    group, zones = vertex_groups(BODY), body_zones(BODY)
    assert (group[zones.head > 0.9] == 0).all()
    assert (group[(zones.hands > 0.9) | (zones.feet > 0.9)] == 0).all()
    assert (group[zones.forearms > 0.9] == ARMS).all()
    assert (group[BODY.weights[:, joint("left_knee")] > 0.9] == TRUNK).all()


def test_directions_lie_on_the_skin_and_up_leads_to_the_head_and_the_shoulders() -> None:
    cloth = MESH.group > 0
    for direction in (FRAMES.around, FRAMES.up):
        assert np.percentile(np.abs(np.linalg.norm(direction[cloth], axis=1) - 1), 99) < 1e-3
    assert np.abs((FRAMES.around * FRAMES.up).sum(1)).max() < 1e-4
    assert np.median(FRAMES.up[MESH.group == TRUNK, 1]) > 0.9
    outwards = np.sign(FRAMES.position[:, 0]) * FRAMES.up[:, 0]
    assert np.median(outwards[MESH.group == ARMS]) < -0.5


def test_beside_lies_at_the_same_height() -> None:
    group, right = vertex_groups(BODY), BODY.v_template[:, 0] < 0
    found = FRAMES.beside(BODY, ~right, right)
    trunk = right & (group == TRUNK)
    assert (~right[found[trunk]]).all()
    assert np.median(np.abs(BODY.v_template[found[trunk], 1] - BODY.v_template[trunk, 1])) < 0.03
    np.testing.assert_array_equal(found[~right], np.flatnonzero(~right))
