"""Keypoints by MediaPipe's pose model, which its wheel carries: nothing is downloaded.

The optional package is imported when a detector is made, so that everything else works without it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Box, Image
from ptx.datasets.keypoint_files import mask_outside
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.pipeline.errors import PtxError

INSTALL = (
    'pip install --no-deps mediapipe==0.10.21 && pip install absl-py attrs flatbuffers "protobuf>=4.25.3,<7" matplotlib'
)
"""Its metadata asks for numpy 1, though it works with 2: hence --no-deps."""

LANDMARK = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8, "left_shoulder": 11, "right_shoulder": 12,
    "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16, "left_hip": 23, "right_hip": 24,
    "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
}  # fmt: skip
"""Row of MediaPipe's 33 landmarks of each keypoint but the neck."""

LEAST_VISIBILITY = 0.5
"""Landmarks below this are guesses, mostly of what is outside the picture."""

_ALONE = threading.RLock()

MARGIN = 0.15
"""Of the longer side of a person's landmarks, added all round for a crop: they end at the ankles and the eyes."""


class NoPerson(ValueError):
    """Nobody was found, or more than one; the message is "code: words"."""


@dataclass(frozen=True)
class Detection:
    """One person in one picture."""

    keypoints: NDArray[np.float32]
    """(18, 3) x, y in px, confidence; NaN and 0 = missing."""
    keypoints3d: NDArray[np.float32]
    """(18, 4) x right, y up, z towards the viewer, in metres; confidence."""
    extent: Box
    """Bounding box of all landmarks, also those guessed outside the picture."""


class MediapipePose:
    """MediaPipe's single-person detector on still pictures."""

    def __init__(self) -> None:
        try:
            with _silence():
                import mediapipe
        except ImportError as error:
            raise PtxError(f"backend mediapipe is not installed ({error}); install it with: {INSTALL}") from None
        self._pose = mediapipe.solutions.pose

    @cached_property
    def _model(self) -> Any:
        with _silence():
            return self._pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=0.5)

    def detect(self, image: Image, *, alone: bool = False) -> Detection:
        """Find the most prominent person.

        Args:
            image: (H, W, 3) uint8 RGB.
            alone: refuse a picture that shows a second person: looks again with the first painted over.

        Raises:
            NoPerson: "no_person", or "several_persons" where `alone`.
        """
        found = self._find(image)
        if found is None:
            raise NoPerson("no_person: MediaPipe found nobody in the picture")
        if alone and self._find(_paint_over(image, found.extent)) is not None:
            raise NoPerson("several_persons: MediaPipe found more than one person in the picture")
        return found

    def find_person(self, image: Image) -> Box:
        """x0, y0, x1, y1 around the person with a margin, inside the picture.

        Raises:
            NoPerson: there is nobody.
        """
        found = self.detect(image)
        xy = found.keypoints[found.keypoints[:, 2] > 0, :2]
        if len(xy) < 2:
            raise NoPerson("no_person: MediaPipe found too little of a person in the picture")
        low, high = xy.min(0), xy.max(0)
        margin = MARGIN * float((high - low).max())
        x0, y0 = np.maximum(low - margin, -0.5)
        x1, y1 = np.minimum(high + margin, (image.shape[1] - 0.5, image.shape[0] - 0.5))
        return float(x0), float(y0), float(x1), float(y1)

    def _find(self, image: Image) -> Detection | None:
        height, width = image.shape[:2]
        with _silence():
            result = self._model.process(np.ascontiguousarray(image))
        if result.pose_landmarks is None:
            return None
        rows = [LANDMARK.get(name, 0) for name in KEYPOINTS]
        flat = np.array([(p.x * width - 0.5, p.y * height - 0.5, p.visibility) for p in result.pose_landmarks.landmark])
        # MediaPipe: y down, z away from the viewer.
        deep = np.array([(p.x, -p.y, -p.z, p.visibility) for p in result.pose_world_landmarks.landmark])
        x0, y0 = flat[:, :2].min(0)
        x1, y1 = flat[:, :2].max(0)
        keypoints = mask_outside(_certain(_with_neck(flat[rows])), image.shape[:2])
        return Detection(keypoints, _certain(_with_neck(deep[rows])), (x0, y0, x1, y1))


def _with_neck(points: NDArray[np.float64]) -> NDArray[np.float64]:
    left, right = points[keypoint("left_shoulder")], points[keypoint("right_shoulder")]
    points[keypoint("neck")] = (left + right) / 2
    points[keypoint("neck"), -1] = min(left[-1], right[-1])
    return points


def _certain(points: NDArray[np.float64]) -> NDArray[np.float32]:
    out = points.astype(np.float32)
    out[points[:, -1] < LEAST_VISIBILITY] = np.nan
    out[:, -1] = np.where(np.isnan(out[:, -1]), 0, np.clip(out[:, -1], 0, 1))
    return out


def _paint_over(image: Image, extent: Box) -> Image:
    x0, y0, x1, y1 = extent
    margin = MARGIN * max(x1 - x0, y1 - y0)
    out = image.copy()
    rows = slice(max(0, int(y0 - margin)), max(0, int(y1 + margin)))
    out[rows, max(0, int(x0 - margin)) : max(0, int(x1 + margin))] = np.median(image, axis=(0, 1)).astype(np.uint8)
    return out


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Its C++ core writes notes straight to the process's standard error, and is not safe to call from two threads."""
    with _ALONE:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
