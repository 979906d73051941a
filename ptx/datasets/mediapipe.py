"""Keypoints by MediaPipe's pose model, which its wheel carries: nothing is downloaded.

The optional package is imported when a detector is made, so that everything else works without it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Box, Image, box_around
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import mask_outside, missing_as_nan
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

LEAST_KEYPOINTS, LEAST_TRUNK = 8, 2
"""Less than this of all keypoints, or of shoulders and hips, is among several persons no person that could be painted."""

BESIDE = 0.005
"""Of the picture's longer side: how far beside the person's silhouette a landmark may lie. Hips in the air behind somebody who leans
forward are a common mistake; the silhouette, from the same network, is far surer."""

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
    silhouette: NDArray[np.float32] | None = None
    """(H, W) 0 to 1: how surely each pixel of the picture is the person's."""


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
            return self._pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)

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

    def detect_all(self, image: Image, most: int = 20) -> list[Detection]:
        """Find several persons, the most certain first.

        MediaPipe finds one person, and none who is small. So it looks at the whole picture and at overlapping windows of it, at
        each again and again with those found painted over; of what it finds of one person the surest counts.

        Raises:
            NoPerson: there is nobody.
        """
        found = [one for window in _windows(image.shape[:2]) for one in self._in_window(image, window, most)]
        kept: list[Detection] = []
        for one in sorted(found, key=lambda one: -float(one.keypoints[:, 2].sum())):
            if not any(_same(one, other) for other in kept):
                kept.append(one)
        if not kept:
            raise NoPerson("no_person: MediaPipe found nobody in the picture")
        return kept[:most]

    def _in_window(self, image: Image, window: tuple[int, int, int, int], most: int) -> Iterator[Detection]:
        x0, y0, x1, y1 = window
        rest = image[y0:y1, x0:x1]
        known: list[Detection] = []
        for _ in range(most):
            one = self._find(rest)
            if one is None:
                return
            if any(_same(one, other) for other in known) or not _is_whole(one):
                rest = _paint_over(rest, one.extent)  # what is left of them is still taken for a person
                continue
            known.append(one)
            rest = _paint_out(rest, one)
            keypoints = one.keypoints + np.array([x0, y0, 0], np.float32)
            a, b, c, d = one.extent
            yield replace(one, keypoints=keypoints, extent=(a + x0, b + y0, c + x0, d + y0), silhouette=None)

    def find_person(self, image: Image) -> Box:
        """x0, y0, x1, y1 around the person with a margin, inside the picture.

        Raises:
            NoPerson: there is nobody.
            BadImage: too little of a person is there.
        """
        return box_around(self.detect(image).keypoints, image.shape[:2])

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
        flat, deep = flat[rows], deep[rows]
        if result.segmentation_mask is not None:
            _onto_person(flat, deep, result.segmentation_mask)
        keypoints = mask_outside(_certain(_with_neck(flat)), image.shape[:2])
        return Detection(keypoints, _certain(_with_neck(deep)), (x0, y0, x1, y1), result.segmentation_mask)


def _onto_person(flat: NDArray[np.float64], deep: NDArray[np.float64], silhouette: NDArray[np.float32]) -> None:
    """Mend in place what lies beside the person: the hips are moved onto the silhouette, other landmarks lose their visibility.

    Args:
        flat: (18, 3) x, y in px, visibility.
        deep: (18, 4) x, y, z in metres, visibility.
        silhouette: (H, W) 0 to 1.
    """
    hips, shoulders = [[keypoint(f"{side}_{part}") for side in ("left", "right")] for part in ("hip", "shoulder")]
    beside = _beside(flat[:, :2], silhouette)
    if beside[hips].any():
        middle = flat[hips, :2].mean(0)
        trunk = flat[shoulders, :2].mean(0) - middle
        length = float(np.hypot(*trunk))
        metres = float(np.hypot(*(deep[shoulders, :2].mean(0) - deep[hips, :2].mean(0))))
        shift = _to_middle(silhouette, middle, np.array((-trunk[1], trunk[0])) / max(length, 1), length)
        if shift is not None:
            flat[hips, :2] += shift
            deep[hips, :2] += shift * (1, -1) * metres / length
            beside = _beside(flat[:, :2], silhouette)
    flat[beside, -1] = deep[beside, -1] = 0


