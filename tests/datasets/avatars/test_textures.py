from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.avatars.textures import CLAMP, MIRROR, REPEAT, Material, look_up, pack, place_texture, wrapped


def test_beyond_the_borders() -> None:
    places = range(-5, 9)
    assert [wrapped(p, 4, REPEAT) for p in places] == [3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [wrapped(p, 4, CLAMP) for p in places] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3]
    assert [wrapped(p, 4, MIRROR) for p in places] == [3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0]


def test_colours_between_texels() -> None:
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[:, 1, 0] = 200
    textures = pack([Material(picture, (CLAMP, CLAMP))])
    uv = np.array([[0.25, 0.5], [0.5, 0.5], [0.625, 0.1], [0.75, 0.9]], np.float32)
    face, material, level = np.zeros(4, np.int32), np.zeros(1, np.int32), np.zeros(1, np.float32)
    colours = look_up(face, uv, material, level, textures.texels, textures.levels, textures.wraps)
    assert colours[:, 0] * 255 == pytest.approx([0, 100, 150, 200], abs=1e-3)


def test_a_coarse_level_is_the_mean() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 4), np.uint8)
    picture[..., 3] = 255
    textures = pack([Material(picture, (CLAMP, CLAMP))])
    assert textures.levels[0, :, 1].tolist() == [8, 4, 2, 1]
    last = textures.texels[textures.levels[0, -1, 0]]
    assert last.tolist() == pytest.approx(picture.reshape(-1, 4).mean(0), abs=2)


def test_what_is_transparent_has_no_share_in_colours() -> None:
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[0] = 100, 120, 140, 255
    picture[1] = 255, 0, 255, 0
    coarse = pack([Material(picture, (CLAMP, CLAMP))])
    assert coarse.texels[-1].tolist() == pytest.approx([100, 120, 140, 127.5], abs=1)


def test_a_texture_that_is_moved() -> None:
    told = {
        "extensions": {"KHR_texture_transform": {"offset": [0.5, 0.25], "scale": [2, 4], "rotation": float(np.pi / 2)}}
    }
    # Scaled, then turned as viewers turn it, (u, v) to (v, -u) by a quarter, then shifted.
    moved = place_texture(told, np.array([[1, 0], [0, 1]], np.float32))
    assert moved == pytest.approx(np.array([[0.5, -1.75], [4.5, 0.25]]), abs=1e-6)
