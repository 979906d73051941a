"""Write frames that are in memory as a GIF or a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.pictures.provenance import Provenance
from ptx.video.gif import PALETTE_FRAMES
from ptx.video.writing import ClipWriter

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

FRAMES_PER_SECOND = 12
"""Rate at which frames are played."""


def write_animation(path: Path, frames: Sequence[Image], provenance: Provenance | None = None) -> Path:
    """Write frames as .gif, which repeats for ever, or as a film, .mp4 or .webm.

    Args:
        path: of the file; its folder is created.
        frames: images (H, W, 3) of one size.
        provenance: what pictures of people say about themselves: the comment of a GIF, XMP in an MP4, tags of a WebM.

    Returns:
        `path`.

    Raises:
        PtxError: the path has another ending, or PyAV, which films need, is not installed.
    """
    size, step = frames[0].shape[:2], -(-len(frames) // PALETTE_FRAMES)
    with ClipWriter(path, size, FRAMES_PER_SECOND, provenance=provenance, palette_from=frames[::step]) as film:
        for frame in frames:
            film.write(frame)
    return path
