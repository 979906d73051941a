"""Write images as PNG files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import write_atomic


def save_png(image: NDArray[np.uint8], path: Path) -> Path:
    """Write an image (H, W, 3) and return its path; the folder is created.

    Raises:
        PtxError: the path has another ending than .png.
    """
    if path.suffix.lower() != ".png":
        raise PtxError(f"{path}: pictures are written as .png")
    write_atomic(path, encode_png(image))
    return path


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Encode an image (H, W, 3) as the bytes of a PNG file."""
    memory = BytesIO()
    Pillow.fromarray(image).save(memory, "PNG")
    return memory.getvalue()
