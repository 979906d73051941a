"""Legs that the photograph ends above."""

from __future__ import annotations

import numpy as np

from ptx.geometry.body import load_body
from ptx.surface.legs import continue_legs, leg_points
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


def test_each_leg_repeats_itself_to_and_fro() -> None:
    below, repeats = continue_legs(BODY, KNOWN, stripes())
    assert (below == ((SIDE != 0) & ~KNOWN)).mean() > 0.999
    assert (SIDE[repeats[below]] == SIDE[below]).all()
    assert KNOWN[repeats[below]].all()
    near = below & (HEIGHT > EDGE - 0.15)
    mirrored = 2 * EDGE - HEIGHT[near]
    assert np.abs(HEIGHT[repeats[near]] - mirrored).max() < 0.035
    around = PLACE[near, 1:] / 0.1, PLACE[repeats[near], 1:] / 0.1
    assert np.median((around[0] * around[1]).sum(1)) > 0.9  # of unit vectors: the same side of the leg


def test_only_the_cloth_at_the_edge_is_repeated() -> None:
    below, repeats = continue_legs(BODY, KNOWN, stripes(high=0.1))
    assert (HEIGHT[repeats[below]] < EDGE + 0.1).all()
    assert (stripes(high=0.1)[repeats[below], 0] > 100).all()


def test_a_hand_before_the_thigh_is_not_repeated() -> None:
    colours = stripes()
    hand = (SIDE == 1) & (PLACE[:, 1] > 0.09)
    colours[hand] = (240, 200, 180)
    below, repeats = continue_legs(BODY, KNOWN, colours)
    assert below.any()
    assert not hand[repeats[below]].any()


def test_legs_that_are_seen_whole_repeat_nothing() -> None:
    below, repeats = continue_legs(BODY, np.ones_like(KNOWN), stripes())
    assert not below.any()
    assert (repeats == np.arange(len(SIDE))).all()


def test_of_legs_that_are_not_seen_nothing_is_repeated() -> None:
    below, repeats = continue_legs(BODY, SIDE == 0, stripes())
    assert (below == (SIDE != 0)).all()
    assert (repeats == np.arange(len(SIDE))).all()
