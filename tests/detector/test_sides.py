"""Left and right of people seen from behind."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.detector.pose import Pose
from ptx.detector.sides import MIRRORED, facing, mirrored, seen_from_behind
from tests.detector.test_pose import pose

SIZE = (200, 100)


def person(*, back: bool, nose_ahead: float, head: tuple[float, float] = (50, 40)) -> Pose:
    """Somebody who stands upright in the middle; the network has them face the viewer, or not."""
    world, landmarks = np.zeros((33, 3), np.float32), np.zeros((33, 4), np.float32)
    side = -1 if back else 1
    for row, x, y in (
        (11, 0.2, -0.5),
        (12, -0.2, -0.5),
        (23, 0.1, 0),
        (24, -0.1, 0),
        (7, 0.08, -0.7),
        (8, -0.08, -0.7),
    ):
        world[row] = (side * x, y, 0)
        landmarks[row, :2] = (50 + 100 * side * x, 140 + 100 * y)
    world[0], landmarks[0, :2] = (0, -0.7, -nose_ahead), head
    return pose(world=world, landmarks=landmarks)


def test_who_faces_the_viewer() -> None:
    """The left shoulder is at the right of the picture; z is away from the viewer."""
    assert facing(person(back=False, nose_ahead=0.1).world) == pytest.approx(1)
    assert facing(person(back=True, nose_ahead=0.1).world) == pytest.approx(-1)
    turned = person(back=False, nose_ahead=0.1).world.copy()
    turned[:, [0, 2]] = turned[:, [2, 0]]
    assert facing(turned) == pytest.approx(0)


@pytest.mark.parametrize(
    ("given", "face", "behind"),
    [
        ({"back": False, "nose_ahead": -0.02}, False, True),
        ({"back": False, "nose_ahead": -0.02}, True, False),
        ({"back": False, "nose_ahead": 0.1}, False, False),
        ({"back": True, "nose_ahead": -0.1}, False, False),  # the network has it right
        ({"back": False, "nose_ahead": 0.02}, False, True),
        ({"back": False, "nose_ahead": 0.02, "head": (50, -3)}, False, False),  # the head is cut off
        ({"back": False, "nose_ahead": -0.02, "head": (50, -3)}, False, True),
        ({"back": False, "nose_ahead": 0.02, "head": (50, 85)}, False, False),  # too small to tell
    ],
)
def test_evidence(given: dict[str, object], face: bool, behind: bool) -> None:
    assert seen_from_behind(person(**given), SIZE, lambda: face) is behind


def test_the_face_is_asked_for_only_where_it_decides() -> None:
    def never() -> bool:
        raise AssertionError

    seen_from_behind(person(back=False, nose_ahead=0.1), SIZE, never)
    seen_from_behind(person(back=True, nose_ahead=-0.1), SIZE, never)


def test_mirroring_exchanges_pairs() -> None:
    one = person(back=False, nose_ahead=0.1)
    other = mirrored(one)
    assert np.array_equal(other.landmarks[11], one.landmarks[12])
    assert np.array_equal(other.world[0], one.world[0])
    assert np.array_equal(mirrored(other).world, one.world)
    assert facing(other.world) == pytest.approx(-1)
    assert sorted(MIRRORED) == list(range(33))
