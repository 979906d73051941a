"""Plain arrays in one .npz file."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ptx.pipeline.storage.files import write_atomic


def write_npz(path: Path, arrays: Mapping[str, ArrayLike]) -> None:
    """Write arrays by name, whole or not at all.

    Raises:
        PtxError: the disk is full or may not be written.
    """
    memory = BytesIO()
    np.savez(memory, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()})
    write_atomic(path, memory.getvalue())
