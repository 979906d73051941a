"""A stand-in of MediaPipe's pose model where it is not installed: it knows the pictures that it is shown, and who is in them.

Its answers have MediaPipe's form, written from its manual ("Pose landmark detection"): 33 landmarks in shares of the picture's width
and height, whose borders are 0 and 1, with a visibility; and in metres, y down and z away from the viewer, the hips in the middle.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ptx.datasets.people.people import Truth
from ptx.geometry.joints import keypoint

ROWS = {
    0: "nose", 2: "left_eye", 5: "right_eye", 7: "left_ear", 8: "right_ear", 11: "left_shoulder", 12: "right_shoulder",
    13: "left_elbow", 14: "right_elbow", 15: "left_wrist", 16: "right_wrist", 23: "left_hip", 24: "right_hip",
    25: "left_knee", 26: "right_knee", 27: "left_ankle", 28: "right_ankle",
}  # fmt: skip
"""Number in MediaPipe's list of landmarks → keypoint; the others, of mouth, fingers and feet, are not looked at."""


def landmarks(truth: Truth, height: int, width: int) -> tuple[list[SimpleNamespace], list[SimpleNamespace]]:
    """A person's landmarks in shares of the picture, and in metres; a missing keypoint is guessed at the nose, invisible."""
    flat, deep = truth.keypoints, truth.keypoints3d
    seen, world = [], []
    for number in range(33):
        row = keypoint(ROWS.get(number, "nose"))
        visible = float(number in ROWS and flat[row, 2] > 0)
        u, v = np.nan_to_num(flat[row, :2])
        x, y, z = np.nan_to_num(deep[row, :3])
        seen.append(SimpleNamespace(x=(u + 0.5) / width, y=(v + 0.5) / height, z=0.0, visibility=visible))
        world.append(SimpleNamespace(x=x, y=-y, z=-z, visibility=visible))
    return seen, world


def install(monkeypatch: pytest.MonkeyPatch, pictures: Sequence[np.ndarray], truths: Sequence[Truth]) -> None:
    """Put the stand-in where `import mediapipe` finds it, for the length of a test."""
    known = {picture.tobytes(): truth for picture, truth in zip(pictures, truths, strict=True)}

    class Pose:
        def __init__(self, *, static_image_mode: bool, model_complexity: int, enable_segmentation: bool) -> None:
            assert static_image_mode  # pictures have nothing to do with each other

        def process(self, image: np.ndarray) -> SimpleNamespace:
            truth = known.get(image.tobytes())
            if truth is None:
                return SimpleNamespace(pose_landmarks=None, pose_world_landmarks=None, segmentation_mask=None)
            seen, world = landmarks(truth, *image.shape[:2])
            return SimpleNamespace(
                pose_landmarks=SimpleNamespace(landmark=seen),
                pose_world_landmarks=SimpleNamespace(landmark=world),
                segmentation_mask=None,
            )

    module = ModuleType("mediapipe")
    module.__dict__["solutions"] = SimpleNamespace(pose=SimpleNamespace(Pose=Pose))
    monkeypatch.setitem(sys.modules, "mediapipe", module)
