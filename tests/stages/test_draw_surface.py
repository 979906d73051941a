"""`ptx run draw-surface` on synthetic people: where it applies, and what it draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.surface.source import MaskedPhotograph
from ptx.surface.transfer import fill, transfer
from ptx.training.bodies import StoredBodies
from ptx.training.data import TRAIN, usable_pairs
from ptx.training.settings import FROM_DRAWN
from tests.projects import make_project, read, run, stage

SETTINGS = ("data.persons=3", "data.images_per_person=2", "data.test_fraction=0.34", "size=[96,64]")
WANTED = "train_generator.surface=true"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three persons, two images each."""
    chosen = make_project(tmp_path_factory.mktemp("drawn"), *SETTINGS, WANTED)
    run(chosen)
    return chosen


@pytest.mark.slow
def test_people_are_drawn_in_the_targets_place(project: Project) -> None:
    """Over the target's own background the picture is nearer to the target than the source is."""
    drawn, images = read(project, "draw-surface", "drawn").astype(float), read(project, "ingest", "image").astype(float)
    pairs = project.pipeline.pairs()
    masks = read(project, "silhouette", "mask") > 127
    for rgba, (target, source) in zip(drawn, pairs.tolist(), strict=True):
        alpha = rgba[..., 3:] / 255
        laid = alpha * rgba[..., :3] + (1 - alpha) * images[target]
        person = masks[target] | masks[source]
        error, before = (np.abs(picture - images[target])[person].mean() for picture in (laid, images[source]))
        assert error < 0.7 * before
        assert ((alpha[..., 0] > 0.5) & masks[target]).sum() > 0.7 * masks[target].sum()


@pytest.mark.slow
def test_it_is_the_surface_engines_drawing(project: Project) -> None:
    """Of the stored bodies: the source's dressed, the target's as its keypoints have it."""
    bodies = StoredBodies(project.pipeline.workspace, "small", (96, 64))
    target, source = project.pipeline.pairs()[1].tolist()
    store = fill(MaskedPhotograph(bodies.picture(source), bodies.mask(source)), bodies.dressed(source))
    wanted = transfer(store, bodies.fitted(target), bodies.keypoints(target))
    drawn = read(project, "draw-surface", "drawn")[1]
    np.testing.assert_array_equal(drawn[..., :3], wanted.colour)
    np.testing.assert_array_equal(drawn[..., 3], np.rint(255 * wanted.alpha))


@pytest.mark.slow
def test_training_reads_it_as_colours_and_alpha(project: Project) -> None:
    pairs = usable_pairs(project.pipeline, TRAIN, FROM_DRAWN)
    row, stored = pairs[0]["drawn"].numpy(), read(project, "draw-surface", "drawn")[int(pairs.numbers[0])]
    np.testing.assert_allclose(row[:3], stored[..., :3].transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(row[3], stored[..., 3] / 255, atol=1e-6)


def test_it_applies_where_the_generator_sees_it(tmp_path: Path) -> None:
    assert not stage(make_project(tmp_path, *SETTINGS), "draw-surface").applies
    assert stage(make_project(tmp_path, *SETTINGS, WANTED), "draw-surface").applies
    with pytest.raises(PtxError, match=r"draw-surface does not apply: set `train_generator.surface: true`"):
        make_project(tmp_path, *SETTINGS).step("draw-surface")
    for bare in ("rasterize.surface=bare", "silhouette.backend=none"):
        with pytest.raises(PtxError, match=r"^train_generator.surface: needs dressed bodies"):
            make_project(tmp_path, *SETTINGS, WANTED, bare)
