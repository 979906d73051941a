"""Write frames as a GIF or MP4."""

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

from ptx.pictures.provenance import Provenance
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import write_atomic

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

FRAMES_PER_SECOND = 12
"""Rate at which frames are played."""

PALETTE_COLOURS = 255
"""Number of colours of a GIF."""


XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Type of the box of an MP4 file that holds XMP (ISO 16684-3)."""


def write_animation(path: Path, frames: Sequence[Image], provenance: Provenance | None = None) -> Path:
    """Write frames as .gif, which repeats for ever, or as .mp4.

    Args:
        path: of the file; its folder is created.
        frames: images (H, W, 3) of one size.
        provenance: what pictures of people say about themselves: the comment of a GIF, XMP in an MP4.

    Returns:
        `path`.

    Raises:
        PtxError: the path has another ending, or this OpenCV cannot write MP4.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".gif":
        write_atomic(path, _gif(frames, provenance))
    elif path.suffix.lower() == ".mp4":
        _mp4(path, frames, provenance)
    else:
        raise PtxError(f"{path}: moving pictures are written as .gif or .mp4")
    return path


def _gif(frames: Sequence[Image], provenance: Provenance | None) -> bytes:
    """Encode frames as a GIF with one palette for all, so that colours do not jump."""
    whole = Pillow.fromarray(np.concatenate(list(frames)))
    palette = whole.quantize(PALETTE_COLOURS, dither=Pillow.Dither.NONE)
    first, *others = (Pillow.fromarray(frame).quantize(palette=palette, dither=Pillow.Dither.NONE) for frame in frames)
    duration = 1000 // FRAMES_PER_SECOND  # ms
    memory = BytesIO()
    comment = "" if provenance is None else "\n".join(provenance.text.values())
    first.save(
        memory, "GIF", save_all=True, append_images=others, duration=duration, loop=0, optimize=False, comment=comment
    )
    return memory.getvalue()


def _mp4(path: Path, frames: Sequence[Image], provenance: Provenance | None) -> None:
    height, width = frames[0].shape[:2]
    # OpenCV opens the file itself: it is written in a folder beside the path, then moved there whole.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / "unfinished.mp4"
        writer = cv2.VideoWriter(str(unfinished), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, (width, height))
        if not writer.isOpened():
            raise PtxError(f"{path}: this OpenCV cannot write MP4; write a .gif")
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        if provenance is not None:
            content = XMP_BOX + provenance.xmp.encode()
            with unfinished.open("ab") as file:
                file.write((len(content) + 8).to_bytes(4, "big") + b"uuid" + content)
        os.replace(unfinished, path)
