"""What is behind the person, and the light on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

WALLS = (
    (0.96, 0.96, 0.95),
    (0.86, 0.86, 0.88),
    (0.62, 0.68, 0.72),
    (0.75, 0.68, 0.58),
    (0.45, 0.52, 0.47),
    (0.30, 0.31, 0.36),
)


@dataclass(frozen=True)
class Light:
    """One distant light and the light from all around."""

    direction: NDArray[np.float32]
    """(3,) towards the light: x right, y up, z towards the viewer; length 1."""
    strength: float
    ambient: float
    tint: NDArray[np.float32]
    """(3,) colour."""


def draw_light(rng: np.random.Generator) -> Light:
    """A light above, before the person, from one side."""
    direction = np.array([rng.uniform(-0.9, 0.9), rng.uniform(0.5, 1.2), rng.uniform(0.6, 1.3)])
    tint = 1 + rng.normal(0, 0.025, 3)
    return Light(
        (direction / np.linalg.norm(direction)).astype(np.float32),
        float(rng.uniform(0.45, 0.75)),
        float(rng.uniform(0.42, 0.6)),
        tint.astype(np.float32),
    )


def draw_background(rng: np.random.Generator, height: int, width: int, floor: float | None) -> Picture:
    """A background (H, W, 3) in 0..1: a studio's paper, a wall, or something out of focus.

    Args:
        rng: what decides.
        height, width: px.
        floor: row where the feet stand, None where no floor shows.
    """
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None]
    colour = np.array(WALLS[rng.integers(len(WALLS))], np.float32) * rng.uniform(0.92, 1.03, 3).astype(np.float32)
    kind = rng.choice(["paper", "wall", "blurred"], p=[0.45, 0.25, 0.3])
    centre = rng.uniform(0.3, 0.7)
    glow = 1 - np.float32(rng.uniform(0.05, 0.25)) * ((columns - centre) ** 2 + (rows - 0.4) ** 2)
    out = glow[..., None] * colour
    if kind == "wall":
        out = out * _wall(rng, height, width)
        if floor is not None:
            line = int(np.clip(floor - rng.uniform(0.02, 0.1) * height, 0, height))
            out[line:] *= np.array(rng.uniform(0.5, 0.9, 3), np.float32)
    elif kind == "blurred":
        out = _blurred(rng, height, width, colour)
    return np.clip(out, 0, 1).astype(np.float32)


def _wall(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Bricks, boards or plaster, as factors (H, W, 1)."""
    out = np.ones((height, width), np.float32)
    size = max(4, int(height * rng.uniform(0.05, 0.12)))
    kind = rng.choice(["bricks", "boards", "plaster"])
    if kind == "plaster":
        coarse = rng.normal(1, 0.06, (9, 9)).astype(np.float32)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    rows, columns = np.mgrid[:height, :width]
    row = rows // size
    cell = columns // (2 * size) if kind == "boards" else (columns + row % 2 * size) // (2 * size)
    if kind == "boards":
        row = row * 0
    shades = rng.normal(1, 0.05, 997).astype(np.float32)
    out *= shades[(row * 131 + cell * 17) % 997]
    thick = max(1, size // 12)
    if kind == "bricks":
        out[(rows % size < thick) | ((columns + row % 2 * size) % (2 * size) < thick)] *= 0.85
    else:
        out[columns % (2 * size) < thick] *= 0.8
    return out[..., None]


def _blurred(rng: np.random.Generator, height: int, width: int, colour: NDArray[np.float32]) -> Picture:
    """Shapes of many colours, far out of focus."""
    small = np.empty((64, 64, 3), np.float32)
    small[:] = colour
    for _ in range(int(rng.integers(10, 26))):
        shade = tuple(float(v) for v in np.clip(colour * rng.uniform(0.35, 1.3) + rng.normal(0, 0.1, 3), 0, 1))
        x, y, w, h = (int(v) for v in rng.integers((-10, -10, 4, 4), (64, 64, 26, 40)))
        if rng.random() < 0.5:
            cv2.rectangle(small, (x, y), (x + w, y + h), shade, -1)
        else:
            cv2.circle(small, (x, y), w // 2, shade, -1)
    small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(1.2, 3)))
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def cast_shadow(background: Picture, feet: NDArray[np.floating], metre: float) -> None:
    """Darken the floor around the feet (K, 2) px, in place; `metre` in px."""
    height, width = background.shape[:2]
    shade = np.zeros((height, width), np.float32)
    for x, y in feet:
        axes = (max(1, int(0.16 * metre)), max(1, int(0.045 * metre)))
        cv2.ellipse(shade, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), max(1.0, 0.035 * metre))
    background *= 1 - 0.4 * shade[..., None]
