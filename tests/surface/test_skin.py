"""Skin and cloth told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones
from ptx.surface.points import Floats
from ptx.surface.skin import (
    NO_SKIN,
    ONLY_SKIN,
    clothed_legs,
    likeness,
    rule_confidence,
    skin_map,
    skin_rules,
    typical_skin,
)

BODY = load_body("small")
ZONES = body_zones(BODY)
SKIN, CLOTH = np.array([205, 155, 130], np.float32), np.array([40, 70, 160], np.float32)
SURE = np.ones(len(BODY.v_template), np.float32)


def dressed() -> Floats:
    """Skin on head, hands and forearms, cloth elsewhere."""
    bare = np.maximum.reduce([ZONES.head, ZONES.hands, ZONES.forearms]) > 0.5
    return np.where(bare[:, None], SKIN, CLOTH).astype(np.float32)


def test_likeness_counts_hue_more_than_light() -> None:
    darker, other = SKIN * 0.85, np.array([130, 205, 155], np.float32)
    like = likeness(np.stack([SKIN, darker, other]), SKIN, 13.0)
    assert like[0] == 1
    assert like[1] > 0.8
    assert like[2] < 0.01
    assert likeness(np.empty((0, 3), np.float32), SKIN, 13.0).shape == (0,)


def test_the_skin_of_the_face_is_found_and_none_in_grey_pictures() -> None:
    found = typical_skin(dressed(), SURE, ZONES)
    assert found is not None
    np.testing.assert_allclose(found, SKIN)
    assert typical_skin(np.repeat(dressed().mean(1, keepdims=True), 3, axis=1), SURE, ZONES) is None
    assert typical_skin(dressed(), 0 * SURE, ZONES) is None


def test_where_no_face_is_seen_hands_tell() -> None:
    found = typical_skin(dressed(), SURE * (ZONES.head < 0.1), ZONES)
    assert found is not None
    np.testing.assert_allclose(found, SKIN)


def test_bare_limbs_are_skin_and_cloth_near_them_is_none() -> None:
    places = BODY.v_template[:, :2] * 100  # px
    hand = ZONES.hands > 0.5
    places[hand] = (10, 0)  # hands before the hip
    rules = skin_rules(dressed(), SURE, SKIN, places, 100.0, ZONES)
    assert (rules[hand] == ONLY_SKIN).all()
    assert (rules[(ZONES.upper_arms > 0.6) & ~hand] == 0).all()  # sleeves
    hip = (ZONES.trunk > 0.7) & (np.hypot(*(places - (10, 0)).T) < 10)
    assert hip.any()
    assert (rules[hip] == NO_SKIN).all()


def test_what_breaks_a_rule_is_not_believed() -> None:
    colours = np.stack([SKIN, CLOTH, SKIN, CLOTH])
    np.testing.assert_allclose(rule_confidence(colours, np.array([1, 1, -1, -1], np.float32), SKIN), [1, 0, 0, 1])
    image = np.stack([np.stack([SKIN, CLOTH, SKIN])]).astype(np.uint8)
    np.testing.assert_array_equal(skin_map(image, np.array([[True, True, False]]), SKIN), [[True, False, False]])


def test_hair_of_the_colour_of_skin_is_not_taken_for_it() -> None:
    hair, arms = np.array([190, 140, 100], np.float32), np.array([225, 185, 165], np.float32)
    colours = np.where((ZONES.head + ZONES.neck > 0.3)[:, None], hair, CLOTH).astype(np.float32)
    colours[ZONES.forearms > 0.5] = arms
    sure = np.where(ZONES.hands > 0.9, np.float32(0), np.float32(1))
    np.testing.assert_allclose(typical_skin(colours, sure, ZONES), hair)  # the face is seen, and is as dark
    sure[ZONES.face > 0.3] = 0
    np.testing.assert_allclose(typical_skin(colours, sure, ZONES), arms)


def test_trousers_are_told_from_bare_legs() -> None:
    body = load_body("builtin")
    camera = np.array([230, 96, 118], np.float32)
    fitted = FittedBody(body, np.zeros((24, 3), np.float32), np.zeros(10, np.float32), camera, (256, 192))
    legs = fitted.points[:, 1].astype(int).clip(0, 255)
    for cloth, clothed in ((CLOTH, True), (SKIN, False)):
        image = np.full((256, 192, 3), SKIN, np.uint8)
        image[int(np.quantile(legs, 0.4)) :] = cloth
        assert clothed_legs(image, fitted) is clothed
    assert clothed_legs(image[:120], fitted_at(fitted, (120, 192)))  # no leg in the picture


def fitted_at(fitted: FittedBody, size: tuple[int, int]) -> FittedBody:
    return replace(fitted, size=size)
