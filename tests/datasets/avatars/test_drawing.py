from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.datasets.avatars.avatar import Avatar
from ptx.datasets.avatars.drawing import GRADED_CUTS, draw_surface, flow_of, render_avatar, render_labels
from ptx.datasets.avatars.posing import Posed
from ptx.datasets.avatars.skeleton import Skeleton
from ptx.datasets.avatars.textures import REPEAT, Material, pack
from ptx.datasets.people.scenes import Light
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.rasterizer import rasterize

SIDE = 32

FLAT = Light(np.array([0, 0, 1], np.float32), 0.0, 1.0, np.ones(3, np.float32))
"""Light from all around alone."""


def curtain(alpha: np.ndarray) -> Avatar:
    """A wall of one colour 1 m behind a curtain, green, as opaque as its texture (T, T)."""
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    wall, cloth = (np.concatenate([corners * 2 - 1, np.full((4, 1), z, np.float32)], axis=1) for z in (-1, 0))
    green = np.zeros((*alpha.shape, 4), np.uint8)
    green[..., 1], green[..., 3] = 200, alpha
    red = np.array([[[200, 0, 0, 255]]], np.uint8)
    quads = np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    nothing = Skeleton(np.zeros((24, 3)), np.ones(24, np.bool_), np.zeros(0, np.int64), [], np.zeros((0, 4, 4)))
    return Avatar(
        np.concatenate([wall, cloth]).astype(np.float32),
        np.tile(np.array([[0, 0, 1]], np.float32), (8, 1)),
        np.zeros((8, 4), np.int32),
        np.tile(np.array([[1, 0, 0, 0]], np.float32), (8, 1)),
        np.concatenate([quads, quads + 4]),
        np.concatenate([corners, corners]),
        np.ones((8, 3), np.float32),
        np.array([0, 0, 1, 1], np.int32),
        pack([Material(red, (REPEAT, REPEAT)), Material(green, (REPEAT, REPEAT))]),
        np.array([3, 3, 1, 1], np.uint8),
        nothing,
        np.tile(np.eye(3), (24, 1, 1)),
        np.zeros((5, 3), np.float32),
    )


def seen(avatar: Avatar, shift: float = 0.0) -> np.ndarray:
    """Points of the wall and the curtain before a camera, the curtain moved aside by some px: 16 px a metre."""
    x, y, z = avatar.vertices.T
    moved = shift * (np.arange(8) >= 4)
    return np.stack([16 * x + 15.3 + moved, -16 * y + 15.4, -z], axis=1).astype(np.float32)


HALF = np.repeat(np.array([[0, 255]], np.uint8), 2, axis=0).repeat(8, 0).repeat(8, 1)
"""Left half cut out."""


def test_what_is_cut_out_shows_what_is_behind() -> None:
    avatar = curtain(HALF)
    face, _, depth = draw_surface(avatar, seen(avatar), SIDE, SIDE)
    cloth, wall = face >= 2, (face >= 0) & (face < 2)
    assert wall[:, :15].any()
    assert not cloth[:, :15].any()
    assert cloth[:, 17:30].any()
    assert not wall[1:30, 17:30].any()
    assert np.unique(depth[cloth]).tolist() == pytest.approx([0])
    assert np.unique(depth[wall]).tolist() == pytest.approx([1])


@pytest.mark.parametrize("alpha", [255, 254])
def test_opaque_cut_outs_are_drawn_by_the_rasterisers_rules(alpha: int) -> None:
    avatar = curtain(np.full((4, 4), alpha, np.uint8))
    assert bool(len(avatar.cut_outs)) == (alpha < 255)
    points = seen(avatar, 0.7)
    points[:, 2] += np.linspace(0, 0.1, 8, dtype=np.float32)
    got, expected = draw_surface(avatar, points, SIDE, SIDE), rasterize(points, avatar.faces, SIDE, SIDE)
    assert (got[0] == expected[0]).all()
    assert got[1] == pytest.approx(expected[1], abs=1e-5)
    assert np.isinf(got[2]).tolist() == np.isinf(expected[2]).tolist()


@pytest.mark.parametrize(("alpha", "share"), [(20, 0), (90, 0.25), (128, 0.5), (180, 0.75), (240, 1)])
def test_as_much_is_covered_as_is_opaque(alpha: int, share: float) -> None:
    avatar = curtain(np.full((4, 4), alpha, np.uint8))
    face, _, _ = draw_surface(avatar, seen(avatar), SIDE, SIDE, GRADED_CUTS)
    assert (face[2:30, 2:30] >= 2).mean() == pytest.approx(share, abs=0.02)


def test_colours_are_those_of_the_texture() -> None:
    avatar = curtain(HALF)
    points = seen(avatar)
    posed = Posed(avatar.vertices, avatar.normals * 0, np.zeros((18, 3), np.float32))
    picture = render_avatar(avatar, posed, FLAT, points, 16.0, np.zeros((2 * SIDE, 2 * SIDE, 3), np.float32))
    brightness = 0.85  # of a surface that faces neither up nor down
    assert picture[15, 5].tolist() == pytest.approx([200 * brightness, 0, 0], abs=1)
    assert picture[15, 25].tolist() == pytest.approx([0, 200 * brightness, 0], abs=1)
    darker = replace(avatar, shades=np.full((8, 3), 0.5, np.float32))
    again = render_avatar(darker, posed, FLAT, points, 16.0, np.zeros((2 * SIDE, 2 * SIDE, 3), np.float32))
    assert again[15, 25, 1] == pytest.approx(100 * brightness, abs=1)


def test_labels_are_those_of_the_faces() -> None:
    avatar = curtain(HALF)
    labels = render_labels(avatar, seen(avatar), SIDE, SIDE)
    assert labels is not None
    assert (labels[15, 5], labels[15, 25]) == (3, 1)
    assert render_labels(replace(avatar, labels=None), seen(avatar), SIDE, SIDE) is None


def test_flow_and_what_hides_it() -> None:
    """The curtain hangs 6 px further left in the source: it moved so far, and hides there what it hides."""
    avatar = curtain(HALF)
    flow, labels = flow_of(avatar, seen(avatar), seen(avatar, -6.0), SIDE, SIDE)
    face, _, _ = draw_surface(avatar, seen(avatar), SIDE, SIDE)
    cloth, wall = face >= 2, (face >= 0) & (face < 2)
    assert flow[cloth] == pytest.approx(np.tile([-6, 0], (cloth.sum(), 1)), abs=1e-4)
    assert flow[wall] == pytest.approx(np.zeros((wall.sum(), 2)), abs=1e-4)
    assert (labels[face < 0] == BACKGROUND).all()
    assert (labels[cloth] == VISIBLE).all()
    middle = labels[4:28]
    assert (middle[:, 2:8] == VISIBLE).all()  # wall, which the hole of the curtain lets through in both
    assert (middle[:, 11:14] == HIDDEN).all()  # wall, which the curtain hangs before in the source


def test_flow_to_the_same_picture_is_none() -> None:
    avatar = curtain(HALF)
    flow, labels = flow_of(avatar, seen(avatar), seen(avatar), SIDE, SIDE)
    assert np.abs(flow).max() < 1e-4
    assert (labels != HIDDEN).mean() > 0.98  # along the edge of the hole samples of the source differ
