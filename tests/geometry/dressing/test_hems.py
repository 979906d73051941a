"""Hems told by colours, in pictures that are painted on bodies: skirts, shorts, trousers."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.hems import find_hem
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import Worn
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_keypoints

BODY = load_body("builtin")
LAYERED = with_layers(BODY)
SIZE = (256, 160)
WALL, SKIN, CLOTH, SHADE = (235, 235, 235), (205, 150, 120), (40, 60, 120), (15, 25, 60)


def standing(yaw: float = 0.0, apart: float = 0.0) -> Posed:
    """Somebody with the legs `apart`, radians, each, turned by `yaw`."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.7, 0.7
    pose[joint("left_hip"), 2], pose[joint("right_hip"), 2] = apart, -apart
    pose[0, 1] = yaw
    return Posed(pose, np.zeros(10, np.float32), np.array([125, 80.3, 118], np.float32))


def painted(posed: Posed, worn: Worn, shorts: float = np.inf, seed: int | None = None) -> Person:
    """Somebody in a skirt, or in trousers down to a height of the mean body, metres; of noise, where a seed is given."""
    points = posed.points(LAYERED, with_sheets(LAYERED, None, worn, None))
    faces = LAYERED.drawn(worn)
    face = rasterize(points, faces, *SIZE)[0]
    on_skin = (faces < len(BODY.v_template)).all(axis=1)
    height = LAYERED.v_template[faces, 1].mean(axis=1)
    wears = ~on_skin | ((height < 0.45) & (height > shorts))
    cloth = np.broadcast_to(np.array(CLOTH, np.uint8), (*SIZE, 3))
    if seed is not None:
        cloth = np.random.default_rng(seed).choice(np.array([CLOTH, WALL, (30, 160, 60)], np.uint8), SIZE)
    image = np.where((face >= 0)[..., None], np.array(SKIN, np.uint8), np.array(WALL, np.uint8))
    image = np.where(((face >= 0) & wears[face])[..., None], cloth, image).astype(np.uint8)
    flat = project(posed.camera, pose_keypoints(BODY, posed.pose[None], posed.betas)[0])
    keypoints = np.column_stack([flat[:, :2], np.ones(18)])
    return Person(keypoints, None, None, (face >= 0).astype(np.float32), None, image)


@pytest.mark.parametrize("length", [0.35, 0.5, 0.65])
@pytest.mark.parametrize(
    ("posed", "seed"), [(standing(), None), (standing(0.4), None), (standing(np.pi), None), (standing(apart=-0.06), 1)]
)
def test_a_tight_skirt_is_found_by_its_hem(posed: Posed, seed: int | None, length: float) -> None:
    """Straight tubes, plain and printed, which stand off no leg."""
    assert find_hem(LAYERED, posed, posed, painted(posed, Worn(length), seed=seed)) == pytest.approx(length, abs=0.04)


@pytest.mark.parametrize("end", [-0.3, -0.45, -0.6, -0.85])
@pytest.mark.parametrize("posed", [standing(), standing(0.4), standing(1.2), standing(apart=0.1)])
def test_trousers_and_shorts_have_no_such_hem(posed: Posed, end: float) -> None:
    """The wall shows between their legs; from the side, nothing is told."""
    assert find_hem(LAYERED, posed, posed, painted(posed, Worn(), end)) == 0


def test_shorts_of_somebody_who_sits_are_no_skirt() -> None:
    """Thighs that point at the viewer."""
    posed = standing()
    posed.pose[[joint("left_hip"), joint("right_hip")], 0] = -1.2
    posed.pose[[joint("left_knee"), joint("right_knee")], 0] = 1.2
    assert find_hem(LAYERED, posed, posed, painted(posed, Worn(), -0.4)) == 0


def test_a_fold_between_the_legs_is_that_of_shorts() -> None:
    """Wide shorts whose legs touch: the outline of a skirt, with a shadow down its middle."""
    posed = standing()
    person = painted(posed, Worn(0.45))
    assert person.image is not None
    assert find_hem(LAYERED, posed, posed, person) > 0
    image = person.image.copy()
    middle = image[:, 77:84]
    middle[(middle == CLOTH).all(axis=2)] = SHADE
    assert find_hem(LAYERED, posed, posed, person._replace(image=image)) == 0


def test_nothing_is_told_without_colours() -> None:
    posed = standing()
    assert find_hem(LAYERED, posed, posed, painted(posed, Worn(0.5))._replace(image=None)) == 0


@pytest.mark.parametrize(("worn", "end", "told"), [(Worn(0.6), np.inf, True), (Worn(), -0.85, False)])
def test_a_skirt_that_the_photograph_ends_above_is_told(worn: Worn, end: float, told: bool) -> None:
    """It goes on to the knees; trousers show the wall between the legs, and of a few centimetres nothing is said."""
    posed = standing()
    person = painted(posed, worn, end)
    hips = float(person.keypoints[[8, 11], 1].mean())
    knees = float(person.keypoints[[9, 12], 1].mean())
    rows = np.arange(SIZE[0])[:, None]
    for share, found in ((0.8, told), (0.2, False)):
        area = np.broadcast_to(rows < hips + share * (knees - hips), SIZE)
        seen = person._replace(area=area, mask=person.mask * area)
        length = find_hem(LAYERED, posed, posed, seen)
        assert (length > 0) == found
        assert not found or length > 0.4


def test_a_hem_of_the_colour_of_skin_is_told_by_the_gap_below_it() -> None:
    """Nothing between the legs is open above it, and all is below it."""
    posed = standing(apart=0.04)
    person = painted(posed, Worn(0.5))
    image = np.where((person.mask > 0.5)[..., None], np.array(SKIN, np.uint8), np.array(WALL, np.uint8))
    assert find_hem(LAYERED, posed, posed, person._replace(image=image)) == pytest.approx(0.5, abs=0.04)


@pytest.mark.slow
def test_somebody_in_a_tight_skirt_is_dressed_with_it() -> None:
    posed = standing()
    found = dress(BODY, posed, painted(posed, Worn(0.5)), refined=False)
    assert found.worn.skirt == pytest.approx(0.5, abs=0.04)
