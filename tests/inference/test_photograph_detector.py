"""The detector of ptx as transfers use it, on a photograph that comes with scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from ptx.datasets.images import MAX_PIXELS, apply_transform, invert_transform
from ptx.detector.keypoints import LANDMARK
from ptx.geometry.joints import keypoint
from ptx.inference.person import PersonReader, PhotographDetector
from tests.datasets.problems import raises_problem

data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def detector() -> PhotographDetector:
    return PhotographDetector()


def test_box_holds_the_person(detector: PhotographDetector) -> None:
    x0, y0, x1, y1 = detector.find_person(data.astronaut())
    assert -0.5 <= x0 < 150
    assert 330 < x1 <= 511.5
    assert y0 < 90
    assert y1 > 400


def test_box_of_nobody(detector: PhotographDetector) -> None:
    with raises_problem("no_person"):
        detector.find_person(np.full((200, 200, 3), 127, np.uint8))


@pytest.mark.slow
def test_people_of_a_group_keep_their_landmarks_and_face(detector: PhotographDetector) -> None:
    """In px of the picture that is cut out for each."""
    (person,) = PersonReader((400, 300), MAX_PIXELS, given_detector=detector).people(data.astronaut())
    assert person.landmarks is not None
    assert person.details is not None
    for name in ("nose", "left_shoulder", "right_eye"):
        at = person.landmarks[LANDMARK[name], :2]
        np.testing.assert_allclose(at, person.keypoints[keypoint(name), :2], atol=6)
    face = person.details().face
    there = apply_transform(invert_transform(person.transform), face[:, :2])
    assert 170 < there[:, 0].mean() < 270  # where the astronaut's face is
    assert 70 < there[:, 1].mean() < 170
    assert np.abs(face[:, :2].mean(0) - person.keypoints[keypoint("nose"), :2]).max() < 40
