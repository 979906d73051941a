"""Textures' layouts, of a body with texture coordinates and of one without."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.layers.layered_body import with_layers
from ptx.surface.atlas import body_atlas

SIDES = {"small": 512, "builtin": 1024}


@pytest.mark.parametrize("name", SIDES)
def test_every_face_is_in_the_texture(name: str) -> None:
    """What is read at a face's middle shows a place within two texels of it (a texel is 4 mm or less)."""
    body = load_body(name)
    atlas = body_atlas(body, SIDES[name])
    place = atlas.image(atlas.points.of(body.v_template), np.nan)
    middle = np.rint(atlas.uv.mean(1)).astype(int)
    found = place[middle[:, 1], middle[:, 0]]
    assert np.isfinite(found).all()
    corners = body.v_template[body.faces]
    gap = np.linalg.norm(found - corners.mean(1), axis=1)
    assert (gap < 0.008 + np.linalg.norm(corners - corners.mean(1, keepdims=True), axis=2).max(1)).all()


@pytest.mark.parametrize("name", SIDES)
def test_texels_lie_where_their_points_do(name: str) -> None:
    body = load_body(name)
    atlas = body_atlas(body, SIDES[name])
    face = {tuple(corners): uv for corners, uv in zip(body.faces.tolist(), atlas.uv, strict=True)}
    rng = np.random.default_rng(0)
    for n in rng.integers(0, len(atlas.texels), 300):
        a, b = atlas.points.weights[n]
        at = np.array([a, b, 1 - a - b]) @ face[tuple(atlas.points.corners[n].tolist())]
        y, x = divmod(int(atlas.texels[n]), atlas.side)
        inside = min(a, b, 1 - a - b) > 1e-3  # texels beside a face show the nearest point of it
        assert np.abs(at - (x, y)).max() < (1e-2 if inside else 4)


def test_each_texel_belongs_to_one_point() -> None:
    for name, side in SIDES.items():
        texels = body_atlas(load_body(name), side).texels
        assert len(np.unique(texels)) == len(texels)


def test_a_border_has_the_nearest_chart_s_colour() -> None:
    atlas = body_atlas(load_body("builtin"), 256)
    y, x = np.divmod(atlas.texels, 256)
    picture = atlas.image(np.stack([x, y], axis=1).astype(np.float32), -1)
    rows, columns = np.divmod(atlas.border[0], 256)
    gap = np.hypot(*(picture[rows, columns] - np.stack([columns, rows], axis=1)).T)
    assert gap.min() > 0.9
    assert gap.max() < 6
    assert (picture[0, 0] == -1).all()


def test_a_texture_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room for 2454 faces"):
        body_atlas(load_body("small"), 128)


@pytest.mark.parametrize("name", SIDES)
def test_a_skirt_has_a_place_of_its_own(name: str) -> None:
    """Each of its faces shows points of the skirt in its middle, and the body's faces show the body."""
    body = with_layers(load_body(name))
    atlas = body_atlas(body, SIDES[name])
    sheet = atlas.image(atlas.points.of(body.layer.astype(np.float32)), np.nan)
    middle = np.rint(atlas.uv.mean(1)).astype(int)
    np.testing.assert_allclose(sheet[middle[:, 1], middle[:, 0]], body.layer[body.faces[:, 0]], atol=1e-6)
