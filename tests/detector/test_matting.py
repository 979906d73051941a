"""Masks moved to the picture's edges: discs on a ground, the guided filter against its own formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ptx.detector.matting import EPSILON, TINY, guided_filter, sharpen_mask


def disc(height: int = 320, width: int = 240, radius: float = 100.3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.hypot(x - 120, y - 160) < radius


def scene(person: np.ndarray, colour: tuple[int, int, int] = (200, 60, 50)) -> np.ndarray:
    """A person of one colour on a green ground, with the noise of a camera."""
    image = np.where(person[..., None], colour, (40, 120, 60))
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("radius", [97.3, 103.3])
def test_the_border_moves_to_where_colours_part(radius: float) -> None:
    """From a blurred disc that is 3 px too small or too large."""
    truth = disc()
    rough = cv2.GaussianBlur(disc(radius=radius).astype(np.float32), (0, 0), 2)
    sharp = sharpen_mask(scene(truth), rough)
    assert overlap(rough > 0.5, truth) < 0.95
    assert overlap(sharp > 0.5, truth) > 0.97
    assert sharp.min() >= 0
    assert sharp.max() <= 1


@pytest.mark.parametrize("radius", [97.3, 103.3])
def test_in_a_large_picture_too(radius: float) -> None:
    """Four times as large, where the filter is computed of a smaller picture: a third of what is wrong is mended at least."""

    def large(size: float) -> np.ndarray:
        y, x = np.mgrid[:1280, :960]
        return np.hypot(x - 480, y - 640) < 4 * size

    rough = cv2.GaussianBlur(large(radius).astype(np.float32), (0, 0), 8)
    sharp = sharpen_mask(scene(large(100.3)), rough)
    assert 1 - overlap(sharp > 0.5, large(100.3)) < 0.7 * (1 - overlap(rough > 0.5, large(100.3)))


def test_colours_of_one_brightness_part_too() -> None:
    """Where grey sees no edge."""
    truth = disc()
    image = np.where(truth[..., None], (200, 60, 60), (72, 116, 60)).astype(np.uint8)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    assert np.ptp(grey) <= 12
    rough = cv2.GaussianBlur(disc(radius=97.3).astype(np.float32), (0, 0), 2)
    assert overlap(sharpen_mask(image, rough) > 0.5, truth) > 0.97


def test_a_limb_as_dark_as_the_ground_stays() -> None:
    """A thin arm of the ground's own colour, which the network has; also where nothing at all is to be seen."""
    arm = np.zeros((320, 240), bool)
    arm[150:162, 5:235] = True
    rough = cv2.GaussianBlur((disc() | arm).astype(np.float32), (0, 0), 1.5)
    for image in (scene(disc()), np.full((320, 240, 3), 40, np.uint8)):
        away = arm & ~disc(radius=112)
        assert (sharpen_mask(image, rough) > 0.5)[away].mean() > 0.9


def test_nobody() -> None:
    assert not sharpen_mask(scene(disc()), np.zeros((320, 240), np.float32)).any()


def test_everybody() -> None:
    assert sharpen_mask(scene(disc()), np.ones((320, 240), np.float32)).min() > 0.99


def test_the_guided_filter_by_its_formula() -> None:
    """Mean over windows of a·I + b, with (Σ + ε) a = cov(I, p), b = mean(p) - a·mean(I) (He et al., 2010, eqs. 19 to 21)."""
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (24, 20, 3), np.uint8)
    mask = rng.random((24, 20)).astype(np.float32)
    slope, offset = np.zeros((24, 20, 3)), np.zeros((24, 20))
    explained, variance = np.zeros((24, 20)), np.zeros((24, 20))
    for y in range(2, 22):
        for x in range(2, 18):
            colours = image[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3) / 255
            values = mask[y - 2 : y + 3, x - 2 : x + 3].ravel().astype(np.float64)
            sigma = np.cov(colours.T, bias=True)
            with_values = (colours * values[:, None]).mean(0) - colours.mean(0) * values.mean()
            slope[y, x] = np.linalg.solve(sigma + EPSILON * np.eye(3), with_values)
            offset[y, x] = values.mean() - slope[y, x] @ colours.mean(0)
            explained[y, x] = slope[y, x] @ with_values
            variance[y, x] = values.var()
    filtered, share = guided_filter(image, mask, 2)
    for y, x in ((8, 9), (12, 10), (15, 6)):
        near = slice(y - 2, y + 3), slice(x - 2, x + 3)
        expected = slope[near].mean((0, 1)) @ (image[y, x] / 255) + offset[near].mean()
        assert filtered[y, x] == pytest.approx(expected, abs=1e-9)
        assert share[y, x] == pytest.approx(explained[near].mean() / (variance[near].mean() + TINY), abs=1e-9)
