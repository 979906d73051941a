"""Pictures as the bytes of files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import cv2
from PIL import Image as Pillow

from ptx.app.temporary import private_folder
from ptx.datasets.images import Image
from ptx.pictures.animation import write_animation
from ptx.pictures.provenance import Provenance

JPEG_QUALITY = 92

MEDIA_TYPES = {"png": "image/png", "gif": "image/gif", "mp4": "video/mp4", "webm": "video/webm"}
"""Ending of a file → what a browser is told that it is."""


def encode_jpeg(picture: Image, made: Provenance | None = None) -> bytes:
    """Encode a picture (H, W, 3) as JPEG, which says how it was made."""
    memory = BytesIO()
    said = {} if made is None else {"comment": "\n".join(made.text.values()), "xmp": made.xmp.encode()}
    Pillow.fromarray(picture).save(memory, "JPEG", quality=JPEG_QUALITY, subsampling=0, **said)
    return memory.getvalue()


def encode_quickly(picture: Image) -> bytes:
    """Encode a picture (H, W, 4) as PNG that is larger than it could be."""
    swapped = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA)
    return bytes(cv2.imencode(".png", swapped, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def encode_moving(frames: Sequence[Image], ending: str, made: Provenance) -> bytes:
    """Encode frames as .gif or .mp4; raises PtxError."""
    file = f"round.{ending}"
    with private_folder({file: f"the {ending}"}) as folder:
        return write_animation(folder / file, frames, made).read_bytes()
