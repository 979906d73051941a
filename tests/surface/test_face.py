"""MediaPipe's points on the bodies, a face moved onto its points, a painted one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from ptx.geometry.body import load_body
from ptx.geometry.mesh import unit_normals
from ptx.geometry.zones import body_zones
from ptx.surface.face import ANCHORS, face_anchors, face_turn, face_view, settle_face, thin_plate
from ptx.surface.painted_face import paint_face
from ptx.surface.points import SurfacePoints

BODY = load_body("builtin")
FACING = unit_normals(BODY.v_template, BODY.faces)[:, 2]


@pytest.mark.parametrize("name", ["small", "builtin"])
def test_anchors_are_at_nose_and_eyes(name: str) -> None:
    body = load_body(name)
    at = dict(zip(ANCHORS, face_anchors(body).of(body.v_template), strict=True))
    nose, right, left = body.v_template[body.landmarks[:3]]
    assert np.linalg.norm(at[1] - nose) < 0.015
    for eye, corners in ((right, (33, 133)), (left, (263, 362))):
        assert np.linalg.norm((at[corners[0]] + at[corners[1]]) / 2 - eye) < 0.015
    assert at[10][1] > right[1] > at[1][1] > at[0][1] > at[17][1] > at[152][1]  # forehead to chin
    assert at[61][0] < -0.01 < 0.01 < at[291][0]  # the mouth's corners: right is at -x


def shown() -> np.ndarray:
    return np.concatenate([BODY.v_template[:, :2] * (400, -400) + 500, -BODY.v_template[:, 2:]], axis=1).astype(
        np.float32
    )


def test_a_face_is_moved_onto_its_points() -> None:
    points, seen = shown(), np.full((468, 3), 500, np.float32)
    move = np.array([4.0, -3.0], np.float32)
    seen[list(ANCHORS), :2] = face_anchors(BODY).of(points[:, :2]) + move
    found = settle_face(BODY, points, FACING, seen)
    left = face_anchors(BODY).of(found[:, :2]) - seen[list(ANCHORS), :2]
    assert np.median(np.hypot(*left.T)) < 0.2 * np.hypot(*move)
    np.testing.assert_array_equal((found - points)[body_zones(BODY).face == 0], 0)
    np.testing.assert_array_equal(found[:, 2], points[:, 2])


def test_the_far_side_of_a_face_does_not_count() -> None:
    points, seen = shown(), np.full((468, 3), 500, np.float32)
    seen[list(ANCHORS), :2] = face_anchors(BODY).of(points[:, :2])
    left = BODY.v_template[:, 0] > 0
    seen[[133, 33, 61, 129], :2] += 9  # guessed, on the right side
    found = settle_face(BODY, points, np.where(left, np.float32(1), np.float32(-1)), seen)
    np.testing.assert_allclose(found[left], points[left], atol=1.0)


def test_thin_plates_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    at, values, queries = (rng.normal(size=shape).astype(np.float32) for shape in ((20, 2), (20, 3), (50, 2)))
    expected = RBFInterpolator(at.astype(float), values, smoothing=0.01)(queries)
    np.testing.assert_allclose(thin_plate(at, values, queries, 0.01), expected, atol=1e-4)


def test_without_a_face_nothing_moves() -> None:
    points = shown()
    assert settle_face(BODY, points, FACING, None) is points
    assert settle_face(BODY, points, FACING, np.full((468, 3), np.nan, np.float32)) is points


def test_a_painted_face_has_dark_brows_and_red_lips() -> None:
    hair = np.array([40, 30, 20], np.float32)

    def painted(x: float, y: float) -> np.ndarray:
        """The colour at a pixel of the view."""
        front = np.where(BODY.v_template[:, 2] > 0.1, np.hypot(*(face_view(BODY, BODY.v_template) - (x, y)).T), 1e9)
        point = SurfacePoints(np.full((1, 3), front.argmin(), np.int32), np.array([[1, 0]], np.float32))
        return paint_face(BODY, point, np.full((1, 3), (200, 150, 130), np.float32), hair)[0]

    cheek, lips, brow = painted(270, 510), painted(350, 590), painted(433, 341)
    assert lips[1] / lips[0] < 0.9 * cheek[1] / cheek[0]
    assert brow.mean() < 0.7 * cheek.mean()


@pytest.mark.parametrize("degrees", [0.0, 20.0, -50.0, 80.0])
def test_a_turn_is_that_of_the_camera(degrees: float) -> None:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y, z = face_anchors(BODY).of(BODY.v_template).T
    seen = np.zeros((468, 3), np.float32)
    seen[list(ANCHORS), :2] = np.stack([300 * (c * x + s * z) + 200, 500 - 300 * y], axis=1)
    assert face_turn(BODY, seen) == pytest.approx(abs(degrees), abs=0.1)


@pytest.mark.parametrize("skin", [(225, 190, 170), (90, 60, 45)])
def test_a_painted_face_is_symmetric_and_of_the_skin_s_colour(skin: tuple[int, int, int]) -> None:
    face = np.flatnonzero(body_zones(BODY).face > 0.9).astype(np.int32)
    points = SurfacePoints(np.stack([face] * 3, axis=1), np.tile(np.array([1, 0], np.float32), (len(face), 1)))
    painted = paint_face(BODY, points, np.tile(np.array(skin, np.float32), (len(face), 1)), None)
    light = painted.mean(1)
    np.testing.assert_allclose(
        np.median(painted[light > np.quantile(light, 0.7)], axis=0), skin, rtol=0.12
    )  # where it is lit
    at = BODY.v_template[face]
    far, other = cKDTree(at).query(at * (-1, 1, 1))
    assert np.median(np.abs(painted - painted[other]).mean(1)[far < 1e-4]) < 2


def test_a_grey_photograph_gets_a_grey_face() -> None:
    face = np.flatnonzero(body_zones(BODY).features > 0.9).astype(np.int32)
    points = SurfacePoints(np.stack([face] * 3, axis=1), np.tile(np.array([1, 0], np.float32), (len(face), 1)))
    painted = paint_face(BODY, points, np.full((len(face), 3), 150, np.float32), None)
    np.testing.assert_array_equal(np.ptp(painted, axis=1), 0)
    assert painted.std() > 5
