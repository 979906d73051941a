"""Sample sheets: pictures that a model paints while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ptx.models.pixels import to_uint8
from ptx.pictures.png import save_png


def write_samples(path: Path, columns: Sequence[Tensor], rows: int = 8) -> None:
    """Write one PNG: a row a pair, a column each of `columns` (B, 3, H, W) in -1..1; of `rows` pairs at most."""
    pictures = [to_uint8(column[:rows]) for column in columns]  # (rows, H, W, 3) each
    page = np.concatenate([np.concatenate(list(column), axis=0) for column in pictures], axis=1)
    save_png(page, path)
