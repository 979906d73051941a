"""MediaPipe on a photograph that comes with scikit-image, and on synthetic people whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

data = pytest.importorskip("skimage.data")

from ptx.datasets.mediapipe import MediapipePose  # noqa: E402
from ptx.datasets.people import People, PeopleOptions  # noqa: E402
from ptx.geometry.joints import keypoint  # noqa: E402
from ptx.pipeline.errors import BadSample  # noqa: E402
from ptx.stages.backends.keypoints import DetectedKeypoints  # noqa: E402
from tests.datasets.problems import raises_problem  # noqa: E402


@pytest.fixture(scope="module")
def detector() -> MediapipePose:
    pytest.importorskip("mediapipe")
    return MediapipePose()


def test_astronaut(detector: MediapipePose) -> None:
    found = detector.detect(data.astronaut())
    nose = found.keypoints[keypoint("nose")]
    assert np.hypot(nose[0] - 224, nose[1] - 118) < 15  # read off the photograph
    assert found.keypoints[keypoint("left_ankle"), 2] == 0  # below the picture's edge
    right, left = found.keypoints[keypoint("right_shoulder"), 0], found.keypoints[keypoint("left_shoulder"), 0]
    assert right < left  # she faces us


def test_nobody(detector: MediapipePose) -> None:
    with raises_problem("no_person", "^MediaPipe found nobody in the picture"):
        detector.detect(np.full((200, 200, 3), 127, np.uint8))


def test_two_persons(detector: MediapipePose) -> None:
    two = np.concatenate([data.astronaut(), data.astronaut()[:, ::-1]], axis=1)
    noses = sorted(one.keypoints[keypoint("nose"), 0] for one in detector.detect_prominent(two))
    assert len(noses) == 2
    assert abs(noses[0] - 224) < 20
    assert abs(noses[1] - (1023 - 224)) < 20
    assert len(detector.detect_prominent(two, most=1)) == 1
    assert len(detector.detect_prominent(data.astronaut())) == 1
    with raises_problem("no_person", "^MediaPipe found nobody in the picture"):
        detector.detect_prominent(np.full((200, 200, 3), 127, np.uint8))


def test_each_rule_for_several_persons(detector: MediapipePose) -> None:
    """Two side by side, the right one at seven tenths of the size."""
    size = [round(0.7 * side) for side in data.astronaut().shape[:2]]
    small = np.asarray(Pillow.fromarray(data.astronaut()[:, ::-1]).resize((size[1], size[0])))
    two = np.full((512, 512 + size[1], 3), 127, np.uint8)
    two[:, :512] = data.astronaut()
    two[: size[0], 512:] = small
    largest = DetectedKeypoints(detector, "largest").detect(two)
    assert abs(largest.keypoints[keypoint("nose"), 0] - 224) < 20
    sums = [float(one.keypoints[:, 2].sum()) for one in detector.detect_prominent(two)]
    assert len(sums) == 2
    assert float(DetectedKeypoints(detector, "surest").detect(two).keypoints[:, 2].sum()) == max(sums)
    with raises_problem("several_persons", "^2 persons in the picture"):
        DetectedKeypoints(detector, "quarantine").detect(two)


@pytest.mark.slow
def test_all_persons(detector: MediapipePose) -> None:
    """Two beside each other, and one who is small in a large picture, where the whole picture shows nobody."""
    two = np.concatenate([data.astronaut(), data.astronaut()[:, ::-1]], axis=1)
    found = detector.detect_all(two)
    noses = sorted(one.keypoints[keypoint("nose"), 0] for one in found)
    assert len(found) == 2
    assert abs(noses[0] - 224) < 20
    assert abs(noses[1] - (1023 - 224)) < 20
    people = People(PeopleOptions(1, 1, seed=3, size=(256, 256), half_body=0))
    wide = np.full((800, 1200, 3), 127, np.uint8)
    wide[100:356, 800:1056] = people.render(0)
    (one,) = detector.detect_all(wide)
    away = np.linalg.norm(one.keypoints[:, :2] - people.truth(0).keypoints[:, :2] - (800, 100), axis=1)
    assert np.nanmedian(away) < 12
    with raises_problem("no_person", "^MediaPipe found nobody in the picture"):
        detector.detect_all(np.full((200, 200, 3), 127, np.uint8))


@pytest.mark.slow
def test_synthetic_people_against_their_truth(detector: MediapipePose) -> None:
    """2D within a few percent of the person; in 3D, up is up, right is right, and near is towards the viewer."""
    people = People(PeopleOptions(6, 2, seed=4, size=(512, 512), half_body=0.0))
    errors, agreement = [], []
    for index in range(12):
        truth = people.truth(index)
        try:
            found = detector.detect(people.render(index))
        except BadSample:
            continue
        both = (found.keypoints[:, 2] > 0) & (truth.keypoints[:, 2] > 0)
        errors.append(np.median(np.linalg.norm(found.keypoints[both, :2] - truth.keypoints[both, :2], axis=1)))
        deep = (found.keypoints3d[:, 3] > 0) & (truth.keypoints3d[:, 3] > 0)
        a, b = found.keypoints3d[deep, :3], truth.keypoints3d[deep, :3]
        agreement.append([np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)])
    assert len(errors) >= 10
    assert np.median(errors) < 12
    assert (np.median(agreement, axis=0) > (0.9, 0.9, 0.6)).all()


def test_box_holds_the_person(detector: MediapipePose) -> None:
    x0, y0, x1, y1 = detector.find_person(data.astronaut())
    assert -0.5 <= x0 < 150
    assert 330 < x1 <= 511.5
    assert y0 < 90
    assert y1 > 400


def test_box_of_nobody(detector: MediapipePose) -> None:
    with raises_problem("no_person"):
        detector.find_person(np.full((200, 200, 3), 127, np.uint8))
