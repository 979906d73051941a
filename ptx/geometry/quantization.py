"""Steps in which maps are stored as integers, and their decoding. Imports no numba: stages declare their arrays with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOW_STEP = 1 / 32
"""Pixels in one unit of stored int16 flow: at most 1/64 px is lost, and vectors of up to 1023 px can be stored."""

BARY_STEP = 1 / 65535
"""Barycentric weight in one unit of stored uint16 weights: on a triangle of 10 px this is 0.0002 px."""


def decode_flow(code: NDArray[np.int16]) -> NDArray[np.float32]:
    """Decode stored flow to pixels, of the same shape."""
    return np.multiply(code, np.float32(FLOW_STEP), dtype=np.float32)


def decode_bary(code: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Decode stored barycentric weights to 0..1, of the same shape."""
    return np.multiply(code, np.float32(BARY_STEP), dtype=np.float32)
