"""Cloth and prints cut out of photographs of garments, and tiles of walls and floors."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PATCH = 128
"""Side of a patch, px."""

GARMENTS = ("T-Shirt", "Longsleeve", "Dress", "Shirt", "Blouse", "Skirt", "Hoodie", "Polo", "Top", "Blazer", "Outwear")
"""Labels of garments whose cloth is taken."""

EXCLUDED = (
    "01d1fed7",
    "0406b620",
    "0809f68f",
    "0add1694",
    "0b55a8e8",
    "25812699",
    "27e3edf7",
    "46b316a6",
    "7a20924e",
    "823f659c",
    "a1207d92",
    "a60677b2",
    "a8886e1f",
    "ab3d56c8",
    "b118ef1e",
    "bac6b08c",
    "c4342f5a",
    "c44a5771",
    "c76e3103",
    "cf50acf0",
    "d5c7bcbc",
    "d9cf9703",
    "da1eb101",
    "df92f052",
    "e9a97cee",
    "ec196957",
    "f000dafc",
    "f6943183",
    "fcfc68be",
)
"""Beginnings of the names of photographs that show words, trade marks or faces."""

WALLS = (
    "Bricks",
    "Concrete",
    "Plaster",
    "Wallpaper",
    "Planks",
    "Tiles",
    "WoodFloor",
    "Marble",
    "PavingStones",
    "WoodSiding",
    "Rock",
)
"""Sheets of tiles that are walls or floors."""


def write_prints(folder: Path, out: Path, count: int) -> list[str]:
    """Write the cloth of `count` garments, the most evenly patterned and not the plain ones; returns the pictures' names."""
    with (folder / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in GARMENTS and row["kids"] == "False"]
    rows = [row for row in rows if not row["image"].startswith(EXCLUDED)]
    scored: list[tuple[float, str, NDArray[np.uint8]]] = []
    for row in rows[:: max(1, len(rows) // (count * 14))]:
        picture = cv2.imread(str(folder / "images" / f"{row['image']}.jpg"))
        if picture is None or min(picture.shape[:2]) < 300:
            continue
        patch = _patch(picture)
        score = _evenness(patch)
        if score > 0:
            scored.append((score, row["image"], patch))
    best = sorted(scored, key=lambda entry: (-entry[0], entry[1]))[:count]
    names = []
    for number, (_, _, patch) in enumerate(best):
        names.append(f"print{number:03d}.jpg")
        cv2.imwrite(str(out / names[-1]), patch, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return names


def _patch(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the middle out of a photograph, a garment's cloth, made to repeat by mirrors."""
    height, width = picture.shape[:2]
    side = int(0.22 * min(height, width))
    y, x = height // 2 - side // 2, width // 2 - side // 2
    half = cv2.resize(picture[y : y + side, x : x + side], (PATCH, PATCH), interpolation=cv2.INTER_AREA)
    # Light falls unevenly: leave the pattern, not the photographer's lamp.
    blurred = cv2.GaussianBlur(half.astype(np.float32), (0, 0), PATCH / 4)
    return np.asarray(np.clip(half / np.maximum(blurred, 8) * blurred.mean((0, 1)), 0, 255), np.uint8)


def _evenness(patch: NDArray[np.uint8]) -> float:
    """Score a patch: contrast that is alike in its four quarters; 0 for plain cloth and for single figures."""
    half = PATCH // 2
    quarters = [patch[y : y + half, x : x + half].reshape(-1, 3).astype(float) for y in (0, half) for x in (0, half)]
    means, deviations = np.stack([q.mean(0) for q in quarters]), np.stack([q.std(0) for q in quarters])
    contrast = deviations.mean()
    return float(contrast - 1.5 * means.std(0).max() - 1.5 * deviations.std(0).max()) if contrast > 7 else 0.0


def wall_tiles(folder: Path, out: Path, count: int) -> list[str]:
    """Write tiles of walls and floors, of every kind alike; returns the pictures' names."""
    tiles = []
    for kind in WALLS:
        sheet = cv2.imread(str(folder / "previews" / f"{kind}.webp"))
        own = [] if sheet is None else _cut_sheet(sheet)
        share = max(1, count // len(WALLS))
        tiles += own[:: max(1, len(own) // share)][:share]
    for number, tile in enumerate(tiles):
        cv2.imwrite(str(out / f"wall{number:03d}.jpg"), tile, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return [f"wall{number:03d}.jpg" for number in range(len(tiles))]


def _cut_sheet(sheet: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Cut the square tiles out of a sheet of previews; those that are not square end in white."""
    tiles = []
    for y in range(16, sheet.shape[0] - PATCH, 176):
        for x in range(16, sheet.shape[1] - PATCH + 1, 144):
            tile = sheet[y : y + PATCH, x : x + PATCH]
            if tile[-3:].min() < 250 and tile[:, -3:].min() < 250:
                tiles.append(tile)
    return tiles
