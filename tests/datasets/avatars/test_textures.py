from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.datasets.avatars import textures
from ptx.datasets.avatars.textures import (
    CLAMP,
    MIRROR,
    REPEAT,
    Material,
    look_up,
    pack,
    place_texture,
    read_textures,
    wrapped,
)
from ptx.datasets.gltf.gltf_file import open_gltf
from ptx.pipeline.storage.json_values import as_list, as_object
from tests.datasets.gltf.files import person, write_glb


def test_beyond_the_borders() -> None:
    places = range(-5, 9)
    assert [wrapped(p, 4, REPEAT) for p in places] == [3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [wrapped(p, 4, CLAMP) for p in places] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3]
    assert [wrapped(p, 4, MIRROR) for p in places] == [3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0]


def test_colours_between_texels() -> None:
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[:, 1, 0] = 200
    packed = pack([Material(picture, (CLAMP, CLAMP))])
    uv = np.array([[0.25, 0.5], [0.5, 0.5], [0.625, 0.1], [0.75, 0.9]], np.float32)
    face, material, level = np.zeros(4, np.int32), np.zeros(1, np.int32), np.zeros(1, np.float32)
    colours = look_up(face, uv, material, level, packed.texels, packed.levels, packed.wraps)
    assert colours[:, 0] * 255 == pytest.approx([0, 100, 150, 200], abs=1e-3)


def test_a_coarse_level_is_the_mean() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 4), np.uint8)
    picture[..., 3] = 255
    packed = pack([Material(picture, (CLAMP, CLAMP))])
    assert packed.levels[0, :, 1].tolist() == [8, 4, 2, 1]
    last = packed.texels[packed.levels[0, -1, 0]]
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


def test_many_large_textures_are_kept_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a", "b", "c", "d")
    document, data = person(texture=np.full((32, 64, 4), 255, np.uint8), names=names)
    file = open_gltf(write_glb(tmp_path / "a.glb", document, data))
    assert read_textures(file).levels[0, 0].tolist() == [0, 32, 64]
    monkeypatch.setattr(textures, "MOST_TEXELS", 4 * 16 * 16)
    assert read_textures(file).levels[0, 0].tolist() == [0, 8, 16]


def test_factors_are_linear_and_masks_are_cut_at_one_half(tmp_path: Path) -> None:
    document, data = person(texture=np.array([[[200, 100, 50, 60]]], np.uint8))
    (material,) = as_list(document["materials"])
    look = {**as_object(as_object(material)["pbrMetallicRoughness"]), "baseColorFactor": [1.0, 0.5, 0.0, 1.0]}
    for mode, cut, opacity in (("MASK", 0.25, 120), ("BLEND", 0.25, 60), ("OPAQUE", 0.25, 255)):
        document["materials"] = [{"pbrMetallicRoughness": look, "alphaMode": mode, "alphaCutoff": cut}]
        found = read_textures(open_gltf(write_glb(tmp_path / "a.glb", document, data)))
        assert found.texels[0].tolist() == [200, round(100 * 0.5 ** (1 / 2.2)), 0, opacity]
        assert found.see_through.tolist() == [mode != "OPAQUE", False]
