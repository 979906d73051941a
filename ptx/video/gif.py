"""GIF files written frame after frame, with one palette for all, so that colours do not jump."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin
from PIL import Image as Pillow

Image = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W, 4) with alpha."""

PALETTE_COLOURS = 255
"""Number of colours; the last of 256 stands for transparency."""

TRANSPARENT = 255
"""Number of the transparent colour: what was there before shows, or nothing."""

PALETTE_FRAMES = 32
"""Frames that a palette is chosen from: the first ones, where others are not given."""

PALETTE_PIXELS = 1 << 20
"""About as many pixels of them are looked at."""

SHORTEST = 2
"""Hundredths of a second that a frame stands at least; browsers slow down what is faster."""

LONGEST_COMMENT_BLOCK = 255
"""Bytes of a block of a GIF."""


class GifFile:
    """A GIF that repeats for ever. Where alpha is below a half it is transparent."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: Fraction,
        *,
        alpha: bool,
        comment: str,
        palette_from: Sequence[Image] = (),
    ) -> None:
        self._file = path.open("wb")
        self._size, self._fps, self._alpha, self._comment = size, fps, alpha, comment
        self._first: list[Image] = []
        """Frames before the palette is chosen."""
        self._palette: Pillow.Image | None = None
        """None while it is to be chosen from the first frames."""
        self._written = 0
        """Number of frames that were brought to the palette."""
        self._waiting: tuple[int, NDArray[np.uint8]] | None = None
        """When it begins, in hundredths of a second, and (H, W) colours of the frame whose length is not known yet."""
        self._before: NDArray[np.uint8] | None = None
        """Colours of the frame in the file before it."""
        if palette_from:
            self._begin(choose_palette(palette_from))

    def write(self, image: Image) -> None:
        """Add a frame."""
        if self._palette is not None:
            self._append(image, self._palette)
            return
        self._first.append(image.copy())
        if len(self._first) == PALETTE_FRAMES:
            self._begin(choose_palette(self._first))

    def finish(self) -> None:
        """Write what is left and close the file."""
        if self._palette is None:
            self._begin(choose_palette(self._first))
        if self._waiting is not None:
            self._put(self._time(self._written))
        self._file.write(b";")
        self._file.close()

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _begin(self, palette: Pillow.Image) -> None:
        """Write the head of the file and the frames up to here."""
        self._palette = palette
        height, width = self._size
        colours = bytes(palette.getpalette() or [])[: 3 * PALETTE_COLOURS].ljust(3 * 256, b"\0")
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + colours)
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", 0) + b"\0")
        comment = self._comment.encode()
        if comment:
            blocks = [comment[k : k + LONGEST_COMMENT_BLOCK] for k in range(0, len(comment), LONGEST_COMMENT_BLOCK)]
            self._file.write(b"!\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0")
        for image in self._first:
            self._append(image, palette)
        self._first = []

    def _append(self, image: Image, palette: Pillow.Image) -> None:
        """Bring a frame to the palette; the frame before it can then be written."""
        opaque = Pillow.fromarray(np.ascontiguousarray(image[..., :3]))
        colours = np.array(opaque.quantize(palette=palette, dither=Pillow.Dither.NONE))
        if self._alpha:
            colours[image[..., 3] < 128] = TRANSPARENT
        begins = self._time(self._written)
        self._written += 1
        if self._waiting is not None:
            if begins - self._waiting[0] < SHORTEST:
                return  # faster than GIFs are played: left out
            self._put(begins)
        self._waiting = (begins, colours)

    def _put(self, until: int) -> None:
        """Write the frame that waits, shown until then, in hundredths of a second."""
        assert self._waiting is not None
        begins, colours = self._waiting
        offset, part = (0, 0), colours
        if self._before is not None and not self._alpha:
            offset, part = _changed(self._before, colours)
        params = {
            "duration": 10 * max(until - begins, SHORTEST), "transparency": TRANSPARENT, "disposal": 2 if self._alpha else 1,
        }  # fmt: skip
        self._file.write(b"".join(GifImagePlugin.getdata(Pillow.fromarray(part, "P"), offset, **params)))
        self._before = colours

    def _time(self, number: int) -> int:
        """Hundredths of a second at which a frame begins."""
        return round(100 * number / self._fps)


def choose_palette(frames: Sequence[Image]) -> Pillow.Image:
    """Choose PALETTE_COLOURS colours for frames by median cut; what is transparent does not count."""
    step = max(1, round((sum(frame.shape[0] * frame.shape[1] for frame in frames) / PALETTE_PIXELS) ** 0.5))
    pixels = np.concatenate([frame[::step, ::step].reshape(-1, frame.shape[-1]) for frame in frames])
    if pixels.shape[1] == 4:
        pixels = pixels[pixels[:, 3] >= 128]
    if not len(pixels):
        pixels = np.zeros((1, 3), np.uint8)
    return Pillow.fromarray(np.ascontiguousarray(pixels[None, :, :3])).quantize(
        PALETTE_COLOURS, dither=Pillow.Dither.NONE
    )


def _changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """Return x, y and the colours of the smallest rectangle that holds all changes; transparent where nothing changed."""
    change = before != after
    rows, columns = np.flatnonzero(change.any(axis=1)), np.flatnonzero(change.any(axis=0))
    if not len(rows):
        return (0, 0), np.full((1, 1), TRANSPARENT, np.uint8)
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return (int(columns[0]), int(rows[0])), np.where(change[window], after[window], np.uint8(TRANSPARENT))
