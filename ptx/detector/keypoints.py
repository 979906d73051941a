"""The field's 18 keypoints of people in photographs, in ptx's pixels, with all that the networks see beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.detector.correction import SHOULDERS, correct_landmarks
from ptx.detector.face import FACE_POINTS, FaceMesh
from ptx.detector.hands import HAND_POINTS, HandPoints
from ptx.detector.network import Floats, Image, PerThread
from ptx.detector.parsing import Parser
from ptx.detector.people import PeopleDetector
from ptx.detector.pose import POSE_MODEL, Pose
from ptx.detector.regions import FIRST_PIXEL
from ptx.detector.sides import ShownFace, exchanged, facing, other_way_round, shown_face
from ptx.geometry.detected_landmarks import MIN_VISIBILITY
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.errors import BadSample

STEADY_BLUR = 1.25 / 512
"""Standard deviation of the blur of `steady`, as a share of the longer side."""

LANDMARK = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8, "left_shoulder": 11, "right_shoulder": 12,
    "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24,
    "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
}  # fmt: skip
"""Keypoint → row of the 33 landmarks, which have no neck."""

ROWS = [LANDMARK.get(name, 0) for name in KEYPOINTS]
"""Row of the landmarks of each keypoint; of the neck any, it is set from the shoulders."""


@dataclass(frozen=True)
class Detection:
    """One person in one image of (H, W) px."""

    keypoints: Floats
    """(18, 3) x, y in px, confidence; a missing one is NaN, NaN, 0."""
    keypoints3d: Floats
    """(18, 4) x right, y up, z towards the viewer, in metres; confidence."""
    landmarks: Floats
    """(33, 4) x, y px, z px towards the viewer, 0 at the hips; visibility. Guesses outside the image among them."""
    pose: Pose = field(repr=False)
    """The same as the networks have it, in their pixels."""


class Details(NamedTuple):
    """Face and hands of a person."""

    face: Floats
    """(468, 3) x, y px, confidence; NaN, NaN, 0 where no face is found."""
    hands: Floats
    """(2, 21, 3) left and right, as `face`."""


class KeypointDetector:
    """Detects people, one in a picture or all, on still images. May be shared between threads: each has its own networks."""

    def __init__(self, model: Path | None = None, *, steady: bool = False) -> None:
        """Load the networks.

        Args:
            model: network of landmarks and masks, such as MediaPipe's `heavy`; None: the one that comes with ptx.
            steady: blur pictures a little first, so that noise moves landmarks by half as much.

        Raises:
            PtxError: LiteRT is not installed, or the file is not there.
        """
        self._steady = steady
        self._networks = PerThread(partial(Networks, model or POSE_MODEL))

    def detect(self, image: Image) -> Detection:
        """Detect the most prominent person of an image (H, W, 3) uint8 RGB.

        Raises:
            BadSample: `no_person`.
        """
        return self.detect_prominent(image, most=1)[0]

    def detect_prominent(self, image: Image, most: int = 5) -> list[Detection]:
        """Detect the persons that an image as a whole shows, the surest first.

        Args:
            image: (H, W, 3) uint8 RGB.
            most: largest number of persons.

        Raises:
            BadSample: `no_person`.
        """
        return self._detections(image, lambda people, prepared: people.find_prominent(prepared, most))

    def detect_all(self, image: Image, most: int = 20) -> list[Detection]:
        """Detect everyone, also who is small, those with the largest sum of confidences first; arguments and errors as above."""
        persons = self._detections(image, lambda people, it: people.find_all(it) or people.find_prominent(it, most))
        return sorted(persons, key=lambda person: -float(person.keypoints[:, 2].sum()))[:most]

    def details(self, image: Image, person: Detection) -> Details:
        """Find the face and the hands of a person in the image that they were detected in."""
        return self._networks().details(self._prepared(image), person.pose)

    def _prepared(self, image: Image) -> Image:
        """Blur an image, if that is wanted."""
        if not self._steady:
            return image
        return np.asarray(cv2.GaussianBlur(image, (0, 0), STEADY_BLUR * max(image.shape[:2])), np.uint8)

    def _detections(self, image: Image, find: Callable[[PeopleDetector, Image], list[Pose]]) -> list[Detection]:
        """Bring poses to keypoints, with left and right as they must be."""
        networks, prepared, size = self._networks(), self._prepared(image), image.shape[:2]
        poses = find(networks.people, prepared)
        if not poses:
            raise BadSample("no_person", "nobody is found in the picture")
        return [as_detection(networks.with_sides(prepared, pose), size) for pose in poses]


class Networks:
    """All networks, of one thread; of images as they are."""

    def __init__(self, model: Path = POSE_MODEL) -> None:
        """Load the networks.

        Args:
            model: network of landmarks and masks.

        Raises:
            PtxError: LiteRT is not installed, or the file is not there.
        """
        self.people = PeopleDetector(model)
        self.face = FaceMesh()
        self.hands = HandPoints()

    @cached_property
    def _parser(self) -> Parser:
        return Parser()

    def details(self, image: Image, pose: Pose) -> Details:
        """Find the face and the hands of a pose in an image (H, W, 3)."""
        face = _confident(self.face(image, pose), FACE_POINTS)
        hands = (self.hands(image, pose, "left"), self.hands(image, pose, "right"))
        return Details(face, np.stack([_confident(hand, HAND_POINTS) for hand in hands]))

    def with_sides(self, image: Image, pose: Pose) -> Pose:
        """Return a pose in an image (H, W, 3) with left and right as they must be: who faces us without a face is looked at again."""
        if facing(pose.world) < 0 or self.face.has_face(image, pose):
            return pose
        looks, face = self.people.look_again(image, pose), self._shown_face(image, pose)
        return other_way_round(pose, looks) if exchanged(pose, looks, face) else pose

    def _shown_face(self, image: Image, pose: Pose) -> ShownFace | None:
        """Label the head of a pose in an image (H, W, 3)."""
        size = image.shape[:2]
        found = as_detection(pose, size)
        scores, matrix = self._parser.scores(image, pose.mask_in(size), found.keypoints)
        return shown_face(scores, found.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2])


def _confident(points: tuple[Floats, float] | None, count: int) -> Floats:
    """Bring points (K, 3) and their common confidence to ptx's pixels; missing ones where there are none."""
    out = np.full((count, 3), np.nan, np.float32)
    out[:, 2] = 0
    if points is not None:
        out[:, :2] = points[0][:, :2] - FIRST_PIXEL
        out[:, 2] = points[1]
    return out


