"""A person through a video that is made of one photograph."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ptx.detector.people import PeopleDetector, pose_distance
from ptx.detector.tracking import Tracker
from tests.detector.test_people import photograph


@pytest.fixture(scope="module")
def detector() -> PeopleDetector:
    return PeopleDetector()


def moved(image: np.ndarray, dx: float) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = np.float32([[1, 0, dx], [0, 1, 0]])
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def test_one_detection_for_a_person_who_walks(detector: PeopleDetector) -> None:
    track, image = Tracker(detector), photograph(5)
    first = track(image)
    assert first is not None
    for step in range(1, 6):
        pose = track(moved(image, 4.0 * step))
        assert pose is not None
        away = pose.landmarks[:, :2] - first.landmarks[:, :2]
        assert np.median(away[:, 0]) == pytest.approx(4.0 * step, abs=2.5)
    assert track.detections == 1


def test_a_person_who_is_gone_is_looked_for_again(detector: PeopleDetector) -> None:
    track, image = Tracker(detector), photograph(5)
    empty = np.full_like(image, 127)
    assert track(image) is not None
    assert track(empty) is None
    assert track(empty) is None
    again = track(image)
    assert again is not None
    assert pose_distance(again, detector.find(image)) == 0
    assert track.detections == 4


def test_the_chosen_person_is_followed(detector: PeopleDetector) -> None:
    """The second of two, whom `find` does not return."""
    image = photograph(9)
    first = detector.find(image)
    other = next(pose for pose in detector.find_all(image) if pose_distance(pose, first) > 0.2)
    track = Tracker(detector)
    track.follow(other)
    for step in range(3):
        pose = track(moved(image, float(step)))
        assert pose is not None
        assert pose_distance(pose, other) < 0.1
    assert track.detections == 0
