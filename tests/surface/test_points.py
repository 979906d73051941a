"""Closest points against trimesh, and values at points."""

from __future__ import annotations

import numpy as np
import trimesh

from ptx.geometry.body import load_body
from ptx.surface.points import SurfacePoints, closest_points


def test_closest_points_are_those_of_all_triangles() -> None:
    """But of few, whose face has none of the closest vertex: these miss it by less than an edge's length."""
    body, rng = load_body("small"), np.random.default_rng(0)
    queries = body.v_template[rng.integers(0, len(body.v_template), 60)] + rng.normal(0, 0.002, (60, 3))
    found = closest_points(body.v_template, body.faces, queries.astype(np.float32)).of(body.v_template)
    triangles, miss = body.v_template[body.faces].astype(np.float64), []
    for query, point in zip(queries, found, strict=True):
        every = trimesh.triangles.closest_point(triangles, np.broadcast_to(query, (len(triangles), 3)))
        miss.append(np.linalg.norm(point - query) - np.linalg.norm(every - query, axis=1).min())
    assert np.percentile(miss, 90) < 1e-4
    assert max(miss) < 0.01


def test_values_at_points() -> None:
    points = SurfacePoints(np.array([[0, 1, 2], [2, 2, 2]], np.int32), np.array([[0.5, 0.25], [1, 0]], np.float32))
    values = np.array([8, 4, 16], np.float32)
    np.testing.assert_allclose(points.of(values), [0.5 * 8 + 0.25 * 4 + 0.25 * 16, 16])
    np.testing.assert_allclose(points.of(np.stack([values, -values], axis=1))[:, 1], -points.of(values))
