"""A skirt's surface: what the photograph shows of it is its own, its back is like its front, and the legs under it are bare."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import Worn
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.surface.render import render
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import SurfaceStore, build_store

BODY = with_layers(load_body("small"))
COUNT = len(BODY.base.faces)
SKIN, CLOTH = np.array((200, 160, 140), np.uint8), np.array((30, 60, 160), np.uint8)


def wearer() -> FittedBody:
    """Somebody in a skirt, the arms off the trunk."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.7, 0.7
    offset, worn = with_sheets(BODY, None, Worn(0.5), None), Worn(0.5)
    camera = np.array([130, 96, 118], np.float32)
    return FittedBody(BODY, pose, np.zeros(10, np.float32), camera, (256, 192), offset=offset, drawn=BODY.drawn(worn))


def painted(fitted: FittedBody) -> tuple[np.ndarray, np.ndarray]:
    """Picture (H, W, 3) of a wearer in a blue skirt, and where the skirt is (H, W)."""
    face = rasterize(fitted.points, fitted.faces, *fitted.size)[0]
    picture = np.full((*fitted.size, 3), 255, np.uint8)
    picture[face >= 0], picture[face >= COUNT] = SKIN, CLOTH
    return picture, face


@cache
def store() -> SurfaceStore:
    picture, face = painted(wearer())
    return build_store(MaskedPhotograph(picture, (face >= 0).astype(np.float32)), wearer(), side=512)


def walking() -> FittedBody:
    pose = wearer().pose.copy()
    pose[joint("left_hip"), 0], pose[joint("right_hip"), 0], pose[0, 1] = -0.5, 0.5, 1.2
    return replace(wearer(), pose=pose)


@pytest.mark.slow
@pytest.mark.parametrize(
    "turned", [wearer().turned(180), walking(), walking().turned(180)], ids=["back", "side", "other"]
)
def test_cloth_is_cloth_and_legs_are_legs_in_any_pose(turned: FittedBody) -> None:
    """Though the photograph shows neither the skirt's back nor any leg under it."""
    face = painted(turned)[1]
    drawn = render(store(), turned)
    likeness = (np.abs(drawn.colour.astype(int) - wanted).max(-1) < 60 for wanted in (CLOTH, SKIN))
    for like, where in zip(likeness, (face >= COUNT, (face >= 0) & (face < COUNT)), strict=True):
        assert like[where].mean() > 0.93


def test_what_is_under_the_skirt_is_not_taken_from_it() -> None:
    """Texels of the legs hold no cloth, a hand's breadth within the hem and where the skirt no longer lies on the skin."""
    atlas = store().atlas
    of_body = atlas.points.of(BODY.layer.astype(np.float32)) < 0.5
    height = BODY.sheets[0].vertices[0, 0, 1] - atlas.points.of(BODY.v_template)[:, 1]
    colours = store().colours.reshape(-1, 3)[atlas.texels[of_body & (height > 0.15) & (height < 0.37)]].astype(int)
    assert len(colours) > 100
    assert (np.abs(colours - CLOTH).max(axis=1) < 60).mean() < 0.02
