"""The notebooks of `examples/` run, and end in the picture or the table that is stored in them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from notebooks import EXAMPLES, Shown, last_shown, run, surroundings  # noqa: E402

NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))

COMPARED = (160, 60)
"""Width, height in px at which pictures are compared."""

LEVELS = 4
"""Mean difference of pictures, of 255, up to which they are the same: they are stored as JPEG."""

SHARE = 0.02
"""Difference of numbers of tables up to which they are the same, of the larger one: other versions of libraries round otherwise."""


def differences(shown: Shown, stored: Shown) -> list[str]:
    """Tell in what two outputs differ."""
    if shown.picture is not None and stored.picture is not None:
        one, other = (
            np.asarray(Image.fromarray(picture).resize(COMPARED, Image.Resampling.BOX), np.float64)
            for picture in (shown.picture, stored.picture)
        )
        off = float(np.abs(one - other).mean())
        return [] if off <= LEVELS else [f"the pictures differ by {off:.1f} levels"]
    ours, theirs = shown.text.split(), stored.text.split()
    if len(ours) != len(theirs) or (shown.picture is None) != (stored.picture is None):
        return ["one is longer, or of another kind, than the other"]
    return [f"{a} is not {b}" for a, b in zip(ours, theirs, strict=True) if not _same(a, b)]


def _same(one: str, other: str) -> bool:
    try:
        a, b = float(one), float(other)
    except ValueError:
        return one == other
    return abs(a - b) <= SHARE * max(abs(a), abs(b)) + 10.0 ** -len(one.partition(".")[2])


def test_there_are_eight_and_they_are_small() -> None:
    assert NOTEBOOKS == ["avatar", "flow", "own_data", "protocols", "training", "transfer", "video", "view"]
    for name in NOTEBOOKS:
        assert (EXAMPLES / f"{name}.ipynb").stat().st_size < 150_000


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_only_the_end_is_stored_and_no_path_of_a_machine(name: str) -> None:
    path = EXAMPLES / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    *before, last = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in before)
    assert last.outputs
    assert book.cells[-1] is last
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp)/", path.read_text())


def test_other_pictures_and_other_numbers_are_told() -> None:
    grey, black = np.full((60, 160, 3), 128, np.uint8), np.zeros((60, 160, 3), np.uint8)
    assert not differences(Shown(grey, ""), Shown(grey, ""))
    assert differences(Shown(grey, ""), Shown(black, "")) == ["the pictures differ by 128.0 levels"]
    assert not differences(Shown(None, "ours 0.8112"), Shown(None, "ours 0.8113"))
    assert differences(Shown(None, "ours 0.811"), Shown(None, "ours 0.611")) == ["0.811 is not 0.611"]
    assert differences(Shown(grey, ""), Shown(None, "ours 0.611"))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_ends_in_what_is_stored(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in surroundings(tmp_path).items():
        monkeypatch.setenv(variable, value)  # and is set back, which `run` leaves as it sets it
    path = EXAMPLES / f"{name}.ipynb"
    shown, stored = last_shown(run(path, tmp_path)), last_shown(nbformat.read(path, as_version=4))
    assert not differences(shown, stored)
