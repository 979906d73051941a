"""Read and write dense flow in the formats of others: .corr of Dense Intrinsic Appearance Flow, and Middlebury's .flo.

A .corr file is little-endian: int32 width, int32 height; for each target pixel its source position, float32 x, y in px, 0 0 on the
background; then for each pixel a byte, its visibility (`ptx.geometry.labels`). Li et al., CVPR 2019.

A .flo file is little-endian: the float32 `FLO_MAGIC`, int32 width, int32 height, for each pixel float32 x, y in px. Baker et al.,
"A Database and Evaluation Methodology for Optical Flow", IJCV 2011.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.labels import BACKGROUND
from ptx.pipeline.errors import BadSample, one_line
from ptx.pipeline.storage.files import write_atomic

FLO_MAGIC = 202021.25
"""First number of a .flo file."""

CORR_HEADER = struct.Struct("<ii")
"""Width and height of a .corr file, px."""

FLO_HEADER = struct.Struct("<fii")
"""`FLO_MAGIC`, width and height of a .flo file, px."""

MAX_PIXELS = 100_000_000
"""Largest flow that is read, px."""

Flow = NDArray[np.float32]
"""(H, W, 2) x, y in px, from the target pixel to the source, 0 on the background."""

Positions = NDArray[np.float32]
"""(H, W, 2) x, y in px of the source, for every target pixel."""

Visibility = NDArray[np.uint8]
"""(H, W) labels of `ptx.geometry.labels`."""


def write_corr(path: Path, flow: Flow, visibility: Visibility) -> None:
    """Write a pair's flow (H, W, 2) px and visibility (H, W) as a .corr file."""
    positions = (flow + _pixel_grid(*visibility.shape)) * _on_body(visibility)
    write_positions(path, positions, visibility)


def write_positions(path: Path, positions: Positions, visibility: Visibility) -> None:
    """Write source positions (H, W, 2) px and visibility (H, W) as a .corr file, bit for bit."""
    height, width = visibility.shape
    header = CORR_HEADER.pack(width, height)
    write_atomic(path, header + positions.astype("<f4").tobytes() + visibility.astype("u1").tobytes())


def read_corr(path: Path) -> tuple[Flow, Visibility]:
    """Read the flow (H, W, 2) px and visibility (H, W) of a .corr file.

    Raises:
        BadSample: `missing_flow` or `bad_flow`.
    """
    positions, visibility = read_positions(path)
    return flow_from_positions(positions, visibility), visibility


def read_positions(path: Path) -> tuple[Positions, Visibility]:
    """Read the source positions (H, W, 2) px, bit for bit, and visibility (H, W) of a .corr file.

    Raises:
        BadSample: `missing_flow` or `bad_flow`.
    """
    content = _read(path)
    start = CORR_HEADER.size
    width, height = CORR_HEADER.unpack_from(content) if len(content) >= start else (0, 0)
    pixels = width * height
    if not (_valid_size(width, height) and len(content) == start + 9 * pixels):
        raise BadSample("bad_flow", f"{path}: {len(content)} bytes are no .corr file of {width}×{height}")
    positions = np.frombuffer(content, "<f4", 2 * pixels, start).reshape(height, width, 2).astype(np.float32)
    visibility = np.frombuffer(content, "u1", pixels, start + 8 * pixels).reshape(height, width)
    if visibility.max() > BACKGROUND:
        raise BadSample("bad_flow", f"{path}: visibility {visibility.max()}, known are 0, 1 and 2")
    return positions, visibility.copy()


def flow_from_positions(positions: Positions, visibility: Visibility) -> Flow:
    """Convert source positions (H, W, 2) px to flow (H, W, 2) px, 0 on the background of `visibility` (H, W)."""
    return np.asarray((positions - _pixel_grid(*visibility.shape)) * _on_body(visibility), np.float32)


def write_flo(path: Path, flow: Flow) -> None:
    """Write flow (H, W, 2) px as a .flo file."""
    height, width = flow.shape[:2]
    write_atomic(path, FLO_HEADER.pack(FLO_MAGIC, width, height) + flow.astype("<f4").tobytes())


def read_flo(path: Path) -> Flow:
    """Read the flow (H, W, 2) px of a .flo file.

    Raises:
        BadSample: `missing_flow` or `bad_flow`.
    """
    content = _read(path)
    start = FLO_HEADER.size
    magic, width, height = FLO_HEADER.unpack_from(content) if len(content) >= start else (0.0, 0, 0)
    if magic != FLO_MAGIC or not _valid_size(width, height) or len(content) != start + 8 * width * height:
        raise BadSample("bad_flow", f"{path}: this is no .flo file")
    return np.frombuffer(content, "<f4", offset=start).reshape(height, width, 2).astype(np.float32)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadSample("missing_flow", f"no {path.name} in {path.parent}") from None
    except OSError as error:
        raise BadSample("bad_flow", one_line(error)) from None


def _valid_size(width: int, height: int) -> bool:
    return width > 0 and height > 0 and width * height <= MAX_PIXELS


def _on_body(visibility: Visibility) -> NDArray[np.bool_]:
    """Return a mask (H, W, 1) of the body."""
    return (visibility < BACKGROUND)[..., None]


def _pixel_grid(height: int, width: int) -> NDArray[np.float32]:
    """Return x, y of every pixel (H, W, 2)."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([columns, rows], axis=-1)
