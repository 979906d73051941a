"""Bodies read back are those that the stages drew and fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ptx.geometry.labels import VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.training.bodies import StoredBodies
from ptx.training.splits import training_pairs
from ptx.training.step import TrainingStep
from ptx.training.trainings import TRAININGS
from tests.projects import make_project, read, run

SIZE = (64, 48)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One person, two images."""
    chosen = make_project(
        tmp_path_factory.mktemp("bodies"), "size=[64, 48]", "data.persons=2", "data.test_fraction=0.5"
    )
    run(chosen)
    return chosen


@pytest.mark.slow
def test_dressed_bodies_are_those_of_the_surface(project: Project) -> None:
    """Stage rasterize drew the dressed bodies: the same faces show."""
    bodies = StoredBodies(project.pipeline.workspace, "small", SIZE)
    stored = read(project, "rasterize", "face")
    for image in range(2):
        body = bodies.dressed(image)
        assert body.offset is not None
        np.testing.assert_array_equal(rasterize(body.points, body.body.faces, *SIZE)[0], stored[image])


@pytest.mark.slow
def test_fitted_bodies_are_bare_and_near_their_keypoints(project: Project) -> None:
    bodies = StoredBodies(project.pipeline.workspace, "small", SIZE)
    keypoints, residual = read(project, "extract-keypoints", "keypoints"), read(project, "fit-smpl", "residual")
    body = bodies.fitted(1)
    assert body.offset is None
    away = np.linalg.norm(body.keypoints[:, :2] - keypoints[1, :, :2], axis=1)
    both = np.isfinite(away) & np.isfinite(residual[1])
    assert both.sum() > 8
    np.testing.assert_allclose(away[both], residual[1][both], atol=1e-3)


@pytest.mark.slow
def test_rows_of_combined_flow_hold_carried_and_exact_flow(project: Project) -> None:
    """The carried flow is near the exact one on what both call visible; truth is the data set's."""
    chosen = training_pairs(project.context, TRAININGS["train-combined-flow"], 0.0).train
    for i in range(2):
        row = chosen[i]
        target, source = chosen.pairs[i].tolist()
        exact, labels = project.data.exact_flow().flow(target, source)
        np.testing.assert_array_equal(row["true_flow"].numpy().transpose(1, 2, 0), exact)
        np.testing.assert_array_equal(row["true_visibility"][0].numpy(), labels)
        both = (labels == VISIBLE) & (row["carried_visibility"][0].numpy() == VISIBLE)
        off = np.linalg.norm(row["carried_flow"].numpy().transpose(1, 2, 0) - exact, axis=-1)[both]
        assert both.sum() > 30
        assert off.mean() < 0.4 * np.linalg.norm(exact, axis=-1)[both].mean()


def test_without_exact_flow_there_is_no_combined_flow(project: Project) -> None:
    context = replace(project.context, exact_flow=None)
    with pytest.raises(
        PtxError, match=r"^train-combined-flow: the data set has no exact flow: train it on synthetic people"
    ):
        training_pairs(context, TRAININGS["train-combined-flow"], 0.0)
    assert str(TrainingStep(context, TRAININGS["train-combined-flow"]).impossible()).startswith(
        "the data set has no exact flow"
    )


@pytest.mark.slow
def test_pictures_and_masks_are_those_of_the_stores(project: Project) -> None:
    bodies = StoredBodies(project.pipeline.workspace, "small", SIZE)
    np.testing.assert_array_equal(bodies.picture(1), read(project, "ingest", "image")[1])
    np.testing.assert_allclose(bodies.mask(1) * 255, read(project, "silhouette", "mask")[1], atol=1e-4)
    assert bodies.face(1) is None
