"""Landmarks and masks on ten photographs against MediaPipe 0.10.21's own (`tools/golden_poses.py`)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ptx.detector.face import FaceMesh
from ptx.detector.hands import HandPoints
from ptx.detector.people import PeopleDetector

DATA = Path(__file__).parents[1] / "data" / "detector"
GOLDEN = np.load(DATA / "mediapipe.npz")
LONGER_SIDE = 512
"""Errors are in px of pictures whose longer side is so long."""


@pytest.fixture(scope="module")
def detector() -> PeopleDetector:
    return PeopleDetector()


@pytest.mark.parametrize("number", range(len(GOLDEN["landmarks"])))
def test_a_photograph(detector: PeopleDetector, number: int) -> None:
    image = cv2.cvtColor(cv2.imread(str(DATA / f"{number}.jpg")), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    pose = detector.find(image)
    assert pose is not None
    expected, scale = GOLDEN["landmarks"][number], LONGER_SIDE / max(height, width)
    distance = np.linalg.norm(pose.landmarks[:, :2] - expected[:, :2], axis=1) * scale
    assert np.median(distance) <= 0.05
    assert distance.max() <= 1
    assert np.abs(pose.landmarks[:, 2] - expected[:, 2]).max() * scale <= 2
    assert np.abs(pose.landmarks[:, 3] - expected[:, 3]).max() <= 0.01
    assert np.abs(pose.world - GOLDEN["world"][number]).max() <= 0.005
    mask = np.unpackbits(GOLDEN["masks"][number])[: height * width].reshape(height, width).astype(bool)
    own = pose.mask_in((height, width)) > 0.5
    assert (own & mask).sum() / (own | mask).sum() >= 0.995


@pytest.mark.parametrize("number", range(len(GOLDEN["landmarks"])))
def test_face_and_hands_of_a_photograph(detector: PeopleDetector, number: int) -> None:
    """Found where MediaPipe's holistic graph finds them, and there."""
    image = cv2.cvtColor(cv2.imread(str(DATA / f"{number}.jpg")), cv2.COLOR_BGR2RGB)
    pose = detector.find(image)
    assert pose is not None
    hands = HandPoints()
    pairs = [
        (FaceMesh()(image, pose), GOLDEN["faces"][number]),
        (hands(image, pose, "left"), GOLDEN["hands"][number][0]),
        (hands(image, pose, "right"), GOLDEN["hands"][number][1]),
    ]
    for own, expected in pairs:
        assert (own is None) == np.isnan(expected).all()
        if own is not None:
            points, confidence = own
            distance = np.linalg.norm(points[:, :2] - expected, axis=1) * LONGER_SIDE / max(image.shape[:2])
            assert np.median(distance) <= 0.3
            assert 0.5 < confidence <= 1
