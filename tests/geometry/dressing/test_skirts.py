"""Skirts told from masks that are drawn of known ones; trousers and shorts are none."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.dressing.skirts import find_skirt
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.skirt import legs_of
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.mesh import unit_normals
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_keypoints

BODY = load_body("builtin")
LAYERED = with_layers(BODY)
SIZE = (192, 128)
FLARE = np.zeros((len(LAYERED.sheets), SHEET_ROWS, SHEET_COLUMNS))
FLARE[0] = np.linspace(0, 0.12, SHEET_ROWS)[:, None]


def standing(yaw: float = 0.3, apart: float = 0.0) -> Posed:
    """Somebody with the arms off the trunk, and the legs `apart`, radians, each."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.7, 0.7
    pose[joint("left_hip"), 2], pose[joint("right_hip"), 2] = apart, -apart
    pose[0, 1] = yaw
    return Posed(pose, np.zeros(10, np.float32), np.array([95, 64, 88], np.float32))


def person(posed: Posed, worn: Worn, skin: np.ndarray | None = None) -> Person:
    """Exact keypoints, and the mask of a body in a flared skirt."""
    points = posed.points(LAYERED, with_sheets(LAYERED, skin, worn, FLARE.reshape(-1)))
    mask = (rasterize(points, LAYERED.drawn(worn), *SIZE)[0] >= 0).astype(np.float32)
    flat = project(posed.camera, pose_keypoints(BODY, posed.pose[None], posed.betas)[0])
    return Person(np.column_stack([flat[:, :2], np.ones(18)]), None, None, mask)


@pytest.mark.parametrize("length", [0.35, 0.5, 0.7])
@pytest.mark.parametrize("posed", [standing(), standing(apart=0.12), standing(yaw=2.8), standing(apart=-0.1)])
def test_a_skirt_is_found_with_its_hem(posed: Posed, length: float) -> None:
    """With legs apart, where it fills the gap, and with legs together, where it stands off them."""
    assert find_skirt(LAYERED, posed, person(posed, Worn(length))) == pytest.approx(length, abs=0.045)


@pytest.mark.parametrize("posed", [standing(), standing(apart=0.15), standing(apart=-0.1), standing(yaw=1.5)])
@pytest.mark.parametrize(("thick", "end"), [(0.0, 0.0), (0.03, -0.85), (0.045, -0.85), (0.03, -0.3)])
def test_trousers_and_shorts_are_no_skirt(posed: Posed, thick: float, end: float) -> None:
    """Legs that are `thick` wider, metres, down to a height."""
    height = BODY.v_template[:, 1]
    wide = np.where(legs_of(BODY) & (height < 0.05) & (height > end), thick, 0)
    skin = (wide[:, None] * unit_normals(BODY.v_template, BODY.faces)).astype(np.float32)
    assert find_skirt(LAYERED, posed, person(posed, NOTHING, skin)) == 0


def test_legs_outside_of_the_picture_say_nothing() -> None:
    posed = standing()
    near = posed._replace(camera=np.array([300, 64, 170], np.float32))
    assert find_skirt(LAYERED, near, person(near, Worn(0.5))) == 0


def test_dressed_with_a_skirt_legs_stay_slim() -> None:
    """The mask is met, the flare found, and the legs are not pulled outwards; without layers they are."""
    posed = standing(apart=0.1)
    seen = person(posed, Worn(0.5))
    found = dress(BODY, posed, seen, refined=False)
    assert found.worn.skirt == pytest.approx(0.5, abs=0.045)
    assert found.iou[1] > 0.95
    assert found.sheet_heights.reshape(FLARE.shape)[0, -1].mean() == pytest.approx(0.12, abs=0.05)
    without = dress(BODY, posed, seen, refined=False, layers=False)
    assert without.worn == NOTHING
    assert without.iou[1] < found.iou[1]
    assert np.abs(without.heights).max() > 2 * np.abs(found.heights).max()
