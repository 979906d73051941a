"""Backgrounds and light of synthetic images."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""(H, W, 3) RGB in 0..1."""

WALL_COLOURS = (
    (0.96, 0.96, 0.95),
    (0.86, 0.86, 0.88),
    (0.62, 0.68, 0.72),
    (0.75, 0.68, 0.58),
    (0.45, 0.52, 0.47),
    (0.30, 0.31, 0.36),
)
"""Colours of backgrounds, RGB in 0..1."""

BACKGROUND_KINDS = {"paper": 0.45, "wall": 0.25, "blurred": 0.3}
"""Kind of background → its probability."""

WALL_SHADES = 997
"""Number of shades of bricks or boards, a prime: neighbours differ, and the order does not repeat."""

CONTACT_SHADOW = 0.4
"""Share of the light that the floor loses under the feet."""


@dataclass(frozen=True)
class Light:
    """One distant light, and light from all around."""

    direction: NDArray[np.float32]
    """(3,) towards the light: x right, y up, z towards the viewer; length 1."""
    strength: float
    """Brightness of a surface that faces the distant light."""
    ambient: float
    """Brightness everywhere."""
    tint: NDArray[np.float32]
    """(3,) colour of all light, about 1."""


def sample_light(rng: np.random.Generator) -> Light:
    """Sample a light above and before the person, from one side."""
    direction = np.array([rng.uniform(-0.9, 0.9), rng.uniform(0.5, 1.2), rng.uniform(0.6, 1.3)])
    tint = 1 + rng.normal(0, 0.025, 3)
    return Light(
        (direction / np.linalg.norm(direction)).astype(np.float32),
        float(rng.uniform(0.45, 0.75)),
        float(rng.uniform(0.42, 0.6)),
        tint.astype(np.float32),
    )


def sample_background(rng: np.random.Generator, height: int, width: int, floor: float | None) -> Picture:
    """Sample a background: a studio's paper, a wall, or something out of focus.

    Args:
        rng: source of all choices.
        height, width: px.
        floor: row where the feet stand, px; None: no floor shows.

    Returns:
        (H, W, 3) in 0..1.
    """
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 1, width, dtype=np.float32)[None]
    colour = np.array(WALL_COLOURS[rng.integers(len(WALL_COLOURS))], np.float32)
    colour = colour * rng.uniform(0.92, 1.03, 3).astype(np.float32)
    kind = rng.choice(list(BACKGROUND_KINDS), p=list(BACKGROUND_KINDS.values()))
    centre = rng.uniform(0.3, 0.7)
    glow = 1 - np.float32(rng.uniform(0.05, 0.25)) * ((columns - centre) ** 2 + (rows - 0.4) ** 2)
    out = glow[..., None] * colour
    if kind == "wall":
        out = out * _sample_wall(rng, height, width)
        if floor is not None:
            line = int(np.clip(floor - rng.uniform(0.02, 0.1) * height, 0, height))
            out[line:] *= np.array(rng.uniform(0.5, 0.9, 3), np.float32)
    elif kind == "blurred":
        out = _sample_blurred(rng, height, width, colour)
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _sample_wall(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Sample bricks, boards or plaster, as factors (H, W, 1) of a wall's colour."""
    size = max(4, int(height * rng.uniform(0.05, 0.12)))
    kind = rng.choice(["bricks", "boards", "plaster"])
    if kind == "plaster":
        coarse = rng.normal(1, 0.06, (9, 9)).astype(np.float32)
        fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(fine[..., None], np.float32)
    rows, columns = np.mgrid[:height, :width]
    row = rows // size
    cell = columns // (2 * size) if kind == "boards" else (columns + row % 2 * size) // (2 * size)
    if kind == "boards":
        row = row * 0
    shades = rng.normal(1, 0.05, WALL_SHADES).astype(np.float32)
    out = shades[(row * 131 + cell * 17) % WALL_SHADES]
    joint = max(1, size // 12)
    if kind == "bricks":
        out[(rows % size < joint) | ((columns + row % 2 * size) % (2 * size) < joint)] *= 0.85
    else:
        out[columns % (2 * size) < joint] *= 0.8
    return np.asarray(out[..., None], np.float32)


def _sample_blurred(rng: np.random.Generator, height: int, width: int, colour: NDArray[np.float32]) -> Picture:
    """Sample shapes of many colours about a colour (3,), far out of focus."""
    small = np.empty((64, 64, 3), np.float32)
    small[:] = colour
    for _ in range(int(rng.integers(10, 26))):
        shade = tuple(float(v) for v in np.clip(colour * rng.uniform(0.35, 1.3) + rng.normal(0, 0.1, 3), 0, 1))
        x, y, w, h = (int(v) for v in rng.integers((-10, -10, 4, 4), (64, 64, 26, 40)))
        if rng.random() < 0.5:
            cv2.rectangle(small, (x, y), (x + w, y + h), shade, -1)
        else:
            cv2.circle(small, (x, y), w // 2, shade, -1)
    blurred = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(1.2, 3)))
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def cast_shadow(background: Picture, feet: NDArray[np.floating], scale: float) -> None:
    """Darken the floor around the feet, in place.

    Args:
        background: (H, W, 3).
        feet: (K, 2) x, y px.
        scale: of the camera, px per metre.
    """
    shade = np.zeros(background.shape[:2], np.float32)
    for x, y in feet:
        axes = (max(1, int(0.16 * scale)), max(1, int(0.045 * scale)))
        cv2.ellipse(shade, (int(x), int(y)), axes, 0, 0, 360, 1.0, -1)
    blurred = cv2.GaussianBlur(shade, (0, 0), max(1.0, 0.035 * scale))
    background *= 1 - CONTACT_SHADOW * blurred[..., None]
