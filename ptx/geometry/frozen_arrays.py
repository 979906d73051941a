"""Read-only arrays of body models, and the digest of their contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def frozen(array: ArrayLike, dtype: type[Scalar]) -> NDArray[Scalar]:
    """Copy to a contiguous read-only array: bodies are shared by everything in the process."""
    copy = np.array(array, dtype, order="C")
    copy.flags.writeable = False
    return copy


def arrays_digest(arrays: Iterable[tuple[str, NDArray[np.generic] | None]]) -> str:
    """Return the hex SHA-256 of arrays by name: names, types, shapes, contents."""
    total = hashlib.sha256()
    for name, array in arrays:
        total.update(f"{name} {None if array is None else (array.dtype.str, array.shape)}\n".encode())
        total.update(b"" if array is None else array.tobytes())
    return total.hexdigest()
