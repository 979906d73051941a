"""Arrays in one file: what is written is read, and nothing else is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.storage.npz import write_npz


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_npz(tmp_path / "a" / "b.npz", {"x": np.arange(3, dtype=np.int16), "fps": 25.0})
    with np.load(tmp_path / "a" / "b.npz", allow_pickle=False) as file:
        assert sorted(file) == ["fps", "x"]
        np.testing.assert_array_equal(file["x"], np.arange(3))
        assert file["x"].dtype == np.int16
        assert float(file["fps"]) == 25.0
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.npz"]


def test_objects_are_not_pickled(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        write_npz(tmp_path / "b.npz", {"x": np.array([None])})
    assert not (tmp_path / "b.npz").exists()
