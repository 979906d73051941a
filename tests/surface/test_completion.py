"""How places are brought together, on colours that are known."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.body import load_body
from ptx.geometry.zones import body_zones
from ptx.surface.completion import STRICT, _membrane, _reflect, _shares, _shoes, opacity, over
from ptx.surface.legs import SHOES
from ptx.surface.points import Floats

BODY = load_body("small")
COUNT = len(BODY.v_template)
EVERYWHERE = np.ones(COUNT, bool)
SURE = np.ones(COUNT, np.float32)


def plain(*colour: float) -> Floats:
    return np.tile(np.array(colour, np.float32), (COUNT, 1))


def test_a_layer_that_is_lit_otherwise_is_brought_to_what_is_known() -> None:
    known = (BODY.v_template[:, 0] > 0).astype(np.float32)
    move = _membrane(BODY, plain(200, 150, 130), known, plain(170, 122, 104), SURE, EVERYWHERE)
    np.testing.assert_allclose(move[known > 0], plain(30, 28, 26)[known > 0], atol=2)
    assert move[(known == 0) & (BODY.v_template[:, 0] > -0.1), 0].mean() > 15  # smoothly beyond


def test_patterns_are_left_alone() -> None:
    move = _membrane(BODY, plain(30, 30, 200), SURE, plain(220, 40, 30), SURE, EVERYWHERE)
    stripes = np.where((BODY.v_template[:, 1:2] * 20).astype(int) % 2 > 0, 20, 240).astype(np.float32)
    striped = _membrane(
        BODY, np.repeat(stripes, 3, axis=1), SURE, np.repeat(260 - stripes, 3, axis=1), SURE, EVERYWHERE
    )
    assert np.abs(move).mean() < 0.35 * 190
    assert np.abs(striped).mean() < 0.2 * 220
    nothing = _membrane(BODY, plain(0, 0, 0), 0 * SURE, plain(9, 9, 9), SURE, EVERYWHERE)
    np.testing.assert_array_equal(nothing, 0)


def test_front_of_head_hands_and_feet_is_not_copied_to_their_back() -> None:
    shares, zones = _shares(BODY), body_zones(BODY)
    np.testing.assert_array_equal(shares[0, 0], 1)
    for zone in (zones.head, zones.hands, zones.feet):
        assert shares[2:][..., zone > 0.99].max() < 0.02
    assert shares[2, 0][zones.chest > 0.9].mean() > 0.8
    assert shares[0, 1][zones.arms > 0.99].max() == 0  # under the arms is no arm


def test_what_is_unknown_of_a_face_is_reflected_at_its_border() -> None:
    rest, zones = BODY.v_template, body_zones(BODY)
    known = (rest[:, 0] > -0.005).astype(np.float32)
    other, share = _reflect(BODY, known)
    chin = (known == 0) & (zones.face > 0.9) & (zones.front < 0.05) & (rest[:, 0] > -0.03)
    assert chin.any()
    assert (known[other[chin]] == 1).all()
    assert np.median(share[chin]) > 0.9
    assert np.abs(rest[other[chin], 1] - rest[chin, 1]).mean() < 0.03  # at its height
    np.testing.assert_array_equal(share[zones.front == 1], 0)  # a face's front is painted
    np.testing.assert_array_equal(other[known > 0], np.flatnonzero(known))
    np.testing.assert_array_equal(share[zones.trunk > 0.9], 0)  # cloth gets patches


def test_opacity_and_mixing() -> None:
    np.testing.assert_allclose(opacity(np.array([0, 0.25, 0.5, 1], np.float32), STRICT), [0, 0.5, 1, 1])
    first, second = np.array([[100, 0, 0]], np.float32), np.array([[0, 100, 0]], np.float32)
    half, whole = np.array([0.5], np.float32), np.array([1], np.float32)
    mixed, known = over(first, half, second, whole)
    assert known[0] == pytest.approx(1)
    np.testing.assert_allclose(mixed, [[50, 50, 0]], atol=1e-4)
    np.testing.assert_allclose(over(first, whole, second, whole)[0], first)


def test_feet_are_as_the_shoe_that_is_shown_and_dark_where_none_is() -> None:
    feet = body_zones(BODY).feet > 0.5
    white, known = plain(230, 225, 220), (feet & (BODY.v_template[:, 0] > 0)).astype(np.float32)
    np.testing.assert_allclose(_shoes(BODY, white, known), [230, 225, 220])
    np.testing.assert_allclose(_shoes(BODY, white, np.zeros_like(known)), SHOES)
