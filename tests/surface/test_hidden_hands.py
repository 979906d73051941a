"""Hands that the photograph does not show."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.geometry.body import load_body
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import joint
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones
from ptx.surface.hidden_hands import without_hidden_hands
from ptx.surface.layers import draw_maps
from ptx.surface.source import MaskedPhotograph, observe

BODY = load_body("small")
SIZE = (256, 192)
NAMES = ("background", "top", "hair", "arms", "face", "legs")
HANDS = body_zones(BODY).hands > 0.5


def folded(left: float, right: float) -> FittedBody:
    """Forearms before the trunk, or beside it where an elbow is not bent."""
    pose = np.zeros((24, 3), np.float32)
    pose[joint("left_shoulder"), 2], pose[joint("right_shoulder"), 2] = -1.3, 1.3
    pose[joint("left_elbow"), 1:], pose[joint("right_elbow"), 1:] = -0.7 * left, 0.7 * right
    return FittedBody(BODY, pose, np.zeros(10, np.float32), np.array([125.0, 96.3, 118.2], np.float32), SIZE)


def labelled(fitted: FittedBody, skin: NDArray[np.bool_]) -> tuple[NDArray[np.float32], GarmentMap]:
    """A mask of the body, and labels: cloth everywhere, but skin at some vertices (V,)."""
    maps = draw_maps(fitted.points, BODY.faces, SIZE)
    labels = np.where(maps.of(skin[:, None].astype(np.float32))[0] > 0.5, 3, maps.on).astype(np.uint8)
    return maps.on.astype(np.float32), GarmentMap(labels, NAMES)


def drawn(fitted: FittedBody) -> NDArray[np.bool_]:
    """Vertices (V,) of faces that are drawn."""
    faces = fitted.faces[fitted.faces[:, 0] != fitted.faces[:, 1]]
    return np.isin(np.arange(len(BODY.v_template)), faces)


@pytest.mark.slow
def test_hands_before_the_trunk_without_skin_are_left_out_and_their_forearms_before_it() -> None:
    fitted, left = folded(1.5, 0), BODY.v_template[:, 0] > 0
    mask, garments = labelled(fitted, HANDS & ~left)
    kept = drawn(without_hidden_hands(fitted, fitted.points, mask, garments))
    assert not kept[HANDS & left].any()
    assert kept[HANDS & ~left].all()
    forearm = BODY.weights[:, joint("left_elbow")] > 0.5
    assert 0 < kept[forearm].mean() < 0.9
    rest = (body_zones(BODY).arms < 0.05) | (~left & ~HANDS)
    assert kept[rest].all()


def test_hands_that_are_seen_and_gloves_beside_the_trunk_stay() -> None:
    folded_arms, hanging = folded(1.5, 1.5), folded(0, 0)
    mask, garments = labelled(folded_arms, HANDS)
    assert without_hidden_hands(folded_arms, folded_arms.points, mask, garments) is folded_arms
    mask, garments = labelled(hanging, np.zeros_like(HANDS))
    assert without_hidden_hands(hanging, hanging.points, mask, garments) is hanging


@pytest.mark.slow
def test_the_trunk_is_seen_where_a_hand_is_hidden() -> None:
    fitted = folded(1.5, 1.5)
    mask, garments = labelled(fitted, np.zeros_like(HANDS))
    image = np.where(mask[..., None] > 0, (60, 90, 150), 255).astype(np.uint8)
    told, blind = (observe(MaskedPhotograph(image, mask, None, labels), fitted) for labels in (garments, None))
    assert not told.uncovered[HANDS].any()
    hidden = blind.seen.depth < told.seen.depth - 0.02
    assert hidden.sum() > 100
    assert told.seen.confidence[hidden].mean() > blind.seen.confidence[hidden].mean()
