"""A data set with one of every mistake, found and named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from ptx.cli import app
from ptx.datasets.check import check_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("ann/1.png", "ann/2.png", "bob/1.png", "bob/2.png", "eve/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Pillow.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(tmp_path / name)
    return tmp_path


PATHS = ["ann/1.png", "ann/2.png", "bob/1.png", "bob/2.png", "eve/1.png"]
PERSONS = ["ann", "ann", "bob", "bob", "eve"]
SPLITS = np.array([0, 0, 1, 1, 0], np.uint8)
PAIRS = np.array([(0, 1), (1, 0), (2, 3), (3, 2)], np.int32)


def test_nothing_is_wrong(root: Path) -> None:
    seen = []
    found = check_files(root, PATHS, PERSONS, SPLITS, PAIRS, advance=lambda *one: seen.append(one))
    assert found.fine
    assert found.unpaired == ["eve/1.png"]
    assert seen == [(1, 0)] * 5


def test_everything_is_wrong(root: Path) -> None:
    (root / "ann/1.png").unlink()
    (root / "ann/2.png").write_bytes((root / "ann/2.png").read_bytes()[:200])
    shutil.copy(root / "bob/1.png", root / "bob/2.png")
    shutil.copy(root / "bob/1.png", root / "eve/1.png")
    found = check_files(root, PATHS, ["ann", "ann", "bob", "ann", "eve"], SPLITS, PAIRS)
    assert not found.fine
    assert [len(kind) for kind in (found.missing, found.unreadable, found.duplicates, found.leaks)] == [1, 1, 2, 2]
    assert found.leaks == ["eve/1.png is bob/1.png", "ann"]
    assert found.lines()[1] == "missing: 1 (ann/1.png: 1.png is not there)"


def test_command(root: Path, tmp_path: Path) -> None:
    words = ["check", "--set", f"data.root={root}", "--set", f"workspace={tmp_path / 'work'}"]
    good = CliRunner().invoke(app, words)
    assert good.exit_code == 0, good.output
    (root / "bob/1.png").write_bytes(b"")
    bad = CliRunner().invoke(app, words)
    assert bad.exit_code == 1
    assert "unreadable: 1 (bob/1.png: 1.png has 0 bytes" in bad.output
    assert not (tmp_path / "work").exists()


def test_several_examples_of_a_kind(root: Path) -> None:
    paths = [f"none/{k}.png" for k in range(8)]
    found = check_files(root, paths, ["eve"] * 8, np.zeros(8, np.uint8), PAIRS)
    assert found.lines()[1].startswith("missing: 8 (none/0.png: 0.png is not there; none/1.png")
    assert found.lines()[1].endswith("none/4.png: 4.png is not there; ...)")
    assert found.lines()[0] == "8 images"


def test_several_bodies_of_one_picture_are_no_duplicates(root: Path) -> None:
    paths = ["ann/1.png#0", "ann/1.png#1"]
    found = check_files(root, paths, ["ann", "bob"], np.array([0, 1], np.uint8), np.array([(0, 1)], np.int32))
    assert found.fine
    assert not found.duplicates


def test_an_error_of_the_program_is_not_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, max_pixels: int) -> np.ndarray:
        raise ValueError("a mistake")

    monkeypatch.setattr("ptx.datasets.check.read_image", broken)
    with pytest.raises(ValueError, match="a mistake"):
        check_files(root, PATHS, PERSONS, SPLITS, PAIRS)
