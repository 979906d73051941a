"""Sample sheets: what a model paints while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from ptx.models.pixels import to_uint8
from ptx.pipeline.storage.durable import write_atomic


def write_samples(path: Path, columns: Sequence[Tensor], rows: int = 8) -> None:
    """One PNG: a row a pair, a column each of `columns` (B, 3, H, W) in -1..1."""
    pictures = [to_uint8(column[:rows]) for column in columns]
    page = np.concatenate([np.concatenate(list(column), axis=0) for column in pictures], axis=1)
    memory = BytesIO()
    Image.fromarray(page).save(memory, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, memory.getvalue())
