"""Sheets: pictures side by side with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

Image = NDArray[np.uint8]

PAPER, INK, FAINT = (255, 255, 255), (30, 30, 34), (130, 130, 138)
GAP = 12

HEIGHT = 320
"""Height of the panels of one sample or pair, px; a contact sheet's are half."""


@dataclass(frozen=True)
class Panel:
    """A picture (H, W, 3) with what it shows."""

    image: Image
    caption: str = ""


def sheet(rows: Sequence[Sequence[Panel]], title: str = "", *, height: int = 256) -> Image:
    """Panels in rows, all of one height; captions below them, one title above.

    Args:
        rows: panels from left to right, rows from above.
        title: over the sheet; its lines are kept.
        height: px of every panel.

    Returns:
        (H, W, 3) uint8.
    """
    size = max(12, round(height * 0.055))
    font = ImageFont.load_default(size)
    caption_room = size + 8 if any(panel.caption for row in rows for panel in row) else 0
    title_lines = title.splitlines()
    top = GAP + len(title_lines) * (size + 8)
    scaled = [[_to_height(panel.image, height) for panel in row] for row in rows]
    width = max(sum(image.shape[1] + GAP for image in row) for row in scaled) + GAP
    page = Pillow.new("RGB", (width, top + len(rows) * (height + caption_room + GAP)), PAPER)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(title_lines):
        pen.text((GAP, GAP // 2 + number * (size + 8)), line, INK if number == 0 else FAINT, font=font)
    for r, (row, images) in enumerate(zip(rows, scaled, strict=True)):
        x, y = GAP, top + r * (height + caption_room + GAP)
        for panel, image in zip(row, images, strict=True):
            page.paste(Pillow.fromarray(image), (x, y))
            pen.text((x, y + height + 3), _fitting(pen, panel.caption, font, image.shape[1]), FAINT, font=font)
            x += image.shape[1] + GAP
    return np.asarray(page)


def _to_height(image: Image, height: int) -> Image:
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    how = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _fitting(
    pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> str:
    """The text, shortened to the width."""
    if pen.textlength(text, font=font) <= width:
        return text
    while text and pen.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…"
