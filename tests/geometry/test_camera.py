"""The weak-perspective camera."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ptx.geometry.camera import project, unproject


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
