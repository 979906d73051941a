"""Detections of persons, made by hand: no detector is needed."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.detection import (
    Detection,
    is_same_person,
    is_whole,
    paint_over_extent,
    paint_over_silhouette,
    windows,
)
from ptx.geometry.joints import KEYPOINTS, keypoint

MEDIAN = (10, 20, 30)


def detection(x: float = 0, present: tuple[str, ...] = KEYPOINTS, silhouette: np.ndarray | None = None) -> Detection:
    """A person 100 px tall whose keypoints lie on a line, the others missing."""
    keypoints = np.full((18, 3), np.nan, np.float32)
    keypoints[:, 2] = 0
    for name in present:
        keypoints[keypoint(name)] = (x, 5.0 * keypoint(name), 1)
    return Detection(keypoints, np.zeros((18, 4), np.float32), (x, 0, x + 40, 100), silhouette)


def image() -> np.ndarray:
    """A picture in one colour with two persons in others."""
    out = np.full((120, 160, 3), MEDIAN, np.uint8)
    out[20:60, 30:50] = (200, 0, 0)
    out[20:60, 100:120] = (0, 200, 0)
    return out


@pytest.mark.parametrize(
    ("present", "whole"),
    [
        (KEYPOINTS, True),
        (KEYPOINTS[:8], True),
        (KEYPOINTS[:7], False),
        (("nose", "right_eye", "left_eye", "right_ear", "left_ear", "left_knee", "right_knee", "left_ankle"), False),
    ],
)
def test_a_whole_person_has_eight_keypoints_and_two_of_the_trunk(present: tuple[str, ...], whole: bool) -> None:
    assert is_whole(detection(present=present)) == whole


def test_the_same_person_is_near() -> None:
    """Nearer than a tenth of the person's size, which is the longer side of the extent, by the keypoints that both have."""
    assert is_same_person(detection(0), detection(9))
    assert not is_same_person(detection(0), detection(11))
    assert not is_same_person(detection(0, KEYPOINTS[:9]), detection(0, KEYPOINTS[9:]))


def test_a_person_is_painted_over_with_a_margin() -> None:
    painted = paint_over_extent(image(), (30, 20, 49, 60))
    assert (painted[14:66, 24:55] == MEDIAN).all()
    assert (painted[20:60, 100:120] == (0, 200, 0)).all()
    outside = paint_over_extent(image(), (-500, -500, -400, -400))
    assert (outside == image()).all()


def test_pixels_of_a_person_are_painted_over() -> None:
    silhouette = np.zeros((120, 160), np.float32)
    silhouette[20:60, 30:50] = 0.4
    silhouette[20:60, 100:120] = 0.2
    painted = paint_over_silhouette(image(), detection(silhouette=silhouette))
    assert (painted[20:60, 30:50] == MEDIAN).all()
    assert (painted[20:60, 100:120] == (0, 200, 0)).all()
    whole = paint_over_silhouette(image(), Detection(*detection().__dict__.values()))
    assert (whole == paint_over_extent(image(), detection().extent)).all()


@pytest.mark.parametrize("size", [(60, 60), (200, 80), (90, 400), (1, 1)])
def test_windows_cover_the_picture_and_overlap(size: tuple[int, int]) -> None:
    height, width = size
    boxes = windows(size)
    assert boxes[0] == (0, 0, width, height)
    covered = np.zeros(size, int)
    for x0, y0, x1, y1 in boxes[1:]:
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        covered[y0:y1, x0:x1] += 1
    if max(size) > 2:
        assert covered.min() >= 2  # by a half and by a third
        assert len(set(boxes)) == len(boxes)
