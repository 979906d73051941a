"""Drawings say what the arrays say."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.joints import KEYPOINTS, LIMBS, keypoint
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices
from ptx.labels import GARMENTS
from ptx.pictures.draw import (
    BACKGROUND_COLOUR,
    HIDDEN_COLOUR,
    LEFT_COLOUR,
    MIDDLE_COLOUR,
    RIGHT_COLOUR,
    VISIBLE_COLOUR,
    blend,
    cut_out,
    draw_body,
    draw_flow,
    draw_garments,
    draw_parts,
    draw_points,
    draw_skeleton,
    draw_visibility,
    draw_wheel,
)  # fmt: skip

GREY = np.full((80, 60, 3), 128, np.uint8)


def test_skeleton_has_sides_and_leaves_out_what_is_missing() -> None:
    keypoints = np.full((18, 3), np.nan, np.float32)
    keypoints[:, 2] = 0
    assert (draw_skeleton(GREY, keypoints) == GREY).all()
    keypoints[3] = (20, 40, 1)  # right elbow
    keypoints[6] = (40, 40, 1)  # left elbow
    out = draw_skeleton(GREY, keypoints).astype(int)
    assert np.abs(out[40, 20] - RIGHT_COLOUR).max() < 40
    assert np.abs(out[40, 40] - LEFT_COLOUR).max() < 40
    assert (out[:, 30] == 128).all()  # no limb joins the elbows


def test_flow_direction_is_where_the_wheel_has_its_colour() -> None:
    wheel = draw_wheel(101).astype(int)
    for flow in ((30, 0), (0, 30), (-20, 20)):
        field = np.broadcast_to(np.array(flow, np.float32), (4, 4, 2))
        colour = draw_flow(field, np.ones((4, 4), bool), longest=42.42)[0, 0]
        assert np.abs(wheel[50 + flow[1], 50 + flow[0]] - colour).max() < 12


def test_flow_off_the_body_is_blank() -> None:
    body = np.zeros((4, 4), bool)
    assert len(np.unique(draw_flow(np.random.default_rng(0).normal(size=(4, 4, 2)), body))) == 1


def test_labels_have_their_own_colours() -> None:
    assert len(np.unique(draw_garments(np.arange(len(GARMENTS), dtype=np.uint8)[None]).reshape(-1, 3), axis=0)) == len(
        GARMENTS
    )
    assert len(np.unique(draw_parts(np.arange(7, dtype=np.uint8)[None]).reshape(-1, 3), axis=0)) == 7
    assert len(np.unique(draw_visibility(np.arange(3, dtype=np.uint8)[None]).reshape(-1, 3), axis=0)) == 3


def test_body_covers_its_pixels_only() -> None:
    body = load_body("small")
    camera = np.array([35, 29.5, 40], np.float32)
    points = project(camera, pose_vertices(body, np.zeros((1, 24, 3)), np.zeros(10))[0]).astype(np.float32)
    face, bary, _ = rasterize(points, body.faces, 80, 60)
    out = draw_body(GREY, face, bary, points, camera, body.faces)
    assert (out[face < 0] == 128).all()
    assert (out[face >= 0] != 128).any(1).mean() > 0.9
    assert out[face >= 0].std() > 5  # shaded


@pytest.mark.parametrize("name", KEYPOINTS)
def test_every_keypoint_has_the_colour_of_its_side(name: str) -> None:
    keypoints = np.full((18, 3), np.nan, np.float32)
    keypoints[keypoint(name)] = (30, 40, 1)
    colour = LEFT_COLOUR if "left" in name else RIGHT_COLOUR if "right" in name else MIDDLE_COLOUR
    assert np.abs(draw_skeleton(GREY, keypoints, 0.1)[40, 30].astype(int) - colour).max() < 5


@pytest.mark.parametrize(("a", "b"), LIMBS)
def test_every_limb_has_the_colour_of_its_side(a: int, b: int) -> None:
    """A limb between a side and the middle is the side's; nose to neck is the middle's."""
    keypoints = np.full((18, 3), np.nan, np.float32)
    keypoints[a], keypoints[b] = (10, 40, 1), (50, 40, 1)
    names = KEYPOINTS[a] + KEYPOINTS[b]
    colour = LEFT_COLOUR if "left" in names else RIGHT_COLOUR if "right" in names else MIDDLE_COLOUR
    assert np.abs(draw_skeleton(GREY, keypoints, 0.05)[40, 30].astype(int) - colour).max() < 5


def test_visibility_by_its_labels() -> None:
    out = draw_visibility(np.array([[VISIBLE, HIDDEN, BACKGROUND]], np.uint8))
    assert out.tolist() == [[list(VISIBLE_COLOUR), list(HIDDEN_COLOUR), list(BACKGROUND_COLOUR)]]


def test_flow_is_scaled_by_its_longest() -> None:
    """Without a length the 99th percentile on the body is full; without a body nothing is coloured."""
    flow = np.zeros((10, 10, 2), np.float32)
    flow[..., 0] = 4
    body = np.ones((10, 10), bool)
    assert (draw_flow(flow, body) == draw_flow(2 * flow, body)).all()
    assert (draw_flow(flow, body, 4) != draw_flow(flow, body, 8)).any()
    assert (draw_flow(flow, ~body) == BACKGROUND_COLOUR).all()


def test_blend() -> None:
    white = np.full_like(GREY, 228)
    assert (blend(GREY, white, 0.25) == 153).all()
    assert (blend(GREY, white, 0.0) == GREY).all()


def test_body_of_no_pixels_changes_nothing() -> None:
    body = load_body("small")
    face, bary = np.full((80, 60), -1, np.int32), np.zeros((80, 60, 2), np.float32)
    points = np.zeros((len(body.v_template), 3), np.float32)
    out = draw_body(GREY, face, bary, points, np.array([35, 29.5, 40]), body.faces)
    assert (out == GREY).all()
    assert out is not GREY


def test_points_of_confidence_are_drawn() -> None:
    image = np.zeros((10, 8, 3), np.uint8)
    points = np.array([[2.4, 3.6, 0.9], [5, 5, 0], [np.nan, np.nan, 0], [7.4, 9.4, 1], [8, 2, 1], [-1, 2, 1]])
    drawn = draw_points(image, points)
    assert np.argwhere(drawn.any(-1)).tolist() == [[4, 2], [9, 7]]
    assert not image.any()


def test_a_mask_cuts_out_over_white() -> None:
    image = np.full((1, 3, 3), 55, np.uint8)
    assert cut_out(image, np.array([[0, 51, 255]], np.uint8))[0, :, 0].tolist() == [255, 215, 55]
