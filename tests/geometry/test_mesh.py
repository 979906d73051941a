"""Normals and interpolation against trimesh and NumPy."""

from __future__ import annotations

import numpy as np
import trimesh

from ptx.geometry.body import load_body
from ptx.geometry.mesh import interpolate, vertex_normals


def test_normals_are_sums_of_face_normals() -> None:
    body = load_body("small")
    mesh = trimesh.Trimesh(body.v_template, body.faces, process=False)
    expected = np.zeros((len(body.v_template), 3))
    for corner in range(3):
        np.add.at(expected, body.faces[:, corner], 2 * mesh.area_faces[:, None] * mesh.face_normals)
    np.testing.assert_allclose(vertex_normals(body.v_template, body.faces), expected, atol=1e-7)


def test_normals_of_a_sphere_point_outwards() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3, radius=2.0)
    normals = vertex_normals(np.asarray(ball.vertices, np.float32), np.asarray(ball.faces, np.int32))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert (np.einsum("vc,vc->v", normals, ball.vertices / 2.0) > 0.999).all()


def test_interpolation_is_barycentric() -> None:
    """The vertices' own coordinates give the points of the faces, as trimesh computes them; any other value is linear as well."""
    body, rng = load_body("small"), np.random.default_rng(0)
    owner = rng.integers(0, len(body.faces), 500).astype(np.int32)
    weights = rng.dirichlet((1, 1, 1), 500)
    values = np.concatenate([body.v_template, body.v_template @ rng.normal(size=(3, 2)) + 1], axis=1).astype(np.float32)
    found = interpolate(owner, weights[:, :2].astype(np.float32), body.faces, values)
    triangles = body.v_template[body.faces[owner]].astype(np.float64)
    np.testing.assert_allclose(found[:, :3], trimesh.triangles.barycentric_to_points(triangles, weights), atol=1e-6)
    np.testing.assert_allclose(found, np.einsum("mk,mkc->mc", weights, values[body.faces[owner]]), atol=1e-5)
