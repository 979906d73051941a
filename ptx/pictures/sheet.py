"""Arrange images with captions on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

PAPER = (255, 255, 255)
"""Colour of the page."""

TITLE_COLOUR = (30, 30, 34)
"""Colour of the title's first line."""

TEXT_COLOUR = (130, 130, 138)
"""Colour of captions and of the title's other lines."""

GAP = 12
"""Space around panels, px."""

LEADING = 8
"""Space between lines of text, px."""

TEXT_SIZE = 0.055
"""Size of the text as a share of the panels' height; at least `MIN_TEXT_SIZE`."""

MIN_TEXT_SIZE = 12
"""Smallest size of the text, px."""

PANEL_HEIGHT = 320
"""Height of the panels of one sample or pair, px; a contact sheet's are half as high."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
"""Font of Pillow."""


@dataclass(frozen=True)
class Panel:
    """An image with its caption."""

    image: Image
    """(H, W, 3), of any size."""
    caption: str = ""
    """Text below it, cut to its width."""


def sheet(rows: Sequence[Sequence[Panel]], title: str = "", *, height: int = 256) -> Image:
    """Arrange panels in rows, scaled to one height, with captions below them and one title above.

    Args:
        rows: panels from left to right, rows from above.
        title: over the sheet, of one or several lines.
        height: px of every panel.

    Returns:
        (H, W, 3) uint8.
    """
    size = max(MIN_TEXT_SIZE, round(height * TEXT_SIZE))
    font = ImageFont.load_default(size)
    line_height = size + LEADING
    caption_height = line_height if any(panel.caption for row in rows for panel in row) else 0
    title_lines = title.splitlines()
    top = GAP + len(title_lines) * line_height
    scaled = [[_to_height(panel.image, height) for panel in row] for row in rows]
    width = max(sum(image.shape[1] + GAP for image in row) for row in scaled) + GAP
    row_height = height + caption_height + GAP
    page = Pillow.new("RGB", (width, top + len(rows) * row_height), PAPER)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(title_lines):
        colour = TITLE_COLOUR if number == 0 else TEXT_COLOUR
        pen.text((GAP, GAP // 2 + number * line_height), line, colour, font=font)
    for number, (row, images) in enumerate(zip(rows, scaled, strict=True)):
        x = GAP
        y = top + number * row_height
        for panel, image in zip(row, images, strict=True):
            page.paste(Pillow.fromarray(image), (x, y))
            pen.text((x, y + height + 3), _shorten(pen, panel.caption, font, image.shape[1]), TEXT_COLOUR, font=font)
            x += image.shape[1] + GAP
    return np.asarray(page)


def _to_height(image: Image, height: int) -> Image:
    """Scale an image (H, W, 3) to a height in px, keeping its shape."""
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    interpolation = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def _shorten(pen: ImageDraw.ImageDraw, text: str, font: Font, width: int) -> str:
    """Cut a text, with an ellipsis, to a width in px."""
    if pen.textlength(text, font=font) <= width:
        return text
    while text and pen.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…"