def _beside(xy: NDArray[np.float64], silhouette: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of the points (K, 2; px) lie in the picture but beside the silhouette (H, W)."""
    height, width = silhouette.shape
    inside = np.all((xy > -0.5) & (xy < (width - 0.5, height - 0.5)), axis=1)
    reach = max(1, round(BESIDE * max(height, width)))
    person = cv2.dilate(silhouette, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    x, y = np.rint(np.clip(xy, 0, (width - 1, height - 1))).astype(int).T
    return inside & (person[y, x] < 0.5)


def _to_middle(
    silhouette: NDArray[np.float32], start: NDArray[np.float64], across: NDArray[np.float64], reach: float
) -> NDArray[np.float64] | None:
    """x, y from `start` to the middle of the silhouette's nearest stretch on a line through it; None: there is none.

    Args:
        silhouette: (H, W) 0 to 1.
        start: x, y in px.
        across: unit vector along the line.
        reach: how far to look to either side, px.
    """
    steps = np.arange(-int(reach), int(reach) + 1)
    line = (start + steps[:, None] * across).astype(np.float32)
    on = cv2.remap(silhouette, line[:, :1], line[:, 1:], cv2.INTER_LINEAR, borderValue=0.0)[:, 0] > 0.5
    edges = np.flatnonzero(np.diff(on, prepend=False, append=False))
    stretches = steps[0] + edges.reshape(-1, 2) - (0, 1)
    if not len(stretches):
        return None
    nearest = stretches[np.argmin(np.maximum(stretches[:, 0], -stretches[:, 1]).clip(0))]
    return across * float(nearest.mean())


def _with_neck(points: NDArray[np.float64]) -> NDArray[np.float64]:
    left, right = points[keypoint("left_shoulder")], points[keypoint("right_shoulder")]
    points[keypoint("neck")] = (left + right) / 2
    points[keypoint("neck"), -1] = min(left[-1], right[-1])
    return points


def _certain(points: NDArray[np.float64]) -> NDArray[np.float32]:
    out = points.astype(np.float32)
    out[points[:, -1] < LEAST_VISIBILITY, -1] = 0
    return missing_as_nan(out)


def _paint_over(image: Image, extent: Box) -> Image:
    x0, y0, x1, y1 = extent
    margin = MARGIN * max(x1 - x0, y1 - y0)
    out = image.copy()
    rows = slice(max(0, int(y0 - margin)), max(0, int(y1 + margin)))
    out[rows, max(0, int(x0 - margin)) : max(0, int(x1 + margin))] = np.median(image, axis=(0, 1)).astype(np.uint8)
    return out


def _windows(size: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """x0, y0, x1, y1 of the whole picture, and of windows a half and a third of its longer side across that overlap by half."""
    height, width = size
    out = [(0, 0, width, height)]
    for share in (2, 3):
        side = max(height, width) // share
        columns, rows = ([*range(0, max(1, n - side), max(1, side // 2)), max(0, n - side)] for n in (width, height))
        out += [
            (x, y, min(x + side, width), min(y + side, height))
            for y in dict.fromkeys(rows)
            for x in dict.fromkeys(columns)
        ]
    return out


def _paint_out(image: Image, person: Detection) -> Image:
    """The picture with a person's pixels, and a little around them, in its median colour."""
    if person.silhouette is None:
        return _paint_over(image, person.extent)
    reach = max(3, round(0.02 * max(image.shape[:2])))
    shape = cv2.dilate((person.silhouette > 0.3).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    out = image.copy()
    out[shape] = np.median(image, axis=(0, 1)).astype(np.uint8)
    return out


def _is_whole(person: Detection) -> bool:
    there = person.keypoints[:, 2] > 0
    trunk = [keypoint(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "hip")]
    return int(there.sum()) >= LEAST_KEYPOINTS and int(there[trunk].sum()) >= LEAST_TRUNK


def _same(a: Detection, b: Detection) -> bool:
    """Whether two detections are of one person: half the keypoints of both are nearer than a tenth of the person's size."""
    both = (a.keypoints[:, 2] > 0) & (b.keypoints[:, 2] > 0)
    if not both.any():
        return False
    apart = np.linalg.norm(a.keypoints[both, :2] - b.keypoints[both, :2], axis=1)
    size = max(b.extent[2] - b.extent[0], b.extent[3] - b.extent[1], 1.0)
    return bool(np.median(apart) < 0.1 * size)


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
