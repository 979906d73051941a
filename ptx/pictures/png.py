"""Pictures as PNG files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.durable import write_atomic


def save_png(page: NDArray[np.uint8], path: Path) -> Path:
    """Write a picture (H, W, 3); returns its path.

    Raises:
        PtxError: another ending than .png.
    """
    if path.suffix.lower() != ".png":
        raise PtxError(f"{path}: pictures are written as .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, encode_png(page))
    return path


def encode_png(page: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as a PNG file holds it."""
    memory = BytesIO()
    Pillow.fromarray(page).save(memory, "PNG")
    return memory.getvalue()
