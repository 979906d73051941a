"""Refinement by heat maps, by hand; what a pose says of itself."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.detector.network import sigmoid
from ptx.detector.pose import LANDMARKS, Pose, PoseNetwork, refine
from ptx.detector.regions import Region


def heat(cells: dict[tuple[int, int], float], count: int = 1) -> np.ndarray:
    """Logits (64, 64, count), nearly 0 in probability but for cells (row, column) of the first point."""
    out = np.full((64, 64, count), -80.0, np.float32)
    for (row, column), logit in cells.items():
        out[row, column, 0] = logit
    return out


def test_a_point_moves_to_the_centre_of_mass_of_its_heat() -> None:
    point = np.float32([[20.5 / 64, 30.2 / 64, 0.3]])
    moved = refine(point, heat({(30, 20): 3.0, (32, 22): 1.0}))
    a, b = (float(sigmoid(np.float32([x]))[0]) for x in (3.0, 1.0))
    assert moved[0].tolist() == pytest.approx([(20 * a + 22 * b) / (a + b) / 64, (30 * a + 32 * b) / (a + b) / 64, 0.3])


def test_the_window_is_nine_cells_wide() -> None:
    point = np.float32([[20 / 64, 30 / 64, 0]])
    for column, counts in ((24, True), (25, False)):
        moved = refine(point, heat({(30, 20): 2.0, (30, column): 2.0}))
        assert moved[0, 0] * 64 == pytest.approx(22.0 if counts else 20.0)


def test_heat_that_is_not_sure_moves_nothing() -> None:
    point = np.float32([[20.7 / 64, 30.2 / 64, 0]])
    assert np.array_equal(refine(point, heat({(30, 20): -0.1})), point)
    assert not np.array_equal(refine(point, heat({(30, 20): 0.0})), point)


def test_points_at_the_rim_and_outside() -> None:
    corner = np.float32([[0.0, 0.0, 0]])
    assert refine(corner, heat({(0, 0): 5.0, (0, 2): 5.0}))[0, :2].tolist() == pytest.approx([1 / 64, 0])
    outside = np.float32([[-0.1, 0.5, 0], [1.0, 0.5, 0]])
    assert np.array_equal(refine(outside, heat({(32, 0): 9.0, (32, 63): 9.0}, 2)), outside)


def pose(**given: object) -> Pose:
    values = {
        "landmarks": np.zeros((LANDMARKS, 4), np.float32), "world": np.zeros((LANDMARKS, 3), np.float32),
        "frame": np.float32([[50, 80], [50, 20]]), "mask": np.ones((256, 256), np.float32), "presence": 0.9,
        "region": Region(50, 80, 150),
    }  # fmt: skip
    return Pose(**{**values, **given})


def test_the_region_of_the_next_frame() -> None:
    assert pose().body == Region(50, 80, pytest.approx(150), pytest.approx(0))


def test_a_pose_in_a_part_of_the_picture() -> None:
    moved = pose().moved(5, 7)
    assert moved.landmarks[0, :3].tolist() == [-5, -7, 0]
    assert moved.frame.tolist() == [[45, 73], [45, 13]]
    assert (moved.region.x, moved.region.y) == (45, 73)
    assert moved.mask_in((40, 40)).shape == (40, 40)


def test_nobody_in_a_grey_region() -> None:
    assert PoseNetwork()(np.full((100, 100, 3), 128, np.uint8), Region(50, 50, 100)) is None
