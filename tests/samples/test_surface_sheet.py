"""The sheet of a filled surface: what is on it, and why it is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.sheet import PANEL_HEIGHT
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.samples.surface_sheet import PROVENANCE_COLOURS, show_surface
from ptx.surface.store import Provenance
from tests.projects import make_project, run

ONE = ("size=[48, 40]", "data.persons=1", "data.images_per_person=2")


@pytest.mark.slow
def test_two_rows_of_panels_with_colours_of_provenance(stored: Project, tmp_path: Path) -> None:
    page = np.asarray(Pillow.open(show_surface(stored.pipeline, "0", tmp_path / "surface.png")).convert("RGB"))
    assert 2 * PANEL_HEIGHT < page.shape[0] < 3 * PANEL_HEIGHT
    below = page[-PANEL_HEIGHT:].reshape(-1, 3)
    for kind in (Provenance.OWN, Provenance.MIRRORED, Provenance.OPPOSITE):
        shown = (below == PROVENANCE_COLOURS[kind][1]).all(1).sum()
        assert shown > 100, kind
    assert (
        show_surface(stored.pipeline, "p00001_00", None) == stored.pipeline.results / "show" / "p00001_00_surface.png"
    )


def test_every_kind_of_texel_has_a_colour_of_its_own() -> None:
    colours = [colour for _, colour in PROVENANCE_COLOURS.values()]
    assert set(PROVENANCE_COLOURS) == set(Provenance)
    assert len(set(colours)) == len(colours)


def test_why_there_is_no_surface(tmp_path: Path) -> None:
    bare = make_project(tmp_path / "bare", *ONE, "silhouette.backend=none")
    with pytest.raises(PtxError, match=r"^--surface: bodies are not dressed here"):
        show_surface(bare.pipeline, "0", None)
    early = make_project(tmp_path / "early", *ONE)
    run(early, "ingest")
    with pytest.raises(PtxError, match=r"^image 0 has no silhouette: not computed"):
        show_surface(early.pipeline, "0", None)
