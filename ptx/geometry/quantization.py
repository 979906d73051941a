"""Steps in which maps and displacements are stored as integers, and their decoding.

Imports no numba: stages declare their arrays with them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOW_STEP = 1 / 32
"""Pixels in one unit of stored int16 flow: at most 1/64 px is lost, and vectors of up to 1023 px can be stored."""

BARY_STEP = 1 / 65535
"""Barycentric weight in one unit of stored uint16 weights: on a triangle of 10 px this is 0.0002 px."""

CONTROLS = 512
"""Control vertices of displacements of the skin that are stored of each body; those beyond what a mesh has are 0."""

HEIGHT_STEP = 0.24 / 32767
"""Metres in one unit of stored int16 displacements."""

SHEET_ROWS, SHEET_COLUMNS = 5, 8
"""Grid of the displacements of a sheet of cloth or hair, from its top to where it ends, and around."""

SHEET_STEP = 1e-4
"""Metres in one unit of stored int16 lengths and displacements of sheets."""


def encode_heights(heights: NDArray[np.floating]) -> NDArray[np.int16]:
    """Encode displacements (K,), metres, as (`CONTROLS`,)."""
    out = np.zeros(CONTROLS, np.int16)
    out[: len(heights)] = np.rint(np.clip(heights / HEIGHT_STEP, -32767, 32767))
    return out


def decode_heights(code: NDArray[np.int16]) -> NDArray[np.float32]:
    """Decode stored displacements to metres, of the same shape."""
    return np.multiply(code, np.float32(HEIGHT_STEP), dtype=np.float32)


def encode_sheets(values: NDArray[np.floating]) -> NDArray[np.int16]:
    """Encode lengths and displacements of sheets, metres."""
    return np.asarray(np.rint(np.clip(values / SHEET_STEP, -32767, 32767)), np.int16)


def decode_sheets(code: NDArray[np.int16]) -> NDArray[np.float64]:
    """Decode stored lengths and displacements to metres."""
    return np.asarray(code * SHEET_STEP, np.float64)


def decode_flow(code: NDArray[np.int16]) -> NDArray[np.float32]:
    """Decode stored flow to pixels, of the same shape."""
    return np.multiply(code, np.float32(FLOW_STEP), dtype=np.float32)


def decode_bary(code: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Decode stored barycentric weights to 0..1, of the same shape."""
    return np.multiply(code, np.float32(BARY_STEP), dtype=np.float32)
