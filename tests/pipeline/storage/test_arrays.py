"""Declared arrays."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.pipeline.storage.arrays import ArraySpec


@pytest.mark.parametrize("shape", [(), (3,), (100, 90, 2)])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "i8"])
def test_bytes_of_a_sample(shape: tuple[int, ...], dtype: str) -> None:
    assert ArraySpec(shape, dtype).sample_bytes == np.zeros(shape, dtype).nbytes
