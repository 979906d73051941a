"""Detect keypoints with MediaPipe's pose model, which its wheel carries: nothing is downloaded.

The optional package is imported when a detector is made, so that everything else works without it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.detection import (
    Detection,
    is_same_person,
    is_whole,
    paint_over_extent,
    paint_over_silhouette,
    windows,
)
from ptx.datasets.images import Box, Image, box_around
from ptx.datasets.silhouette import correct_landmarks
from ptx.geometry.joints import KEYPOINTS, SHOULDERS, keypoint
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.errors import BadSample, PtxError, one_line

INSTALL = (
    'pip install --no-deps mediapipe==0.10.21 && pip install absl-py attrs flatbuffers "protobuf>=4.25.3,<7" matplotlib'
)
"""Command that installs MediaPipe. Its metadata asks for numpy 1, though it works with 2: hence --no-deps."""

LANDMARK = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8, "left_shoulder": 11, "right_shoulder": 12,
    "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24,
    "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
}  # fmt: skip
"""Keypoint → row of MediaPipe's 33 landmarks; it has no neck."""

MIN_VISIBILITY = 0.5
"""Smallest visibility, 0 to 1, of a landmark that is used; others are guesses, mostly outside the image."""

_LOCK = threading.RLock()
"""Held while MediaPipe works: it is not safe to call from two threads."""


class _Landmark(Protocol):
    """A landmark as MediaPipe gives it: shares of the image's width and height, or metres with y down and z away."""

    x: float
    y: float
    z: float
    visibility: float
    """0 to 1."""


class _Landmarks(Protocol):
    landmark: Sequence[_Landmark]
    """33 landmarks."""


class _Result(Protocol):
    pose_landmarks: _Landmarks | None
    """In the image; None: nobody was detected."""
    pose_world_landmarks: _Landmarks
    """In metres."""
    segmentation_mask: NDArray[np.float32] | None
    """(H, W) 0 to 1."""


class _PoseModel(Protocol):
    def process(self, image: Image) -> _Result: ...


class _PoseModule(Protocol):
    """The part of `mediapipe.solutions.pose` that is used."""

    def Pose(  # noqa: N802
        self, *, static_image_mode: bool, model_complexity: int, enable_segmentation: bool
    ) -> _PoseModel: ...


