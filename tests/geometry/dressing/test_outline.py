"""Outlines of masks and bodies, against circles and the projected vertices themselves."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.outline import Outline, body_outline, mask_outline, match
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices

BODY = load_body("small")


def disc(radius: float, centre: tuple[float, float] = (60.0, 50.0), size: tuple[int, int] = (110, 130)) -> np.ndarray:
    """A disc drawn in a mask."""
    y, x = np.mgrid[: size[0], : size[1]]
    return (np.hypot(x - centre[0], y - centre[1]) <= radius).astype(np.float32)


@pytest.mark.parametrize("radius", [15.0, 40.0])
def test_circle(radius: float) -> None:
    outline = mask_outline(disc(radius))
    away = outline.xy - (60, 50)
    length = np.linalg.norm(away, axis=1)
    assert ((length <= radius) & (length > radius - 1.5)).all()  # pixels on the rim
    assert (np.abs((outline.normals * away / length[:, None]).sum(axis=1) - 1) < 0.01).all()
    np.testing.assert_allclose(np.linalg.norm(outline.normals, axis=1), 1)
    covered = np.unique(np.round(np.degrees(np.arctan2(*away.T)) / 10))
    assert len(covered) >= 36  # all round
    assert len(mask_outline(disc(radius), step=3).xy) == -(-len(outline.xy) // 3)


def test_edge_of_the_picture_is_no_outline() -> None:
    outline = mask_outline(disc(40, (10, 50)))
    assert outline.xy[:, 0].min() == 3
    area = np.ones((110, 130), np.bool_)
    area[:, :40] = False  # filling beyond the photograph's edge
    assert mask_outline(disc(40), area=area).xy[:, 0].min() == 43
    assert not len(mask_outline(disc(4)).xy)  # a speck
    assert not len(mask_outline(np.zeros((50, 50), np.float32)).xy)
    assert not len(mask_outline(np.ones((50, 50), np.float32)).xy)


def test_holes_have_outlines_with_normals_into_them() -> None:
    """Outwards of the person is into the gap between arm and trunk."""
    ring = disc(40) - disc(20)
    outline = mask_outline(ring)
    away = outline.xy - (60, 50)
    length = np.linalg.norm(away, axis=1)
    inner = length < 30
    assert inner.sum() > 60
    assert (np.sign((outline.normals * away).sum(axis=1)) == np.where(inner, -1, 1)).all()


def test_points_of_a_body() -> None:
    points = project(np.array([60.0, 64.0, 70.0]), pose_vertices(BODY, np.zeros((1, 24, 3)), np.zeros(10))[0])
    outline = body_outline(points.astype(np.float32), BODY.faces, (128, 128), step=2)
    again = (points[outline.vertices][..., :2] * outline.weights[..., None]).sum(axis=1)
    np.testing.assert_allclose(again, outline.outline.xy, atol=1e-3)
    np.testing.assert_allclose(outline.weights.sum(axis=1), 1)
    x, y = outline.outline.xy.astype(int).T
    face = rasterize(points.astype(np.float32), BODY.faces, 128, 128)[0]
    assert (face[y, x] >= 0).all()
    few = outline.only(np.array([3, 5]))
    np.testing.assert_array_equal(few.outline.xy, outline.outline.xy[[3, 5]])
    np.testing.assert_array_equal(few.vertices, outline.vertices[[3, 5]])


def test_matches_both_ways() -> None:
    near = Outline(np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    far = Outline(np.array([[1.0, 0.0], [2.0, 0.0], [11.0, 0.0]]), np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]))
    pairs = match(near, far, turn=0.0)
    assert pairs.nearest == 2
    assert pairs.body.tolist() == [0, 1, 0, 0, 1]
    assert pairs.mask.tolist() == [0, 2, 0, 1, 2]
    assert match(near, far, turn=5.0).mask[0] == 1  # the nearest one faces the other way
