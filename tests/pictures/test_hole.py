"""Photographs made small and filled by copies: against the same said plainly."""

from __future__ import annotations

import numpy as np

from ptx.pictures.hole import AVOIDED, HOLE, KNOWN, copy_pixels, shrink

RNG = np.random.default_rng(0)


def test_blocks_become_pixels() -> None:
    """The mean of what is known in a block, and the highest status; blocks at the edge are smaller."""
    image = RNG.integers(0, 255, (7, 8, 3), np.uint8)
    status = np.full((7, 8), KNOWN, np.uint8)
    status[0, 0], status[0, 1], status[3:6, 3:6] = AVOIDED, HOLE, HOLE
    small, kinds = shrink(image, status, 3)
    assert (kinds == [[HOLE, KNOWN, KNOWN], [KNOWN, HOLE, KNOWN], [KNOWN, KNOWN, KNOWN]]).all()
    first = np.concatenate([image[0, 2:3], image[1:3, :3].reshape(-1, 3)])
    np.testing.assert_allclose(small[0, 0], first.mean(0), rtol=1e-6)
    np.testing.assert_allclose(
        small[1, 1], image[3:6, 3:6].mean((0, 1)), rtol=1e-6
    )  # nothing is known: the mean of all
    np.testing.assert_allclose(small[2, 2], image[6:, 6:].mean((0, 1)), rtol=1e-6)


def test_copies_of_one_place_are_exact() -> None:
    """Where neighbours have one offset the pixels are those of the photograph, shifted, plus the correction, faded in."""
    image = RNG.integers(0, 200, (24, 32, 3), np.uint8)
    status = np.full((6, 8), KNOWN, np.uint8)
    status[1:3, 1:3] = HOLE
    offset = np.zeros((6, 8, 2), np.int64)
    offset[1:3, 1:3] = (2, 4)
    fade = np.zeros((24, 32), np.float32)
    fade[4:12, 4:12] = 1
    fade[4, 4:12] = 0.5
    out = image.copy()
    copy_pixels(image, out, fade, status, offset, np.full((6, 8, 3), 7, np.float32), 4)
    copied = image[12:20, 20:28] + 7.0
    assert (out[5:12, 4:12] == copied[1:]).all()
    assert (np.abs(out[4, 4:12] - 0.5 * (copied[0] + image[4, 4:12])) <= 0.5 + 1e-3).all()
    assert (out[fade == 0] == image[fade == 0]).all()


def test_copies_of_two_places_are_mixed_between_them() -> None:
    """Bilinear weights between the middles of two working pixels, of a red and a green place."""
    image = np.zeros((4, 16, 3), np.uint8)
    image[:, 8:12, 0] = image[:, 12:, 1] = 240
    status = np.full((1, 4), KNOWN, np.uint8)
    status[0, :2] = HOLE
    offset = np.array([[[0, 2], [0, 2], [0, 0], [0, 0]]], np.int64)
    fade = np.zeros((4, 16), np.float32)
    fade[:, :8] = 1
    out = image.copy()
    copy_pixels(image, out, fade, status, offset, np.zeros((1, 4, 3), np.float32), 4)
    assert (out[:, :4] == (240, 0, 0)).all()
    assert (out[:, 4:8] == (0, 240, 0)).all()
    offset[0, 1] = (0, 1)  # red as well, and what lies left of red: nothing
    out = image.copy()
    copy_pixels(image, out, fade, status, offset, np.zeros((1, 4, 3), np.float32), 4)
    share = (np.arange(2, 6) + 0.5) / 4 - 0.5  # of the second working pixel
    red = np.where(np.arange(2, 6) < 4, 240 * (1 - share), 240 * share)
    np.testing.assert_allclose(out[0, 2:6, 0], red, atol=0.51)