def as_detection(pose: Pose, size: tuple[int, int]) -> Detection:
    """Bring a pose in an image of `size` (height, width) to keypoints; hips off the person's mask are moved onto it."""
    landmarks = pose.landmarks * np.array([1, 1, -1, 1], np.float32) - np.array(
        [FIRST_PIXEL, FIRST_PIXEL, 0, 0], np.float32
    )
    flat = landmarks[ROWS][:, [0, 1, 3]].astype(np.float64)
    visibility = pose.landmarks[ROWS, 3:]
    deep = np.column_stack([pose.world[ROWS] * (1, -1, -1), visibility]).astype(np.float64)
    correct_landmarks(flat, deep, pose.mask_in(size))
    return Detection(
        keypoints=mask_outside(_as_keypoints(flat), size),
        keypoints3d=_as_keypoints(deep),
        landmarks=landmarks,
        pose=pose,
    )


def _as_keypoints(landmarks: NDArray[np.float64]) -> Floats:
    """Convert landmarks (18, n), the last number a visibility, to keypoints: with a neck, the invisible ones missing."""
    points = landmarks.copy()
    shoulders = points[list(SHOULDERS)]
    points[keypoint("neck")] = shoulders.mean(0)
    points[keypoint("neck"), -1] = shoulders[:, -1].min()
    out = points.astype(np.float32)
    out[points[:, -1] < MIN_VISIBILITY] = np.nan
    out[:, -1] = np.where(np.isnan(out[:, -1]), 0, np.clip(out[:, -1], 0, 1))
    return out
