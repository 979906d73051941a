"""`ptx evaluate --save`: what every method painted, one PNG a pair, so that other tools can score it."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from ptx.models.pixels import to_uint8
from ptx.pictures.png import save_png
from ptx.pipeline.stage import Listing

FASHION_ID = re.compile(r"(\w+)/(\w+)/id_(\d+)/(\d+)_(\d+)_(\w+)")
"""A photograph of DeepFashion, as `ptx.datasets.published` names it."""


class PictureFolder:
    """A folder with one folder a method, and in each `TARGET_SOURCE.png`, the ids of the pair's pictures."""

    def __init__(self, folder: Path, listing: Listing) -> None:
        self.folder = folder
        self.listing = listing

    def save(self, method: str, pairs: Tensor, pictures: Tensor) -> None:
        """Write pictures (B, 3, H, W) in -1..1 of pairs (B,), at the working resolution, rounded to 8 bits."""
        for pair, pixels in zip(pairs.tolist(), to_uint8(pictures), strict=True):
            target, source = self._pairs[pair].tolist()
            name = f"{flat_name(self.listing.ids[target])}_{flat_name(self.listing.ids[source])}.png"
            save_png(pixels, self.folder / folder_name(method) / name)

    @cached_property
    def _pairs(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        return np.asarray(self.listing.pairs)


def folder_name(method: str) -> str:
    """Name a method's folder: `generator + pixel warping` → `generator-pixel-warping`."""
    return re.sub(r"[^a-z0-9]+", "-", method.lower()).strip("-")


def flat_name(image: str) -> str:
    """Name a picture by its id, without folders.

    DeepFashion's are named as the field flattens them (GFLA's script/generate_fashion_datasets.py:48-55):
    `WOMEN/Dresses/id_00000001/02_1_front` → `fashionWOMENDressesid0000000102_1front`.
    """
    if match := FASHION_ID.fullmatch(image):
        gender, category, person, outfit, number, side = match.groups()
        return f"fashion{gender}{category}id{person}{outfit}_{number}{side}"
    return image.replace("/", "-")
