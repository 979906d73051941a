"""Pictures as tensors: every pixel value comes back, in any layout."""

from __future__ import annotations

import numpy as np
import torch

from ptx.models.pixels import quantise, to_levels, to_tensor, to_uint8

EVERY = np.arange(256 * 3, dtype=np.int64).reshape(16, 16, 3).astype(np.uint8)
"""A picture with all values."""


def test_pixels_come_back() -> None:
    x = to_tensor(EVERY)
    assert x.shape == (3, 16, 16)
    assert x.dtype == torch.float32
    assert (x.min(), x.max()) == (-1, 1)
    assert (to_uint8(x) == EVERY).all()
    several = np.stack([EVERY, 255 - EVERY])
    assert (to_uint8(to_tensor(several)) == several).all()
    assert torch.equal(to_tensor(several)[0], x)


def test_a_pixel_is_its_value_over_127_and_a_half_less_one() -> None:
    expected = EVERY.transpose(2, 0, 1).astype(np.float32) / np.float32(127.5) - np.float32(1)
    assert np.array_equal(to_tensor(EVERY).numpy(), expected)


def test_quantised_values_are_those_of_pixels() -> None:
    x = torch.linspace(-1.2, 1.2, 1000)
    assert (quantise(x) - x.clamp(-1, 1)).abs().max() <= 1 / 255 + 1e-6
    assert torch.equal(quantise(quantise(x)), quantise(x))
    assert torch.equal(to_levels(x), to_levels(x).round())
    assert to_levels(x.bfloat16()).dtype == torch.float32
