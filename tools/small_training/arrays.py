"""Arrays on disk that several processes fill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def open_array(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[np.generic]:
    """Open an array, made of zeros where it is missing."""
    if path.exists():
        return np.lib.format.open_memmap(path, "r+")
    path.parent.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(path, "w+", kind, shape)
