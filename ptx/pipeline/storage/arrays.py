"""Specifications of a store's arrays: shape and type of a sample, packing, range of sound values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np

from ptx.pipeline.storage.json_values import Json

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Codec:
    """Blosc settings of an array. zstd packs better, lz4 is faster."""

    name: Literal["zstd", "lz4"] = "zstd"
    level: int = 1


@dataclass(frozen=True)
class ArraySpec:
    """One output array, as it is for one sample."""

    shape: tuple[int, ...]
    """Shape of one sample."""
    dtype: str
    """NumPy dtype, e.g. "u1", "i2", "f4"."""
    fill: float = 0
    """Value of quarantined and skipped samples."""
    low: float | None = None
    """Smallest value `ptx verify` accepts."""
    high: float | None = None
    """Largest value `ptx verify` accepts."""
    nan: bool = False
    """NaN stands for "missing" and is accepted."""
    codec: Codec = Codec()
    attributes: Mapping[str, Json] = field(default_factory=dict)
    """Written beside the array, e.g. units and the CF `scale_factor`."""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample before compression."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize
