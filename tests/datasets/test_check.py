"""A data set with one of every mistake, found and named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from ptx.cli import app
from ptx.datasets.check import check_files, pair_lines
from ptx.datasets.data_set import PairCount
from tests.datasets import profiles
from tests.projects import make_project


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


def test_pairs_beside_published_counts() -> None:
    """A pair is of its target's split; a number that a paper states is said to be so, others stand beside what papers state."""
    pairs = np.array([(0, 1)] * 3 + [(2, 3), (2, 0)], np.int32)
    counts = (PairCount("one paper", 3, 8_570), PairCount("another", 146_680))
    assert pair_lines(pairs, SPLITS, counts) == [
        "pairs for training: 3, as published (one paper)",
        "pairs for testing: 2; published 8,570 (one paper)",
    ]
    assert pair_lines(pairs[:2], SPLITS, counts)[0] == (
        "pairs for training: 2; published 3 (one paper); published 146,680 (another)"
    )
    assert pair_lines(pairs, SPLITS, ()) == ["pairs for training: 3", "pairs for testing: 2"]


@pytest.mark.parametrize(
    ("kind", "train", "test"),
    [
        ("deepfashion", [101_966, 146_680], [8_570, 12_800]),
        ("market1501", [263_632, 439_420], [12_000, 12_800]),
        ("panoptic", [175_272], [None]),
        ("folder", [], []),
    ],
)
def test_published_counts(tmp_path: Path, kind: str, train: list[int], test: list[int | None]) -> None:
    """As the papers state them: Zhu et al., CVPR 2019; Ma et al., NIPS 2017; novel 3D view synthesis."""
    data = make_project(tmp_path, f"data.kind={kind}", f"data.root={tmp_path}").data
    assert [count.train for count in data.published_counts] == train
    assert [count.test for count in data.published_counts] == test


def test_command_says_what_papers_have(tmp_path: Path) -> None:
    for number in (1, 2):
        path = tmp_path / "img" / "bounding_box_train" / f"0002_c{number}s1_000451_03.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (44, 64), (number, 0, 0)).save(path)
    sets = [f"data.root={tmp_path / 'img'}", "data.kind=market1501", f"workspace={tmp_path / 'work'}"]
    done = CliRunner().invoke(app, ["check", *(word for one in sets for word in ("--set", one))])
    assert done.exit_code == 0, done.output
    shown = " ".join(done.output.split())
    assert "pairs for training: 2; published 263,632 (Zhu et al., CVPR 2019); published 439,420 (Ma et al." in shown
    assert "pairs for testing: 0; published 12,000" in shown


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

    monkeypatch.setattr("ptx.datasets.check.read_picture", broken)
    with pytest.raises(ValueError, match="a mistake"):
        check_files(root, PATHS, PERSONS, SPLITS, PAIRS)


def test_colour_profiles_are_counted(root: Path) -> None:
    """Those that change the colours, and those that are of no use; both are no faults."""
    pixels = Pillow.open(root / "ann/1.png")
    pixels.save(root / "ann/1.png", icc_profile=profiles.rgb_profile(profiles.P3_PRIMARIES, None))
    pixels.save(root / "ann/2.png", icc_profile=b"no profile")
    pixels.save(root / "bob/1.png", icc_profile=profiles.rgb_profile(profiles.SRGB_PRIMARIES, None))
    found = check_files(root, PATHS, PERSONS, SPLITS, PAIRS)
    assert found.fine
    assert found.lines()[-2:] == [
        "colours brought to sRGB: 1 (ann/1.png)",
        "colour profile of no use, taken as sRGB: 1 (ann/2.png)",
    ]
