"""Dense flow in files of others: system A's .corr, and Middlebury's .flo."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.labels import BACKGROUND
from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.durable import write_atomic

FLO = 202021.25
"""What a .flo file begins with, as a little-endian float32."""

MOST_PIXELS = 100_000_000
"""Files that claim to be larger are not read."""


def write_corr(path: Path, flow: NDArray[np.float32], visibility: NDArray[np.uint8]) -> None:
    """Write a pair's correspondence as the published data packs have it.

    Little-endian: int32 width, int32 height, for each target pixel its place in the source (float32 x, y; 0 0 on the
    background), and a byte: 0 visible, 1 hidden, 2 background.

    flow (H, W, 2) px, visibility (H, W).
    """
    write_places(path, (flow + _grid(*visibility.shape)) * (visibility < BACKGROUND)[..., None], visibility)


def write_places(path: Path, places: NDArray[np.float32], visibility: NDArray[np.uint8]) -> None:
    """Write a .corr file of places (H, W, 2) in the source and visibility (H, W) as they are."""
    height, width = visibility.shape
    content = struct.pack("<ii", width, height) + places.astype("<f4").tobytes() + visibility.astype("u1").tobytes()
    write_atomic(path, content)


def read_corr(path: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Flow (H, W, 2) px, 0 on the background, and visibility (H, W) of a .corr file.

    Raises:
        PtxError: it is none.
    """
    places, labels = read_places(path)
    return flow_of(places, labels), labels


def flow_of(places: NDArray[np.float32], visibility: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Flow (H, W, 2) px, 0 on the background, of places (H, W, 2) in the source."""
    return (places - _grid(*visibility.shape)) * (visibility < BACKGROUND)[..., None]


def read_places(path: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Places (H, W, 2) in the source, bit for bit, and visibility (H, W) of a .corr file.

    Raises:
        PtxError: it is none.
    """
    content = path.read_bytes()
    width, height = struct.unpack("<ii", content[:8]) if len(content) >= 8 else (0, 0)
    pixels = width * height
    if not (width > 0 and height > 0 and pixels <= MOST_PIXELS and len(content) == 8 + 9 * pixels):
        raise PtxError(f"{path}: {len(content)} bytes are no .corr file of {width}×{height}")
    places = np.frombuffer(content, "<f4", 2 * pixels, 8).reshape(height, width, 2).astype(np.float32)
    labels = np.frombuffer(content, "u1", pixels, 8 + 8 * pixels).reshape(height, width)
    if labels.max() > BACKGROUND:
        raise PtxError(f"{path}: visibility {labels.max()}, known are 0, 1 and 2")
    return places, labels.copy()


def _grid(height: int, width: int) -> NDArray[np.float32]:
    """(H, W, 2) x, y of every pixel."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([columns, rows], axis=-1)


def write_flo(path: Path, flow: NDArray[np.float32]) -> None:
    """Write flow (H, W, 2) px as .flo (Baker et al., IJCV 2011)."""
    height, width = flow.shape[:2]
    write_atomic(path, struct.pack("<fii", FLO, width, height) + flow.astype("<f4").tobytes())


def read_flo(path: Path) -> NDArray[np.float32]:
    """Flow (H, W, 2) px of a .flo file.

    Raises:
        PtxError: it is none.
    """
    content = path.read_bytes()
    mark, width, height = struct.unpack("<fii", content[:12]) if len(content) >= 12 else (0.0, 0, 0)
    if mark != FLO or not (0 < width * height <= MOST_PIXELS) or len(content) != 12 + 8 * width * height:
        raise PtxError(f"{path}: this is no .flo file")
    return np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)
