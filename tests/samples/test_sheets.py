"""Sheets of samples: what is on them, and where they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.sheet import PANEL_HEIGHT
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.samples.sheets import show_grid, show_pair, show_sample
from tests.projects import make_project, run


def size_of(path: Path) -> tuple[int, ...]:
    """Height, width of a picture."""
    return np.asarray(Pillow.open(path)).shape[:2]


def test_sheets_lie_with_the_results_unless_told_otherwise(stored: Project, tmp_path: Path) -> None:
    pipeline = stored.pipeline
    folder = pipeline.results / "show"
    assert show_sample(pipeline, "0", None) == folder / "p00000_00.png"
    assert show_pair(pipeline, "0", None) == folder / "pair_0.png"
    assert show_grid(pipeline, 4, None) == folder / "grid.png"
    assert show_sample(pipeline, "0", tmp_path / "one.png") == tmp_path / "one.png"


def test_a_row_of_panels_for_an_image_three_for_a_pair(stored: Project, tmp_path: Path) -> None:
    image = size_of(show_sample(stored.pipeline, "0", tmp_path / "image.png"))
    pair = size_of(show_pair(stored.pipeline, "0", tmp_path / "pair.png"))
    assert PANEL_HEIGHT < image[0] < 2 * PANEL_HEIGHT
    assert 3 * PANEL_HEIGHT < pair[0] < 4 * PANEL_HEIGHT


def test_many_pairs_stand_in_two_columns(stored: Project, tmp_path: Path) -> None:
    three = size_of(show_grid(stored.pipeline, 3, tmp_path / "three.png"))
    four = size_of(show_grid(stored.pipeline, 4, tmp_path / "four.png"))
    assert four[0] < three[0]
    assert four[1] > 1.9 * three[1]


def test_an_image_without_more_than_its_picture(tmp_path: Path) -> None:
    chosen = make_project(tmp_path / "work", "size=[48, 40]", "data.persons=1", "data.images_per_person=2")
    run(chosen, "ingest")
    assert size_of(show_sample(chosen.pipeline, "0", tmp_path / "image.png"))[1] < 3 * PANEL_HEIGHT
    with pytest.raises(PtxError, match="pair 0 has no flow"):
        show_pair(chosen.pipeline, "0", None)
    with pytest.raises(PtxError, match="no pair's flow is there yet"):
        show_grid(chosen.pipeline, 4, None)
