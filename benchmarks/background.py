"""People removed from pictures whose background is known: how near the filling is to it, beside OpenCV's inpainting.

    python benchmarks/background.py [--count 4]

Silhouettes of synthetic people hide parts of made backgrounds of 768 x 512 px: those of the synthetic people, and patterns. Compared
are, in the hole, PSNR and the distance of two histograms of gradients (of strength and direction; half the sum of differences: 0 is
alike, 1 has nothing in common), which sees a blur or a repeated patch where PSNR sees none. The peer is `cv2.inpaint` by Telea, 2004.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
from common import table

from ptx.datasets.people import People, PeopleOptions
from ptx.datasets.people.scenes import sample_background
from ptx.pictures.background import remove_person

HEIGHT, WIDTH = 768, 512
GRAIN = 2.0
"""Standard deviation of the noise on scenes, grey levels."""

HIDDEN = (255, 0, 255)
"""Colour that the person is painted in: it shows where something of them is copied."""

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def telea(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    hole = cv2.dilate((mask > 0).astype(np.uint8), np.ones((7, 7), np.uint8))
    return np.asarray(cv2.inpaint(image, hole, 5, cv2.INPAINT_TELEA))


def noise(rng: np.random.Generator, deviation: float, blur: float = 0) -> np.ndarray:
    values = rng.normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    if blur:
        values = cv2.GaussianBlur(values, (0, 0), blur)
    return values / values.std() * deviation


def background(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Make a background (H, W, 3) uint8."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    glow = (1 - 0.3 * ((x / WIDTH - 0.6) ** 2 + (y / HEIGHT - 0.3) ** 2))[..., None]
    if kind == "scene":
        out = 255 * sample_background(rng, HEIGHT, WIDTH, 0.85 * HEIGHT) + noise(rng, GRAIN)
    elif kind == "studio":
        out = glow * (205, 206, 210) + noise(rng, 1.5)
    elif kind == "noise":
        out = 128 + noise(rng, 30, 1.5)
    elif kind == "stripes":
        angle, width = rng.uniform(0, np.pi), rng.uniform(4, 9)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / width)[..., None]
        out = 128 + wave * (60, 36, 18) + noise(rng, 4)
    elif kind == "checks":
        side = int(rng.integers(16, 40))
        light = ((x // side + y // side) % 2 > 0)[..., None]
        out = cv2.GaussianBlur(np.where(light, (200.0, 190, 170), (90.0, 70, 60)), (0, 0), 1) + noise(rng, 5)
    else:
        floor = (y > HEIGHT * rng.uniform(0.6, 0.85))[..., None]
        out = glow * np.where(floor, (120, 90, 60), (190, 195, 200)) + noise(rng, 5, 1)
    return out.clip(0, 255).astype(np.uint8)


KINDS = ("scene", "studio", "noise", "stripes", "checks", "floor")


def psnr(image: np.ndarray, truth: np.ndarray, inside: np.ndarray) -> float:
    error = ((image.astype(float) - truth)[inside] ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def gradients(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Histogram (16, 8) of gradients: octaves of strength, and directions."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.8)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axes) / 8 for axes in ((1, 0), (0, 1)))
    strength = np.log2(1 + np.hypot(across, down))[inside]
    direction = (np.arctan2(down, across)[inside] % np.pi) / np.pi
    counts, _, _ = np.histogram2d(strength, direction, bins=(16, 8), range=((0, 7), (0, 1)))
    return counts / counts.sum()


def score(fill: Fill, kind: str, masks: list[np.ndarray]) -> tuple[float, float, float]:
    """Return PSNR, distance of gradients, and seconds, means of one picture a mask."""
    rows = []
    for number, mask in enumerate(masks):
        truth = background(kind, np.random.default_rng(100 + number))
        image = truth.copy()
        image[mask > 0] = HIDDEN
        started = time.perf_counter()
        filled = fill(image, mask)
        spent = time.perf_counter() - started
        inside = mask > 0
        distance = np.abs(gradients(filled, inside) - gradients(truth, inside)).sum() / 2
        rows.append((psnr(filled, truth, inside), distance, spent))
    first, second, third = np.mean(rows, axis=0).tolist()
    return first, second, third


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=4, help="pictures of each kind")
    count = parser.parse_args().count
    people = People(PeopleOptions(count, 1, seed=3, size=(HEIGHT, WIDTH), half_body=0.3, body="small"))
    masks = [cv2.GaussianBlur((people.garment_labels(i) > 0).astype(np.float32), (0, 0), 0.7) for i in range(count)]
    remove_person(np.zeros((64, 64, 3), np.uint8), np.pad(np.ones((20, 20), np.float32), 22))  # compiles
    rows = []
    for kind in KINDS:
        ours, theirs = score(remove_person, kind, masks), score(telea, kind, masks)
        rows.append(
            [kind, *(f"{a:.{digits}f} / {b:.{digits}f}" for a, b, digits in zip(ours, theirs, (1, 3, 2), strict=True))]
        )
    table(["background", "PSNR, dB: ours / Telea", "gradients: ours / Telea", "seconds: ours / Telea"], rows)


if __name__ == "__main__":
    main()
