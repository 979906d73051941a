"""Masks moved to the picture's edges: discs on a ground, a guided filter against its own formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ptx.detector.matting import guided_filter, sharpen_mask


def disc(height: int = 160, width: int = 120, radius: float = 40.3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.hypot(x - 60, y - 80) < radius


def scene(person: np.ndarray, colour: tuple[int, int, int] = (200, 60, 50)) -> np.ndarray:
    """A person of one colour on a green ground, with the noise of a camera."""
    image = np.where(person[..., None], colour, (40, 120, 60))
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_border_moves_to_where_colours_part() -> None:
    """From a blurred disc that is 2 px too small."""
    truth = disc()
    rough = cv2.GaussianBlur(disc(radius=38.3).astype(np.float32), (0, 0), 3)
    sharp = sharpen_mask(scene(truth), rough, (), 0)
    assert overlap(rough > 0.5, truth) < 0.92
    assert overlap(sharp > 0.5, truth) > 0.98
    assert ((sharp > 0.02) & (sharp < 0.98)).mean() < 0.06
    assert sharp.min() >= 0
    assert sharp.max() <= 1


def test_the_same_picture_has_the_same_mask() -> None:
    image, rough = scene(disc()), cv2.GaussianBlur(disc().astype(np.float32), (0, 0), 4)
    first = sharpen_mask(image, rough, (), 7)
    cv2.setRNGSeed(99)  # something else was done in between
    sharpen_mask(image[::-1].copy(), rough[::-1].copy(), (), 3)
    assert np.array_equal(sharpen_mask(image, rough, (), 7), first)


def test_a_limb_as_dark_as_the_ground_stays() -> None:
    """A thin arm of the ground's own colour, which the network has."""
    trunk, arm = disc(), np.zeros((160, 120), bool)
    arm[36:38, 20:100] = True
    rough = cv2.GaussianBlur((trunk | arm).astype(np.float32), (0, 0), 0.8)
    image = scene(trunk)
    kept = sharpen_mask(image, rough, [((20.0, 36.5), (100.0, 36.5))], 0)
    cut = sharpen_mask(image, rough, (), 0)
    outside = arm & ~trunk
    assert (kept > 0.5)[outside].mean() > 0.9
    assert (cut > 0.5)[outside].mean() < 0.5


def test_bones_add_nothing_that_the_network_has_not() -> None:
    image, rough = scene(disc()), cv2.GaussianBlur(disc().astype(np.float32), (0, 0), 2)
    mask = sharpen_mask(image, rough, [((5.0, 5.0), (115.0, 5.0))], 0)
    assert mask[:12].max() < 0.05


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nobody_and_nothing_else(value: float) -> None:
    mask = sharpen_mask(scene(disc()), np.full((160, 120), value, np.float32), (), 0)
    assert mask.shape == (160, 120)
    assert (mask == value).mean() > 0.95


def test_the_guided_filter_by_its_formula() -> None:
    """q = mean(a) I + mean(b) with a = cov(I, p) / (var(I) + ε), b = mean(p) - a mean(I) (He et al., eqs. 5, 6, 8)."""
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (24, 20, 3), np.uint8)
    mask = rng.random((24, 20)).astype(np.float32)
    guide = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) / 255
    slope, offset = np.zeros((24, 20)), np.zeros((24, 20))
    for y in range(2, 22):
        for x in range(2, 18):
            i, p = guide[y - 2 : y + 3, x - 2 : x + 3], mask[y - 2 : y + 3, x - 2 : x + 3]
            slope[y, x] = ((i * p).mean() - i.mean() * p.mean()) / (i.var() + 1e-4)
            offset[y, x] = p.mean() - slope[y, x] * i.mean()
    out = guided_filter(image, mask, 2)
    for y, x in ((8, 9), (12, 10), (15, 6)):
        near = slice(y - 2, y + 3), slice(x - 2, x + 3)
        expected = np.clip(slope[near].mean() * guide[y, x] + offset[near].mean(), 0, 1)
        assert out[y, x] == pytest.approx(expected, abs=1e-4)
