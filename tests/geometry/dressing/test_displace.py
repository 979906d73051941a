"""One step of the displacements."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.dressing.displace import _add_pairs, pose_skin
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.refine import Posed

BODY = load_body("builtin")
BASIS = control_basis(BODY)


def test_points_are_those_of_the_displaced_body_with_its_fingers() -> None:
    rng = np.random.default_rng(0)
    pose, fingers = rng.normal(0, 0.4, (24, 3)).astype(np.float32), rng.normal(0, 0.4, (30, 3)).astype(np.float32)
    posed = Posed(pose, rng.normal(0, 1, 10).astype(np.float32), np.array([120, 90, 110], np.float32), fingers)
    heights = rng.normal(0, 0.03, BASIS.weights.shape[1])
    expected = posed.points(BODY, BASIS.offset(heights))
    np.testing.assert_allclose(pose_skin(BODY, BASIS, posed).points(heights), expected, atol=1e-3)


def test_normal_equations_are_those_of_the_dense_system() -> None:
    """Also where corners share control vertices."""
    rng = np.random.default_rng(1)
    vertices = BODY.faces[rng.integers(0, len(BODY.faces), 50)]
    along, gap, weight = rng.normal(size=(50, 3)), rng.normal(size=50), rng.random(50)
    count = BASIS.weights.shape[1]
    heights = rng.normal(size=count)
    rows = np.einsum("mc,mck->mk", along, BASIS.weights.toarray()[vertices])
    hessian, right = np.zeros((count, count), order="F"), np.zeros(count)
    table = BASIS.weights
    _add_pairs(vertices, along, gap, weight, table.indptr, table.indices, table.data, heights, hessian, right)
    np.testing.assert_allclose(hessian, rows.T @ (weight[:, None] * rows), atol=1e-10)
    np.testing.assert_allclose(right, rows.T @ (weight * (gap + rows @ heights)), atol=1e-10)
