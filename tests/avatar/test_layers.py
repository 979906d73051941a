"""Avatars of people who wear sheets: skirts and long hair."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ptx.avatar.person import Avatar
from ptx.avatar.read import decode_avatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.gltf.glb import encode_glb
from ptx.geometry.body import load_body
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import Worn
from ptx.geometry.viewpoint import FittedBody
from ptx.pipeline.storage.json_values import as_object
from ptx.surface.render import render
from tests.avatar.documents import loosened, put
from tests.avatar.scenes import MADE
from tests.avatar.viewer import Viewer

BODY = with_layers(load_body("small"))
WORN = Worn(0.5, 0.3)


@cache
def avatar() -> Avatar:
    """Somebody in a skirt, with hair behind the shoulders, of a texture of noise."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.7, 0.7
    fitted = FittedBody(
        BODY,
        pose,
        np.linspace(-1, 1, 10, dtype=np.float32),
        np.array([130, 96, 118], np.float32),
        (256, 192),
        offset=with_sheets(BODY, None, WORN, None),
        drawn=BODY.drawn(WORN),
    )
    return Avatar(fitted, np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8))


def test_only_what_is_worn_is_in_the_file_and_is_seen_from_both_sides() -> None:
    viewer = Viewer.open(encode_avatar(avatar(), MADE))
    mesh = viewer.document["meshes"][0]["primitives"][0]
    faces = avatar().fitted.faces
    drawn = int((faces[:, 0] != faces[:, 1]).sum())
    assert 0 < drawn < len(faces)
    assert viewer.document["accessors"][mesh["indices"]]["count"] == 3 * drawn
    assert viewer.document["materials"][0]["doubleSided"] is True


def test_it_is_read_back_as_it_was() -> None:
    again = decode_avatar(encode_avatar(avatar(), MADE), load_body("small")).fitted
    assert again.body is BODY
    np.testing.assert_array_equal(again.faces, avatar().fitted.faces)
    np.testing.assert_allclose(again.points, avatar().fitted.points, atol=1e-3)


@pytest.mark.slow
def test_it_is_drawn_as_it_was() -> None:
    turned = [replace(one.fitted, pose=one.fitted.turned(50).pose) for one in (avatar(), _again())]
    before, after = (render(one.store, fitted) for one, fitted in zip((avatar(), _again()), turned, strict=True))
    assert np.abs(before.alpha - after.alpha).mean() < 1e-3
    assert np.abs(before.colour[before.alpha == 1].astype(int) - after.colour[before.alpha == 1]).mean() < 1


def test_faces_of_another_mesh_are_damage() -> None:
    """A sheet's face in a file that says that no sheet is worn."""
    viewer = Viewer.open(encode_avatar(avatar(), MADE))
    document = loosened(viewer.document)
    put("asset", "extras", "ptx", "sheets", value=False)(document)
    with pytest.raises(ValueError, match=r"another layout|not the body's"):
        decode_avatar(encode_glb(as_object(document), viewer.data), load_body("small"))


def _again() -> Avatar:
    return decode_avatar(encode_avatar(avatar(), MADE), load_body("small"))
