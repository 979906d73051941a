"""PNG files hold the image that was given."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.png import encode_png, save_png
from ptx.pipeline.errors import PtxError

IMAGE = np.random.default_rng(0).integers(0, 255, (7, 5, 3), np.uint8)


def test_a_file_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.PNG"
    assert save_png(IMAGE, path) == path
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert (read[..., ::-1] == IMAGE).all()
    assert [p.name for p in path.parent.iterdir()] == ["a.PNG"]


def test_bytes() -> None:
    content = encode_png(IMAGE)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    with Pillow.open(BytesIO(content)) as picture:
        assert picture.mode == "RGB"
        assert (np.asarray(picture) == IMAGE).all()


def test_another_ending(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"a\.jpg: pictures are written as \.png"):
        save_png(IMAGE, tmp_path / "a.jpg")
    assert not list(tmp_path.iterdir())
