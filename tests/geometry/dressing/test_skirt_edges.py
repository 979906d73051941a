"""Edges of skirts in masks that are drawn of known ones."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.camera import project
from ptx.geometry.dressing.displace import displace, pose_skin
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.outline import mask_outline
from ptx.geometry.dressing.refine import Person, Posed, refine
from ptx.geometry.dressing.sheets import layered_basis, with_sheets
from ptx.geometry.dressing.skirt_edges import HAND, STEP, _reach, pair_edges, settle_hem, skirt_edges
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import Worn
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_keypoints

BODY = load_body("builtin")
LAYERED = with_layers(BODY)
SIZE = (256, 192)
LENGTH = 0.5
WORN = Worn(LENGTH)


def standing(yaw: float = 0.0) -> Posed:
    """Somebody with the arms off the trunk."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -0.5, 0.5
    pose[0, 1] = yaw
    return Posed(pose, np.zeros(10, np.float32), np.array([125, 96, 118], np.float32))


def person(posed: Posed, flare: float) -> Person:
    """Exact keypoints, and the mask of a skirt that stands off by so much at its hem, metres."""
    heights = np.zeros((len(LAYERED.sheets), SHEET_ROWS, SHEET_COLUMNS))
    heights[0] = np.linspace(0, flare, SHEET_ROWS)[:, None]
    points = posed.points(LAYERED, with_sheets(LAYERED, None, WORN, heights.reshape(-1)))
    mask = (rasterize(points, LAYERED.drawn(WORN), *SIZE)[0] >= 0).astype(np.float32)
    flat = project(posed.camera, pose_keypoints(BODY, posed.pose[None], posed.betas)[0])
    return Person(np.column_stack([flat[:, :2], np.ones(18)]), None, None, mask)


def hanging(posed: Posed, length: float) -> Person:
    """Exact keypoints, and the mask of a straight skirt of a length."""
    worn = Worn(length)
    points = posed.points(
        LAYERED, with_sheets(LAYERED, None, worn, np.zeros(len(LAYERED.sheets) * SHEET_ROWS * SHEET_COLUMNS))
    )
    return person(posed, 0)._replace(mask=(rasterize(points, LAYERED.drawn(worn), *SIZE)[0] >= 0).astype(np.float32))


def test_edges_are_where_the_mask_ends() -> None:
    """Of a rectangle of known columns, at every ring that lies in it; an arm beside it hides nothing."""
    posed = standing()
    mask = np.zeros(SIZE, np.float32)
    mask[:, 60:131] = 1
    edges, rest = skirt_edges(LAYERED, posed, person(posed, 0)._replace(mask=mask), LENGTH, mask_outline(mask))
    ends = edges.middle[:, None] + edges.reach[..., None] * edges.across[:, None]
    low = slice(6, None)
    np.testing.assert_allclose(ends[low, 0, 0], 59.5, atol=0.3)
    np.testing.assert_allclose(ends[low, 1, 0], 130.5, atol=0.3)
    whole, hem = mask_outline(mask).xy[:, 1], edges.middle[-1, 1]
    left_out = set(whole) - set(rest.xy[:, 1])
    assert left_out
    assert max(left_out) < hem + 0.03 * posed.camera[0] < rest.xy[:, 1].max()
    assert len(edges.outline.xy) > 50
    assert edges.outline.xy[:, 1].max() < hem + 0.03 * posed.camera[0]


