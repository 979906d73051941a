"""Layouts of joints, by their names and by their number."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.joint_names import COCO_17, as_keypoints, joint_rows, plain_name
from ptx.geometry.joints import KEYPOINTS, keypoint


def points(count: int = 17) -> np.ndarray:
    """Point k lies at (10 k, 5 k)."""
    return np.array([(10 * k, 5 * k, 0.5) for k in range(count)], np.float32)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("left_shoulder", "left_shoulder"),
        ("Left Shoulder", "left_shoulder"),
        ("LShoulder", "left_shoulder"),
        ("leftShoulder", "left_shoulder"),
        ("l-shoulder", "left_shoulder"),
        ("shoulder_l", "left_shoulder"),
        ("SHOULDER_RIGHT", "right_shoulder"),
        ("Nose", "nose"),
        ("RBigToe", "right_big_toe"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_names_as_tools_write_them(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_cocos_order_and_the_neck() -> None:
    rows = joint_rows(17)
    assert rows is not None
    found = as_keypoints(points(), rows)
    for k, name in enumerate(KEYPOINTS):
        if name != "neck":
            assert found[k, 0] == 10 * COCO_17.index(name)
    shoulders = [found[keypoint(f"{side}_shoulder"), 0] for side in ("left", "right")]
    assert found[keypoint("neck"), 0] == np.mean(shoulders)
    half = points()
    half[COCO_17.index("left_shoulder"), 2] = 0
    assert np.isnan(as_keypoints(half, rows)[keypoint("neck"), 0])


def test_the_files_own_neck_stands_in_where_a_shoulder_is_missing() -> None:
    rows = joint_rows(18, [*COCO_17, "neck"])
    assert rows is not None
    assert as_keypoints(points(18), rows)[keypoint("neck"), 0] == (50 + 60) / 2
    half = points(18)
    half[COCO_17.index("left_shoulder"), 2] = 0
    assert as_keypoints(half, rows)[keypoint("neck"), 0] == 170


def test_names_go_before_the_number() -> None:
    """A file whose 17 joints are in another order, as labelling tools export what users drew."""
    order = COCO_17[::-1]
    rows = joint_rows(17, order)
    assert rows is not None
    assert as_keypoints(points(), rows)[keypoint("nose"), 0] == 160


@pytest.mark.parametrize("names", [(), tuple(map(str, range(17))), ("a", "b"), (*COCO_17, "tail")])
def test_names_that_say_nothing_leave_it_to_the_number(names: tuple[str, ...]) -> None:
    assert joint_rows(17, names) == joint_rows(17)


def test_unknown_layouts() -> None:
    for count in (0, 5, 14, 16, 18, 25):
        assert joint_rows(count) is None
    assert joint_rows(16, COCO_17) is None
