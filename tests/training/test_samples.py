"""Sample sheets: a row a pair, a column a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ptx.training.samples import write_samples


def test_rows_and_columns(tmp_path: Path) -> None:
    columns = [torch.full((3, 3, 4, 5), value) for value in (-1.0, 1.0)]
    columns[0][1] = 0.0
    write_samples(tmp_path / "samples" / "sheet.png", columns, rows=2)
    page = np.asarray(Image.open(tmp_path / "samples" / "sheet.png"))
    assert page.shape == (8, 10, 3)
    assert (page[:4, :5] == 0).all()
    assert (page[4:, :5] == 128).all()
    assert (page[:, 5:] == 255).all()
