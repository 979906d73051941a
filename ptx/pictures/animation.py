"""Frames as a moving picture: GIF or MP4."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.durable import write_atomic

Image = NDArray[np.uint8]

RATE = 12
"""Frames a second."""


def write_animation(path: Path, frames: Sequence[Image]) -> Path:
    """Write frames (H, W, 3) of one size as .gif, which begins again and again, or as .mp4.

    Raises:
        PtxError: another ending, or this OpenCV cannot write MP4.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".gif":
        write_atomic(path, _gif(frames))
    elif path.suffix.lower() == ".mp4":
        _mp4(path, frames)
    else:
        raise PtxError(f"{path}: moving pictures are written as .gif or .mp4")
    return path


def _gif(frames: Sequence[Image]) -> bytes:
    """One palette for all frames, so that colours do not jump."""
    whole = Pillow.fromarray(np.concatenate(list(frames)))
    palette = whole.quantize(255, dither=Pillow.Dither.NONE)
    pages = [Pillow.fromarray(f).quantize(palette=palette, dither=Pillow.Dither.NONE) for f in frames]
    memory = BytesIO()
    pages[0].save(memory, "GIF", save_all=True, append_images=pages[1:], duration=1000 // RATE, loop=0, optimize=False)
    return memory.getvalue()


def _mp4(path: Path, frames: Sequence[Image]) -> None:
    height, width = frames[0].shape[:2]
    # OpenCV names the file itself: written beside the place, then moved there.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        half = Path(folder) / "half.mp4"
        writer = cv2.VideoWriter(str(half), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (width, height))
        if not writer.isOpened():
            raise PtxError(f"{path}: this OpenCV cannot write MP4; write a .gif")
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        os.replace(half, path)
