"""Visibility against ray casting and against scenes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact, visible_faces
from tests.geometry.scenes import posed


def ray_cast(face: np.ndarray, bary: np.ndarray, points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Labels by Embree: a ray from the viewer to each body point; it is hidden if something else is hit before it."""
    ray = pytest.importorskip("trimesh.ray.ray_pyembree")
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("embreex")
    height, width = face.shape
    out = np.full(face.shape, BACKGROUND)
    y, x = np.nonzero(face >= 0)
    weights = np.column_stack([bary[y, x], 1 - bary[y, x].sum(1)]).astype(float)
    place = np.einsum("mk,mkc->mc", weights, points.astype(float)[faces[face[y, x]]])
    scale = np.array([1 / 100, 1 / 100, 1.0])  # px to about metres, so that Embree's precision is spent well
    mesh = trimesh.Trimesh(points * scale, faces, process=False)
    start = place * scale
    start[:, 2] = points[:, 2].min() - 1
    hits, index, _ = ray.RayMeshIntersector(mesh).intersects_location(
        start, np.tile([0.0, 0, 1], (len(y), 1)), multiple_hits=False
    )
    first = np.full(len(y), np.inf)
    first[index] = hits[:, 2]
    inside = (place[:, 0] >= -0.5) & (place[:, 0] < width - 0.5) & (place[:, 1] >= -0.5) & (place[:, 1] < height - 0.5)
    out[y, x] = np.where(inside & (first > place[:, 2] - 1e-3), VISIBLE, HIDDEN)
    return out


def test_ray_casting_agrees() -> None:
    scene = posed(6, 128, seed=2)
    wrong = total = 0
    for target, source in ((0, 1), (2, 3), (4, 5), (1, 4)):
        face, bary, _ = rasterize(scene.points[target], scene.faces, 128, 128)
        found = visible_exact(face, bary, scene.points[source], scene.faces)
        truth = ray_cast(face, bary, scene.points[source], scene.faces)
        assert ((found == BACKGROUND) == (face < 0)).all()
        wrong, total = wrong + (found != truth).sum(), total + (face >= 0).sum()
    assert wrong / total <= 0.01


def test_a_body_sees_all_of_itself() -> None:
    scene = posed(2, 128)
    for points in scene.points:
        face, bary, _ = rasterize(points, scene.faces, 128, 128)
        assert (visible_exact(face, bary, points, scene.faces)[face >= 0] == VISIBLE).mean() > 0.999
        assert (visible_faces(face, face)[face >= 0] == VISIBLE).all()


def quads(*rectangles: tuple[float, float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Rectangles x0, y0, x1, y1 at a depth, two triangles each."""
    points, faces = [], []
    for n, (x0, y0, x1, y1, z) in enumerate(rectangles):
        points += [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
        faces += [(4 * n, 4 * n + 1, 4 * n + 2), (4 * n, 4 * n + 2, 4 * n + 3)]
    return np.array(points, np.float32), np.array(faces, np.int32)


def test_one_rectangle_before_another() -> None:
    """In the target they lie side by side; in the source the second covers columns 4..7 of the first."""
    target, faces = quads((-0.5, -0.5, 9.5, 19.5, 1), (9.5, -0.5, 19.5, 19.5, 1))
    source, _ = quads((-0.5, -0.5, 9.5, 19.5, 1), (3.5, -0.5, 7.5, 19.5, 0.5))
    face, bary, _ = rasterize(target, faces, 20, 20)
    found = visible_exact(face, bary, source, faces)
    assert (found[:, 4:8] == HIDDEN).all()
    assert (found[:, :4] == VISIBLE).all()
    assert (found[:, 8:10] == VISIBLE).all()
    assert (found[:, 10:] == VISIBLE).all()


def test_outside_the_source_is_hidden() -> None:
    target, faces = quads((-0.5, -0.5, 19.5, 19.5, 1))
    source, _ = quads((-10.5, -0.5, 9.5, 19.5, 1))
    face, bary, _ = rasterize(target, faces, 20, 20)
    found = visible_exact(face, bary, source, faces)
    outside = np.arange(20) < 10
    body = face >= 0  # all but the centres on the diagonal between the two triangles
    assert (found[body] == np.broadcast_to(np.where(outside, HIDDEN, VISIBLE), (20, 20))[body]).all()


def test_nearer_by_less_than_the_tolerance_hides_nothing() -> None:
    target, faces = quads((-0.5, -0.5, 9.5, 19.5, 1), (9.5, -0.5, 19.5, 19.5, 1))
    source, _ = quads((-0.5, -0.5, 9.5, 19.5, 1), (-0.5, -0.5, 9.5, 19.5, 0.99995))
    face, bary, _ = rasterize(target, faces, 20, 20)
    assert (visible_exact(face, bary, source, faces) == VISIBLE).all()


def test_the_papers_rule_goes_by_faces() -> None:
    target, source = np.array([[0, 1, 2, -1]]), np.array([[2, 2, 0, -1]])
    assert visible_faces(target, source).tolist() == [[VISIBLE, HIDDEN, VISIBLE, BACKGROUND]]


def test_faces_that_are_not_drawn_hide_nothing() -> None:
    """Two squares, one before the other in the source: the far one is hidden, but not where the near one is not drawn there."""
    square = np.array([[2, 2], [12, 2], [2, 12], [12, 12]], np.float32)
    points = np.concatenate([np.column_stack([square, np.full(4, depth)]) for depth in (1.0, 2.0)]).astype(np.float32)
    faces = np.array([[0, 2, 1], [1, 2, 3], [4, 6, 5], [5, 6, 7]], np.int32)
    face, bary, _ = rasterize(points, faces[2:], 16, 16)
    face = np.where(face >= 0, face + 2, -1)
    folded = faces * (np.arange(4) >= 2)[:, None].astype(np.int32)
    assert (visible_exact(face, bary, points, faces)[face >= 0] == HIDDEN).all()
    assert (visible_exact(face, bary, points, faces, drawn=folded)[face >= 0] == VISIBLE).all()
