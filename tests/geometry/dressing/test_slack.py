"""The skirt of somebody who has come to another pose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.dressing.slack import with_slack
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.viewpoint import FittedBody

BODY = with_layers(load_body("small"))
SKIRT = slice(BODY.first(0), BODY.first(1))


def standing(worn: Worn) -> FittedBody:
    return FittedBody(
        BODY,
        np.zeros((24, 3), np.float32),
        np.zeros(10, np.float32),
        np.array([100, 90, 110], np.float32),
        (256, 192),
        offset=with_sheets(BODY, None, worn, None),
        drawn=BODY.drawn(worn),
    )


def spread(person: FittedBody, angle: float) -> FittedBody:
    """The same person, either leg turned outwards by an angle, radians."""
    pose = person.pose.copy()
    pose[joint("left_hip"), 2], pose[joint("right_hip"), 2] = angle, -angle
    return replace(person, pose=pose)


def width(person: FittedBody) -> float:
    """Metres from side to side of the hem."""
    return float(np.ptp(person.vertices[SKIRT][-BODY.sheets[0].shape[1] :, 0]))


def test_a_hem_opens_and_closes_less_than_legs_do() -> None:
    person = standing(Worn(0.6))
    for angle in (-0.15, 0.15):
        stiff = spread(person, angle)
        loose = with_slack(person, stiff)
        followed = (width(loose) - width(person)) / (width(stiff) - width(person))
        assert 0.5 < followed < 0.7


def test_legs_without_room_push_the_cloth_all_the_way() -> None:
    person = standing(Worn(0.6))
    far = spread(person, 0.8)
    np.testing.assert_allclose(with_slack(person, far).vertices, far.vertices, atol=1e-4)


def test_a_turn_of_the_whole_body_and_who_wears_no_skirt_change_nothing() -> None:
    person = standing(Worn(0.6))
    turned = person.turned(70)
    np.testing.assert_allclose(with_slack(person, turned).vertices, turned.vertices, atol=1e-4)
    bare = spread(standing(NOTHING), 0.2)
    assert with_slack(standing(NOTHING), bare) is bare
