"""Write images as PNG files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from ptx.pictures.provenance import Provenance
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import write_atomic

XMP_KEYWORD = "XML:com.adobe.xmp"
"""Keyword of the text chunk that holds XMP (ISO 16684-3)."""


def save_png(image: NDArray[np.uint8], path: Path, provenance: Provenance | None = None) -> Path:
    """Write an image (H, W, 3), or (H, W, 4) with alpha, and return its path; the folder is created.

    Args:
        image: the pixels.
        path: of the file.
        provenance: what pictures of people say about themselves.

    Raises:
        PtxError: the path has another ending than .png.
    """
    if path.suffix.lower() != ".png":
        raise PtxError(f"{path}: pictures are written as .png")
    write_atomic(path, encode_png(image, provenance))
    return path


def encode_png(image: NDArray[np.uint8], provenance: Provenance | None = None) -> bytes:
    """Encode an image (H, W, 3), or (H, W, 4) with alpha, as the bytes of a PNG file."""
    memory = BytesIO()
    Pillow.fromarray(image).save(memory, "PNG", pnginfo=None if provenance is None else _chunks(provenance))
    return memory.getvalue()


def _chunks(provenance: Provenance) -> PngInfo:
    """Return the text chunks of a PNG file."""
    chunks = PngInfo()
    for keyword, text in provenance.text.items():
        chunks.add_text(keyword, text)
    chunks.add_itxt(XMP_KEYWORD, provenance.xmp)
    return chunks