def test_beyond_the_photograph_and_beside_a_hand_no_edge_is_known() -> None:
    posed = standing()
    seen = person(posed, 0.05)
    outline = mask_outline(seen.mask)
    edges, _ = skirt_edges(LAYERED, posed, seen, LENGTH, outline)
    middle = edges.middle[len(edges.middle) // 2, 1]
    area = np.broadcast_to(np.arange(SIZE[0])[:, None] < middle, SIZE)
    cut, _ = skirt_edges(LAYERED, posed, seen._replace(area=area, mask=seen.mask * area), LENGTH, outline)
    assert np.isnan(cut.reach[edges.middle[:, 1] > middle + 1]).all()
    hanging = posed._replace(pose=posed.pose.copy())
    for side, turn in (("left", -1.55), ("right", 1.55)):
        hanging.pose[joint(f"{side}_shoulder"), 2] = turn
    hands, _ = skirt_edges(LAYERED, hanging, person(hanging, 0.0), LENGTH, outline)
    assert np.isnan(hands.reach[2:6]).all()


@pytest.mark.parametrize("pixels", [2, 10, 40])
def test_an_arm_within_a_hand_of_the_edge_hides_it(pixels: int) -> None:
    """An arm one sample, which is 1 px, wide on the middle itself, of masks that end so far beside it."""
    mask = np.broadcast_to((np.arange(SIZE[1]) < 20 + pixels).astype(np.float32), SIZE)
    seen = Person(np.zeros((18, 3)), None, None, mask)
    free = np.ones(SIZE, np.bool_)
    middle, along = np.array([[20.0, 50.0]]), np.array([[1.0, 0.0]])
    reach = _reach(seen, free, middle, along, 1 / STEP)
    np.testing.assert_allclose(reach, pixels - 0.5, atol=0.01)
    free[:, 20] = False
    hidden = _reach(seen, free, middle, along, 1 / STEP)
    np.testing.assert_array_equal(hidden, reach if pixels * STEP > HAND else np.nan)


@pytest.mark.parametrize("flare", [-0.04, 0.0, 0.1])
@pytest.mark.parametrize("yaw", [0.0, 0.6])
def test_tight_and_flared_skirts_are_as_wide_as_their_mask_down_to_the_hem(flare: float, yaw: float) -> None:
    """Though the legs go on below it: within 4 % of the hem's width."""
    posed = standing(yaw)
    seen = person(posed, flare)
    edges, target = skirt_edges(LAYERED, posed, seen, LENGTH, mask_outline(seen.mask))
    skin = pose_skin(LAYERED, layered_basis(LAYERED, WORN), posed)
    heights = np.zeros(skin.basis.weights.shape[1])
    for _ in range(3):
        heights = displace(skin, heights, target, seen, edges)
    missing = pair_edges(edges, skin.points(heights), 1.0).gap
    width = float(np.nanmax(edges.reach[-3:, 1] - edges.reach[-3:, 0]))
    assert np.abs(missing).mean() < 0.02 * width
    assert np.abs(missing).max() < 0.06 * width


def test_a_hem_is_settled_from_above_and_from_below() -> None:
    posed = standing()
    posed.pose[[joint("left_hip"), joint("right_hip")], 2] = 0.06, -0.06
    seen = person(posed, 0.04)
    for start in (LENGTH - 0.02, LENGTH + 0.03):
        assert settle_hem(LAYERED, posed, seen, start) == pytest.approx(LENGTH, abs=0.015)


def test_a_hem_is_not_looked_for_far_below() -> None:
    """A coat that goes on 15 cm below the skirt's hem is not the skirt."""
    posed = standing()
    assert settle_hem(LAYERED, posed, hanging(posed, LENGTH + 0.15), LENGTH) == LENGTH


def test_a_hem_is_settled_down_to_the_sheets_end() -> None:
    """Between its last two rings too."""
    posed = standing()
    before, end = LAYERED.sheets[0].down[-2:]
    middle = float(before + end) / 2
    assert settle_hem(LAYERED, posed, hanging(posed, middle), float(before) - 0.01) == pytest.approx(middle, abs=0.008)


@pytest.mark.slow
def test_legs_stay_where_keypoints_say_under_a_wide_skirt() -> None:
    """Its outline draws the knees apart where it is taken for that of the legs."""
    posed = standing()
    seen = person(posed, 0.15)
    knees = [joint("left_knee"), joint("right_knee")]
    hips = [joint("left_hip"), joint("right_hip")]
    thighs = LAYERED.under_skirt(LENGTH)
    moved = [
        np.linalg.norm(refine(BODY, posed, seen, covered).vertices(BODY) - posed.vertices(BODY), axis=1)[thighs].mean()
        for covered in (None, thighs)
    ]
    assert moved[1] < 0.8 * moved[0]
    found = dress(BODY, posed, seen)
    assert found.worn.skirt == pytest.approx(LENGTH, abs=0.045)
    assert np.abs(found.posed.pose[hips + knees] - posed.pose[hips + knees]).max() < 0.05
