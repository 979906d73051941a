"""Drawings say what the arrays say."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices
from ptx.labels import GARMENTS
from ptx.pictures.draw import (
    LEFT,
    RIGHT,
    draw_body,
    draw_flow,
    draw_garments,
    draw_parts,
    draw_skeleton,
    draw_visibility,
    draw_wheel,
)  # fmt: skip
from ptx.pictures.sheet import Panel, sheet

GREY = np.full((80, 60, 3), 128, np.uint8)


def test_skeleton_has_sides_and_leaves_out_what_is_missing() -> None:
    keypoints = np.full((18, 3), np.nan, np.float32)
    keypoints[:, 2] = 0
    assert (draw_skeleton(GREY, keypoints) == GREY).all()
    keypoints[3] = (20, 40, 1)  # right elbow
    keypoints[6] = (40, 40, 1)  # left elbow
    out = draw_skeleton(GREY, keypoints).astype(int)
    assert np.abs(out[40, 20] - RIGHT).max() < 40
    assert np.abs(out[40, 40] - LEFT).max() < 40
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


def test_sheet_holds_panels_of_any_size() -> None:
    page = sheet(
        [[Panel(GREY, "a caption far too long for its picture"), Panel(GREY[:40])], [Panel(GREY)]], "title\nmore"
    )
    assert page.dtype == np.uint8
    assert page.shape[0] > 2 * 256
    assert (page[:5] == 255).all()
