"""Colours of a thing that change along it."""

from __future__ import annotations

import numpy as np

from ptx.surface.palettes import BINS, Palette, colour_codes, tell_apart

RED, BLUE = (200, 40, 40), (40, 60, 200)


def codes_of(*colours: tuple[int, int, int]) -> np.ndarray:
    return colour_codes(np.array([colours], np.uint8))[0]


def test_alike_colours_share_a_bin_and_others_do_not() -> None:
    red, near, blue = codes_of(RED, (201, 41, 40), BLUE)
    assert red == near
    assert red != blue
    corners = codes_of((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255))
    assert corners.min() >= 0
    assert corners.max() < np.prod(BINS)


def test_shares_sum_to_one_in_each_row() -> None:
    rng = np.random.default_rng(0)
    codes = colour_codes(rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)).reshape(-1)
    palette = Palette.learn(codes, rng.random(600).astype(np.float32), np.ones(600, np.float32))
    np.testing.assert_allclose(np.exp(palette.shares).sum(1), 1, rtol=1e-4)


def test_a_colour_is_known_where_it_was_seen() -> None:
    """Red above, blue below: each is likelier at its own place, and what was never seen is unlikely everywhere."""
    red, blue, green = codes_of(RED, BLUE, (40, 200, 60))
    codes, metres = np.repeat([red, blue], 500), np.repeat([0.1, 0.9], 500).astype(np.float32)
    palette = Palette.learn(codes, metres, np.ones(1000, np.float32))
    places = np.array([0.1, 0.9], np.float32)
    above, below = palette.of(np.array([red, red]), places)
    assert above - below > 2
    assert palette.of(np.array([blue, blue]), places)[1] > below + 2
    assert (palette.of(np.array([green, green]), places) < above - 5).all()
    beyond = palette.of(np.array([blue]), np.array([5.0], np.float32))
    assert beyond == palette.of(np.array([blue]), places[1:])


def test_what_is_among_both_counts_less() -> None:
    """A fifth of the first thing's pixels show the second: its colour is then still taken for that of the second."""
    red, blue = codes_of(RED, BLUE)
    codes = np.full((20, 20), red)
    codes[:, 10:] = blue
    codes[:4, :10] = blue
    first = np.zeros((20, 20), bool)
    first[:, :10] = True
    along = np.zeros((20, 20), np.float32)
    one, two = tell_apart(codes, first, along, ~first, along)
    once = Palette.of_pixels(codes, along, first).of(codes, along)
    assert (one - two)[10, 0] > 3
    assert (two - one)[0, 0] > 1
    assert one[0, 0] < once[0, 0] - 0.5
