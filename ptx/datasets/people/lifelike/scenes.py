"""What is behind lifelike people, and what the camera makes of the scene."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.scenes import sample_background

Picture = NDArray[np.float32]

KINDS = {"studio": 0.4, "wall": 0.3, "distant": 0.3}
"""Kind of background → its probability."""

QUALITY = (55, 97)
"""Least and most quality of the JPEG that a picture has been."""


def sample_surroundings(pack: Pack, rng: np.random.Generator, height: int, width: int, floor: float | None) -> Picture:
    """Sample a background: a studio's paper, a wall over a floor, or something out of focus.

    Args:
        pack: with tiles of walls.
        rng: source of all choices.
        height, width: px.
        floor: row where the feet stand, px; None: no floor shows.

    Returns:
        (H, W, 3) in 0..1, as seen.
    """
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "studio" or not pack.walls:
        return _studio(rng, height, width, floor) if kind == "studio" else sample_background(rng, height, width, floor)
    wall = _tiled(pack, rng, height, width)
    if kind == "distant":
        clutter = sample_background(rng, height, width, floor)
        share = np.float32(rng.uniform(0.2, 0.8))
        mixed = share * clutter + (1 - share) * wall
        return np.asarray(cv2.GaussianBlur(mixed, (0, 0), float(rng.uniform(0.008, 0.03)) * height), np.float32)
    if floor is not None:
        line = int(np.clip(floor - rng.uniform(0.02, 0.12) * height, 0, height - 1))
        ground = _tiled(pack, rng, height, width)
        # A floor recedes: its rows are squeezed towards the horizon.
        rows = np.linspace(0, 1, height - line, dtype=np.float32)[:, None] ** 0.6 * (height - 1)
        columns = np.arange(width, dtype=np.float32)[None] + np.zeros_like(rows)
        wall[line:] = cv2.remap(ground, columns, np.broadcast_to(rows, columns.shape).copy(), cv2.INTER_LINEAR)
        skirting = wall[max(0, line - height // 60) : line]
        skirting[:] = 0.5 * skirting + 0.5 * np.float32(rng.uniform(0.1, 0.9))
    blur = float(rng.choice([0.0, 0.7, 1.6]))
    return np.asarray(cv2.GaussianBlur(wall, (0, 0), blur), np.float32) if blur else wall


def _studio(rng: np.random.Generator, height: int, width: int, floor: float | None) -> Picture:
    """Sample paper that is lit unevenly and runs out to the floor."""
    grey = rng.choice([0.97, 0.9, 0.78, 0.5, 0.25], p=[0.4, 0.25, 0.15, 0.12, 0.08])
    colour = np.clip(grey + rng.normal(0, 0.02 if rng.random() < 0.7 else 0.1, 3), 0.03, 1).astype(np.float32)
    rows, columns = (
        np.linspace(0, 1, height, dtype=np.float32)[:, None],
        np.linspace(0, 1, width, dtype=np.float32)[None],
    )
    x, y = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.6)
    glow = 1 - np.float32(rng.uniform(0, 0.35)) * ((columns - x) ** 2 + (rows - y) ** 2)
    out = glow[..., None] * colour
    if floor is not None:
        sweep = np.clip((rows * height - (floor - 0.06 * height)) / (0.12 * height), 0, 1)
        out *= 1 - np.float32(rng.uniform(-0.04, 0.12)) * (sweep * sweep * (3 - 2 * sweep))[..., None]
    return np.asarray(np.clip(out, 0, 1), np.float32)


def _tiled(pack: Pack, rng: np.random.Generator, height: int, width: int) -> Picture:
    """Lay tiles, enlarged, in a colour and under light of their own."""
    tile = pack.picture(pack.walls[rng.integers(len(pack.walls))]).astype(np.float32) / 255
    side = max(8, int(height * rng.uniform(0.35, 1.1)))
    large = cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA if side < len(tile) else cv2.INTER_CUBIC)
    count = -(-height // side) + 1, -(-width // side) + 1
    row, column = rng.integers(side), rng.integers(side)
    out = np.tile(large, (*count, 1))[row : row + height, column : column + width]
    out = np.clip(out * rng.uniform(0.75, 1.2, 3).astype(np.float32) ** 0.5 * np.float32(rng.uniform(0.7, 1.15)), 0, 1)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    return np.asarray(out * (1 + np.float32(rng.uniform(-0.2, 0.2)) * across), np.float32).clip(0, 1)


def cast_on_wall(
    background: Picture, alpha: NDArray[np.float32], direction: NDArray[np.float32], strength: float
) -> None:
    """Darken a background (H, W, 3), in place, by the soft shadow of what covers it by `alpha` (H, W)."""
    height = len(background)
    shift = -direction[:2] * np.array([1, -1]) / max(float(direction[2]), 0.3) * 0.05 * height
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(alpha, move, alpha.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    background *= 1 - np.float32(strength) * cv2.GaussianBlur(moved, (0, 0), 0.025 * height)[..., None]


def photograph(picture: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Photograph a scene (H, W, 3), as seen, in 0..1: exposure, white balance, vignette, blur, noise and JPEG."""
    height, width = picture.shape[:2]
    gain = np.float32(2 ** rng.normal(0, 0.18)) * (1 + rng.normal(0, 0.025, 3)).astype(np.float32)
    out = picture * gain
    contrast = np.float32(rng.normal(1, 0.07))
    out = (out - 0.5) * contrast + 0.5
    if rng.random() < 0.5:
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
        x = np.linspace(-1, 1, width, dtype=np.float32)[None] ** 2
        out *= (1 - np.float32(rng.uniform(0, 0.12)) * (x + y))[..., None]
    blur = float(rng.choice([0.0, 0.4, 0.6, 0.9], p=[0.35, 0.3, 0.25, 0.1])) * height / 256
    if blur:
        out = cv2.GaussianBlur(out, (0, 0), blur)
    noise = rng.standard_normal((height, width), dtype=np.float32)[..., None]
    coloured = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32)
    grain = noise + cv2.resize(coloured, (width, height), interpolation=cv2.INTER_LINEAR)
    out += np.float32(rng.choice([0.002, 0.006, 0.015], p=[0.5, 0.35, 0.15])) * grain
    encoded = np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.8:
        setting = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*QUALITY))]
        data = cv2.imencode(".jpg", encoded[..., ::-1], setting)[1]
        encoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(encoded)
