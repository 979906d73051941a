"""Clips from files, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.avatar.clip import read_clip
from ptx.pipeline.errors import PtxError

GOOD = {"poses": np.zeros((5, 24, 3)), "root": np.ones((5, 3), np.float32), "fps": np.array(30)}


def test_a_clip(tmp_path: Path) -> None:
    np.savez(tmp_path / "walk.npz", **GOOD)
    clip = read_clip(tmp_path / "walk.npz")
    assert clip.name == "walk"
    assert clip.poses.shape == (5, 24, 3)
    np.testing.assert_allclose(clip.times, [0, 1 / 30, 2 / 30, 3 / 30, 4 / 30], rtol=1e-6)
    np.savez(tmp_path / "one.npz", poses=np.zeros((1, 24, 3), np.float32), root=np.zeros((1, 3)), fps=[25.0])
    assert len(read_clip(tmp_path / "one.npz").times) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"poses": np.zeros((5, 72))}, "poses (5, 72) must be (T, 24, 3)"),
        ({"poses": np.zeros((0, 24, 3)), "root": np.zeros((0, 3))}, "poses (0, 24, 3) must be"),
        ({"poses": np.array(1.0)}, "poses () must be"),
        ({"poses": np.full((5, 24, 3), np.nan)}, "not finite"),
        ({"poses": np.full((5, 24, 3), "x")}, "cannot be read"),
        ({"poses": np.full((5, 24, 3), None)}, "cannot be read"),
        ({"root": np.zeros((4, 3))}, "root (4, 3) must be (5, 3)"),
        ({"root": np.full((5, 3), np.inf)}, "not finite"),
        ({"fps": 0}, "fps must be one number above 0"),
        ({"fps": np.nan}, "fps must be one number above 0"),
        ({"fps": [25, 30]}, "fps must be one number above 0"),
        ({"fps": 1e300}, "no times that can be told apart"),
        ({"fps": 1e-300}, "no times that can be told apart"),
    ],
)
def test_what_is_no_clip_is_one_line(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", **{**GOOD, **changes})
    with pytest.raises(PtxError) as refused:
        read_clip(tmp_path / "bad.npz")
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'bad.npz'}: ")
    assert "\n" not in str(refused.value)


def test_files_that_lack_something(tmp_path: Path) -> None:
    np.savez(tmp_path / "lacks.npz", poses=GOOD["poses"], fps=30)
    (tmp_path / "text.npz").write_text("poses")
    np.save(tmp_path / "array.npy", GOOD["poses"])
    for name, words in (
        ("lacks.npz", "lacks what a clip needs"),
        ("text.npz", "cannot be read"),
        ("array.npy", "cannot be read"),
        ("none.npz", "is not there"),
    ):
        with pytest.raises(PtxError, match=words):
            read_clip(tmp_path / name)