class MediapipePose:
    """MediaPipe's single-person detector on still images."""

    def __init__(self) -> None:
        """Import MediaPipe.

        Raises:
            PtxError: it is not installed.
        """
        try:
            with _silence():
                import mediapipe
        except ImportError as error:
            reason = one_line(error)
            raise PtxError(f"backend mediapipe is not installed ({reason}); install it with: {INSTALL}") from None
        self._module: _PoseModule = mediapipe.solutions.pose

    @cached_property
    def _model(self) -> _PoseModel:
        with _silence():
            return self._module.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)

    def detect(self, image: Image) -> Detection:
        """Detect the most prominent person of an image (H, W, 3) uint8 RGB.

        Raises:
            BadSample: `no_person`.
        """
        detection = self._detect(image)
        if detection is None:
            raise BadSample("no_person", "MediaPipe found nobody in the picture")
        return detection

    def detect_prominent(self, image: Image, most: int = 5) -> list[Detection]:
        """Detect the persons that an image as a whole shows, the most prominent first.

        MediaPipe detects one person an image, and looks again with each painted over. All but the first are whole (`is_whole`): what
        remains of a person who is painted over looks like a part of one.

        Args:
            image: (H, W, 3) uint8 RGB.
            most: largest number of looks.

        Raises:
            BadSample: `no_person`.
        """
        persons = [self.detect(image)]
        remaining = paint_over_silhouette(image, persons[0])
        for _ in range(most - 1):
            detection = self._detect(remaining)
            if detection is None:
                break
            if any(is_same_person(detection, person) for person in persons) or not is_whole(detection):
                remaining = paint_over_extent(remaining, detection.extent)
                continue
            persons.append(detection)
            remaining = paint_over_silhouette(remaining, detection)
        return persons

    def detect_all(self, image: Image, most: int = 20) -> list[Detection]:
        """Detect several persons, those with the largest sum of confidences first, without silhouettes.

        MediaPipe detects one person an image, and none who is small. So it looks at the whole image and at overlapping windows of
        it, at each again and again with those detected before painted over; of several detections of one person the most confident
        counts.

        Args:
            image: (H, W, 3) uint8 RGB.
            most: largest number of persons.

        Raises:
            BadSample: `no_person`.
        """
        detections = [
            detection for window in windows(image.shape[:2]) for detection in self._detect_in(image, window, most)
        ]
        persons: list[Detection] = []
        for detection in sorted(detections, key=lambda detection: -float(detection.keypoints[:, 2].sum())):
            if not any(is_same_person(detection, person) for person in persons):
                persons.append(detection)
        if not persons:
            raise BadSample("no_person", "MediaPipe found nobody in the picture")
        return persons[:most]

    def _detect_in(self, image: Image, window: tuple[int, int, int, int], most: int) -> Iterator[Detection]:
        """Yield the persons in a window x0, y0, x1, y1 of an image, in px of the image."""
        x0, y0, x1, y1 = window
        remaining = image[y0:y1, x0:x1]
        persons: list[Detection] = []
        for _ in range(most):
            detection = self._detect(remaining)
            if detection is None:
                return
            if any(is_same_person(detection, person) for person in persons) or not is_whole(detection):
                remaining = paint_over_extent(remaining, detection.extent)  # the rest still looks like a person
                continue
            persons.append(detection)
            remaining = paint_over_silhouette(remaining, detection)
            keypoints = detection.keypoints + np.array([x0, y0, 0], np.float32)
            left, top, right, bottom = detection.extent
            extent = (left + x0, top + y0, right + x0, bottom + y0)
            yield replace(detection, keypoints=keypoints, extent=extent, silhouette=None)

    def find_person(self, image: Image) -> Box:
        """Return the box x0, y0, x1, y1 px around the most prominent person of an image (`box_around`).

        Raises:
            BadSample: `no_person`, there is nobody or too little of a person.
        """
        return box_around(self.detect(image).keypoints, image.shape[:2])

    def _detect(self, image: Image) -> Detection | None:
        """Run the model once."""
        height, width = image.shape[:2]
        with _silence():
            result = self._model.process(np.ascontiguousarray(image))
        if result.pose_landmarks is None:
            return None
        flat = np.array([(p.x * width - 0.5, p.y * height - 0.5, p.visibility) for p in result.pose_landmarks.landmark])
        # MediaPipe: y down, z away from the viewer.
        deep = np.array([(p.x, -p.y, -p.z, p.visibility) for p in result.pose_world_landmarks.landmark])
        x0, y0 = flat[:, :2].min(0).tolist()
        x1, y1 = flat[:, :2].max(0).tolist()
        rows = [LANDMARK.get(name, 0) for name in KEYPOINTS]  # of the neck any: it is set from the shoulders
        flat = flat[rows]
        deep = deep[rows]
        if result.segmentation_mask is not None:
            correct_landmarks(flat, deep, result.segmentation_mask)
        keypoints = mask_outside(_as_keypoints(flat), image.shape[:2])
        return Detection(keypoints, _as_keypoints(deep), (x0, y0, x1, y1), result.segmentation_mask)


def _as_keypoints(landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
    """Convert landmarks (18, n), the last number a visibility, to keypoints: with a neck, the invisible ones missing."""
    points = landmarks.copy()
    shoulders = points[list(SHOULDERS)]
    points[keypoint("neck")] = shoulders.mean(0)
    points[keypoint("neck"), -1] = shoulders[:, -1].min()
    out = points.astype(np.float32)
    out[points[:, -1] < MIN_VISIBILITY] = np.nan
    out[:, -1] = np.where(np.isnan(out[:, -1]), 0, np.clip(out[:, -1], 0, 1))
    return out


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Take `_LOCK`, and close the process's standard error, to which MediaPipe's C++ core writes notes."""
    with _LOCK:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            with open(os.devnull, "w") as null:
                os.dup2(null.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
