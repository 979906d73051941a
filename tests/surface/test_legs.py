"""Legs that the photograph ends above."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.surface.legs import leg_points, legs_below
from ptx.surface.points import Floats

BODY = load_body("builtin")
SIDE, PLACE = leg_points(BODY)
HEIGHT = PLACE[:, 0]
EDGE = float(np.quantile(HEIGHT[SIDE != 0], 0.7))
KNOWN = (SIDE == 0) | (HEIGHT > EDGE)


def stripes(high: float = np.inf) -> Floats:
    """Cloth with rings 2 cm wide, red up to `high` metres above the edge and blue from there on."""
    light = np.where(np.mod(HEIGHT, 0.04) < 0.02, 10.0, 0.0)
    colour = np.where((EDGE + high > HEIGHT)[:, None], (150.0, 60.0, 60.0), (40.0, 60.0, 190.0))
    return (colour + light[:, None]).astype(np.float32)


def test_legs_lie_below_the_edge() -> None:
    below, cloth, before = legs_below(BODY, KNOWN, stripes())
    assert (below == ((SIDE != 0) & ~KNOWN)).mean() > 0.999
    assert cloth is not None
    np.testing.assert_allclose(cloth, (155, 65, 65), atol=6)
    assert not before.any()


def test_only_the_cloth_at_the_edge_goes_on() -> None:
    cloth = legs_below(BODY, KNOWN, stripes(high=0.1)).cloth
    assert cloth is not None
    np.testing.assert_allclose(cloth, (155, 65, 65), atol=6)


def test_a_hand_before_the_thigh_is_not_cloth() -> None:
    colours = stripes()
    hand = (SIDE == 1) & (PLACE[:, 1] > 0.09)
    colours[hand] = (240, 200, 180)
    below, cloth, before = legs_below(BODY, KNOWN, colours)
    assert below.any()
    assert cloth is not None
    np.testing.assert_allclose(cloth, (155, 65, 65), atol=6)
    assert before.any()
    assert hand[before].all()


def test_of_legs_that_are_seen_whole_nothing_goes_on() -> None:
    below, cloth, before = legs_below(BODY, np.ones_like(KNOWN), stripes())
    assert not below.any()
    assert cloth is None
    assert not before.any()


def test_legs_that_are_not_seen_have_no_cloth() -> None:
    below, cloth, _ = legs_below(BODY, SIDE == 0, stripes())
    assert (below == (SIDE != 0)).all()
    assert cloth is None
