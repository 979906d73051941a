"""Stamps of files that other tools wrote, one an image."""

from __future__ import annotations

import os
from pathlib import Path

from ptx.datasets.file_stamps import named_file_stamps


def test_stamps_of_the_files_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    for name, size in (("ann/1_keypoints.json", 3), ("ann_2.json", 4), ("notes.json", 9)):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, ns=(size, size * 1000))
    found = named_file_stamps(tmp_path, ["ann/1.jpg", "ann/2.jpg", "ann/3.jpg"], ("_keypoints.json", ".json"))
    assert found.tolist() == [[3, 3000], [4, 4000], [-1, -1]]
    assert named_file_stamps(tmp_path, [], (".json",)).shape == (0, 2)
