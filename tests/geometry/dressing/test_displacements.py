"""Displacements of the skin: what they are functions of, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.displacements import bone_distance, control_basis, farthest_vertices, mesh_laplacian
from ptx.geometry.joints import joint
from ptx.geometry.mesh_graph import mesh_edges
from ptx.geometry.zones import body_zones

BODY = load_body("small")
BASIS = control_basis(BODY)
COUNT = len(BODY.v_template)

OCTAHEDRON = np.array(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], np.int32
)


def volume(vertices: np.ndarray) -> float:
    """Volume of the body by the divergence theorem."""
    a, b, c = (vertices[BODY.faces[:, k]].astype(float) for k in range(3))
    return float((a * np.cross(b, c)).sum() / 6)


def area(vertices: np.ndarray) -> float:
    """Area of the body's faces."""
    a, b, c = (vertices[BODY.faces[:, k]].astype(float) for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_edges_and_laplacian_of_an_octahedron() -> None:
    assert len(mesh_edges(OCTAHEDRON)) == 12
    values = np.arange(6.0)
    opposite = [1, 0, 3, 2, 5, 4]
    mean = [(values.sum() - values[v] - values[opposite[v]]) / 4 for v in range(6)]
    np.testing.assert_allclose(mesh_laplacian(OCTAHEDRON, 6) @ values, mean - values)


def test_control_vertices_are_evenly_spread() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(0, 1, (2000, 3)), rng.uniform(0, 0.1, (2000, 3))])  # a dense corner
    chosen = farthest_vertices(points, 60)
    assert len(set(chosen)) == 60
    gaps = np.linalg.norm(points[chosen, None] - points[chosen], axis=-1) + 9 * np.eye(60)
    cover = np.linalg.norm(points[:, None] - points[chosen], axis=-1).min(axis=1)
    assert cover.max() <= gaps.min() + 1e-12  # Gonzalez 1985
    np.testing.assert_array_equal(chosen, farthest_vertices(points, 60))


def test_a_constant_stays_a_constant() -> None:
    np.testing.assert_allclose(np.asarray(BASIS.weights.sum(axis=1)), 1, atol=1e-12)
    offset = BASIS.offset(np.full(BASIS.weights.shape[1], 0.03))
    np.testing.assert_allclose(np.linalg.norm(offset, axis=1), 0.03, rtol=1e-5)
    grown = volume(BODY.v_template + offset / 30) - volume(BODY.v_template)  # a mm outwards
    assert grown == pytest.approx(0.001 * area(BODY.v_template), rel=0.1)
    more = np.concatenate([np.full(BASIS.weights.shape[1], 0.03), [7.0]])
    np.testing.assert_array_equal(BASIS.offset(more), offset)  # stored rows are longer than small meshes need


def test_functions_are_local() -> None:
    """A control vertex on the left hand moves nothing of the right one."""
    left = BODY.v_template[:, 0] > 0.7
    strength = np.asarray(np.abs(BASIS.weights[left]).sum(axis=0)).reshape(-1)
    assert np.abs(BASIS.weights[BODY.v_template[:, 0] < 0][:, strength > 0]).sum() == 0
    assert np.diff(BASIS.weights.indptr).max() <= 6


def test_cost_is_its_formula() -> None:
    """Bending, held, and hair, with the weights written out."""
    rng = np.random.default_rng(0)
    heights = rng.normal(0, 0.02, BASIS.weights.shape[1])
    field = BASIS.weights @ heights
    regions = body_zones(BODY)
    stiff = 1 + 15 * regions.hands + 5 * regions.face
    mesh = COUNT / 13718
    bend = 20 * mesh * ((stiff * (mesh_laplacian(BODY.faces, COUNT) @ field)) ** 2).sum()
    hold = 0.01 / mesh * (stiff**2 * (1 - 0.995 * regions.scalp) * field**2).sum()
    a, b = mesh_edges(BODY.faces).T
    hair = 2 * (regions.scalp[a] * regions.scalp[b] * (field[a] - field[b]) ** 2).sum()
    cost = heights @ BASIS.penalty @ heights - 1e-6 * (heights**2).sum()
    assert cost == pytest.approx(bend + hold + hair, rel=1e-9)


def test_limits() -> None:
    """Clothes stand off by 20 cm, by 5 from arms; nothing is pushed in by more than 5 cm, or a third of the way to the bone."""
    assert BASIS.lower.min() == -0.05
    assert BASIS.upper.max() == pytest.approx(0.20)
    assert BASIS.upper.min() == pytest.approx(0.05, abs=1e-6)


def test_distance_from_the_nearest_bone() -> None:
    hip, knee = (BODY.joint_template[joint(f"left_{name}")].astype(float) for name in ("hip", "knee"))
    down = (knee - hip) / np.linalg.norm(knee - hip)
    away = np.cross(down, (0.0, 0.0, 1.0))
    away /= np.linalg.norm(away)
    middle = (hip + knee) / 2
    points = np.stack([middle, middle + 0.02 * away, middle + 0.03 * away + 0.01 * down])
    np.testing.assert_allclose(bone_distance(BODY, points), [0, 0.02, 0.03], atol=1e-6)


def test_a_limb_is_not_drawn_in_to_its_bone() -> None:
    thickness = bone_distance(
        BODY, BODY.v_template[farthest_vertices(BODY.v_template.astype(float), len(BASIS.lower))].astype(float)
    )
    assert (-BASIS.lower <= 0.35 * thickness + 1e-9).all()
    np.testing.assert_allclose(BASIS.lower.min(), -0.05)  # the trunk's limit
