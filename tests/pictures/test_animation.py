"""Moving pictures read back as what was written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.animation import write_animation
from ptx.pipeline.errors import PtxError


def frames() -> list[np.ndarray]:
    return [np.full((32, 24, 3), (60 * k, 200 - 40 * k, 30), np.uint8) for k in range(4)]


def test_gif(tmp_path: Path) -> None:
    with Pillow.open(write_animation(tmp_path / "round.gif", frames())) as found:
        assert found.n_frames == 4
        for k, frame in enumerate(frames()):
            found.seek(k)
            assert np.abs(np.asarray(found.convert("RGB")).astype(int) - frame).max() <= 8


def test_mp4(tmp_path: Path) -> None:
    film = cv2.VideoCapture(str(write_animation(tmp_path / "round.mp4", frames())))
    read = []
    while (got := film.read())[0]:
        read.append(got[1][..., ::-1])
    assert len(read) == 4
    assert np.abs(read[2].astype(int) - frames()[2]).mean() < 12
    assert [p.name for p in tmp_path.iterdir()] == ["round.mp4"]


def test_another_ending(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"\.mp4, \.webm or \.gif"):
        write_animation(tmp_path / "round.avi", frames())
