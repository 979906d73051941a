"""Steps of stored maps: every code against the fraction that it stands for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ptx.geometry.quantization import BARY_STEP, FLOW_STEP, decode_bary, decode_flow


def test_every_code_of_flow_is_exact() -> None:
    """Multiples of a power of two have no rounding in float32."""
    codes = np.arange(-32768, 32768).astype(np.int16)
    decoded = decode_flow(codes.reshape(256, 128, 2))
    assert (decoded.shape, decoded.dtype) == ((256, 128, 2), np.float32)
    assert Fraction(FLOW_STEP) == Fraction(1, 32)
    assert all(Fraction(float(px)) == Fraction(int(code), 32) for code, px in zip(codes, decoded.ravel(), strict=True))


def test_weights_go_from_0_to_1() -> None:
    codes = np.arange(65536).astype(np.uint16)
    decoded = decode_bary(codes)
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, np.arange(65536) / 65535, rtol=2e-7)
    assert (decoded[0], decoded[-1]) == (0, 1)
    assert (np.diff(decoded) > 0).all()
    assert np.isclose(BARY_STEP * 65535, 1)
