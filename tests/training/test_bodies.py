"""Bodies read back are those that the stages drew and fitted."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.geometry.rasterizer import rasterize
from ptx.project import Project
from ptx.training.bodies import StoredBodies
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
def test_pictures_and_masks_are_those_of_the_stores(project: Project) -> None:
    bodies = StoredBodies(project.pipeline.workspace, "small", SIZE)
    np.testing.assert_array_equal(bodies.picture(1), read(project, "ingest", "image")[1])
    np.testing.assert_allclose(bodies.mask(1) * 255, read(project, "silhouette", "mask")[1], atol=1e-4)
    assert bodies.face(1) is None
