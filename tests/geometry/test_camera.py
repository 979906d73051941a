"""The weak-perspective camera."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ptx.geometry.camera import place_camera, project, unproject


def test_conventions() -> None:
    """Body up is picture up, body left is picture right, nearer is smaller."""
    camera = np.array([100.0, 50.0, 60.0])
    assert project(camera, np.array([[0.1, 0.2, 0.3]])).tolist() == [[60.0, 40.0, -0.3]]


@given(st.integers(0, 10**6))
def test_comes_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    camera = np.stack([rng.uniform(20, 300, 4), rng.normal(0, 99, 4), rng.normal(0, 99, 4)], axis=-1)
    xyz = rng.normal(size=(4, 9, 3))
    assert np.abs(unproject(camera, project(camera, xyz)) - xyz).max() < 1e-9


def test_placing_is_weighted_least_squares() -> None:
    """Against NumPy's solver, of the rows that count."""
    rng = np.random.default_rng(1)
    xyz, xy, weight = rng.normal(0, 0.5, (7, 3)), rng.normal(100, 40, (7, 2)), rng.uniform(0, 1, 7)
    weight[2], xy[2] = 0, np.nan
    rows = np.concatenate(
        [np.stack([xyz[:, 0], np.ones(7), np.zeros(7)], 1), np.stack([-xyz[:, 1], np.zeros(7), np.ones(7)], 1)]
    )
    root = np.sqrt(np.tile(weight, 2))
    expected = np.linalg.lstsq(rows * root[:, None], np.nan_to_num(xy.T.ravel()) * root, rcond=None)[0]
    np.testing.assert_allclose(place_camera(xyz, xy, weight), expected, rtol=1e-9)
