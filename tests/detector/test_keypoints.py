"""The detector on a photograph that comes with scikit-image, and on synthetic people whose truth is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

data = pytest.importorskip("skimage.data")

from ptx.datasets.people import People, PeopleOptions  # noqa: E402
from ptx.detector.keypoints import KeypointDetector  # noqa: E402
from ptx.detector.pose import POSE_MODEL  # noqa: E402
from ptx.geometry.joints import keypoint  # noqa: E402
from ptx.pipeline.errors import BadSample, PtxError  # noqa: E402
from ptx.stages.backends.keypoints import DetectedKeypoints  # noqa: E402
from tests.datasets.problems import raises_problem  # noqa: E402

HEAVY = Path(__file__).parents[3] / "det_pkg" / "npm" / "package" / "pose_landmark_heavy.tflite"
"""MediaPipe's larger network, where somebody has put it."""


@pytest.fixture(scope="module")
def detector() -> KeypointDetector:
    return KeypointDetector()


def test_astronaut(detector: KeypointDetector) -> None:
    found = detector.detect(data.astronaut())
    nose = found.keypoints[keypoint("nose")]
    assert np.hypot(nose[0] - 224, nose[1] - 118) < 15  # read off the photograph
    assert found.keypoints[keypoint("left_ankle"), 2] == 0  # below the picture's edge
    right, left = found.keypoints[keypoint("right_shoulder"), 0], found.keypoints[keypoint("left_shoulder"), 0]
    assert right < left  # she faces us


def test_nobody(detector: KeypointDetector) -> None:
    with raises_problem("no_person", "^nobody is found in the picture"):
        detector.detect(np.full((200, 200, 3), 127, np.uint8))


def test_two_persons(detector: KeypointDetector) -> None:
    two = np.concatenate([data.astronaut(), data.astronaut()[:, ::-1]], axis=1)
    noses = sorted(one.keypoints[keypoint("nose"), 0] for one in detector.detect_prominent(two))
    assert len(noses) == 2
    assert abs(noses[0] - 224) < 20
    assert abs(noses[1] - (1023 - 224)) < 20
    assert len(detector.detect_prominent(two, most=1)) == 1
    assert len(detector.detect_prominent(data.astronaut())) == 1
    with raises_problem("no_person", "^nobody is found in the picture"):
        detector.detect_prominent(np.full((200, 200, 3), 127, np.uint8))


def test_each_rule_for_several_persons(detector: KeypointDetector) -> None:
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
def test_all_persons(detector: KeypointDetector) -> None:
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
    with raises_problem("no_person", "^nobody is found in the picture"):
        detector.detect_all(np.full((200, 200, 3), 127, np.uint8))


@pytest.mark.slow
def test_synthetic_people_against_their_truth(detector: KeypointDetector) -> None:
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


def test_a_network_by_path(detector: KeypointDetector, tmp_path: Path) -> None:
    """A copy of the one that comes with ptx sees the same to the bit."""
    copy = tmp_path / "mine.tflite"
    shutil.copyfile(POSE_MODEL, copy)
    own, other = (one.detect(data.astronaut()) for one in (detector, KeypointDetector(copy)))
    assert np.array_equal(own.landmarks, other.landmarks)
    assert np.array_equal(own.pose.mask, other.pose.mask)


@pytest.mark.parametrize("content", [None, b"", b"no network at all" * 9], ids=["absent", "empty", "text"])
def test_a_path_of_no_network(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "wrong.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PtxError, match=r"wrong.tflite: (cannot be read|is no TensorFlow Lite network)") as told:
        KeypointDetector(path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["face_detection", "pose_detection"])
def test_a_network_of_something_else(name: str) -> None:
    with pytest.raises(PtxError, match=rf"{name}.*: is no network of landmarks and masks"):
        KeypointDetector(next(POSE_MODEL.parent.glob(f"{name}*.tflite")))


@pytest.mark.slow
@pytest.mark.skipif(not HEAVY.exists(), reason="the heavy network is not here")
def test_the_heavy_network(detector: KeypointDetector) -> None:
    """Another network of the same outputs: it sees her where the one of ptx does, but not the same to the bit."""
    heavy, full = KeypointDetector(HEAVY).detect(data.astronaut()), detector.detect(data.astronaut())
    both = (heavy.keypoints[:, 2] > 0) & (full.keypoints[:, 2] > 0)
    away = np.linalg.norm(heavy.keypoints[both, :2] - full.keypoints[both, :2], axis=1)
    assert 0 < np.median(away) < 12
