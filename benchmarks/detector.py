"""Our detector against MediaPipe's own Python solution on the same photographs, one core, alternating: agreement and time.

    python benchmarks/detector.py photographs/ --environment mediapipe-env

With `--keypoints folder/`, files of OpenPose's JSON named PARENT__PICTURE_keypoints.json: also how near the 18 keypoints are to those.

MediaPipe 0.10.21 wants numpy 1: it gets an environment of its own, which this script makes. Skipped with a line where it has no wheel.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from common import processor, table

from ptx.datasets.images import read_image
from ptx.detector.keypoints import KeypointDetector
from ptx.detector.people import PeopleDetector
from ptx.detector.pose import Pose
from ptx.pipeline.errors import BadSample

PEER = "mediapipe==0.10.21"
SIDES = (256, 512, 1024)
"""Longer sides, px, at which photographs are timed."""

PX = 512
"""Longer side of the pictures in whose px distances are told."""

PEER_SCRIPT = """
import pickle, sys, time
import numpy as np, mediapipe
model = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)
out = sys.stdout.buffer
while True:
    try: image = pickle.load(sys.stdin.buffer)
    except EOFError: break
    began = time.perf_counter(); result = model.process(image); spent = time.perf_counter() - began
    height, width = image.shape[:2]
    answer = None
    if result.pose_landmarks is not None:
        points = [(p.x * width, p.y * height, p.z * width, p.visibility) for p in result.pose_landmarks.landmark]
        answer = np.float32(points), result.segmentation_mask > .5
    pickle.dump((spent, answer), out); out.flush()
"""


class Answer(NamedTuple):
    """Landmarks (33, 4) and mask (H, W) of a photograph."""

    landmarks: np.ndarray
    mask: np.ndarray


class Peer:
    """MediaPipe in another process."""

    def __init__(self, environment: Path) -> None:
        command = [environment / "bin" / "python", "-c", PEER_SCRIPT]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __call__(self, image: np.ndarray) -> tuple[float, Answer | None]:
        """Return seconds, and what it finds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(image, self._process.stdin)
        self._process.stdin.flush()
        spent, answer = pickle.load(self._process.stdout)  # of a process that we started ourselves
        return spent, None if answer is None else Answer(*answer)


def make_environment(folder: Path) -> bool:
    """Install the peer; False where it has no wheel."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    if subprocess.run([python, "-c", "import mediapipe"], capture_output=True).returncode == 0:
        return True
    command = [python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", PEER, "numpy<2"]
    return subprocess.run(command, capture_output=True).returncode == 0


def photographs(folder: Path) -> Iterator[Path]:
    """List the pictures of a folder, sub-folders too."""
    yield from (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def read(path: Path) -> np.ndarray:
    """Read a picture (H, W, 3)."""
    return np.ascontiguousarray(read_image(path, 100_000_000))


def main() -> None:
    """Compare, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="photographs of people")
    parser.add_argument("--environment", type=Path, default=Path("mediapipe-env"))
    parser.add_argument("--keypoints", type=Path, help="folder of OpenPose's keypoints of the photographs")
    parser.add_argument("--timed", type=int, default=25, help="photographs that are timed")
    args = parser.parse_args()
    if args.keypoints:
        table(
            ("against", "photographs", "found", "mean distance / height", "within 10 %"),
            [nearness(args.folder, args.keypoints)],
        )
        print()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the peer inherits it
    if not make_environment(args.environment):
        print(f"skipped: {PEER} has no wheel for Python {sys.version_info.major}.{sys.version_info.minor}")
        return
    images = [read(path) for path in photographs(args.folder)]
    detector, peer = PeopleDetector(), Peer(args.environment)
    print(f"{processor()}, {len(images)} photographs\n")
    agreement(images, detector, peer)
    print()
    times(images[: args.timed], detector, peer)
    print()
    rates(images[:: max(1, len(images) // args.timed)])


def nearness(folder: Path, keypoints: Path) -> tuple[str, str, str, str, str]:
    """Measure the mean distance of joints that both have, over the height of the box around the person's keypoints, by picture."""
    detector = KeypointDetector()
    distances: list[float] = []
    count = 0
    for path in photographs(folder):
        truth = keypoints / f"{path.parent.name}__{path.stem}_keypoints.json"
        if not truth.exists():
            continue
        count += 1
        (person,) = json.loads(truth.read_text())["people"]
        expected = np.array(person["pose_keypoints_2d"], np.float64).reshape(18, 3)
        try:
            own = detector.detect(read(path)).keypoints
        except BadSample:
            continue
        known = expected[:, 2] > 0
        both = known & (own[:, 2] > 0)
        distance = np.linalg.norm(own[both, :2] - expected[both, :2], axis=1).mean()
        distances.append(float(distance / np.ptp(expected[known, 1])))
    near = np.array(distances)
    return keypoints.name, str(count), str(len(near)), f"{near.mean():.3f}", f"{(near < 0.1).sum()} of {count}"


def agreement(images: Sequence[np.ndarray], detector: PeopleDetector, peer: Peer) -> None:
    """Print how near landmarks and masks are, and how many photographs have somebody."""
    rows: list[tuple[float, float, float]] = []
    found = np.zeros(3, int)
    for image in images:
        theirs = peer(image)[1]
        alone = detector.find(image, border=False)
        found += (theirs is not None, alone is not None, detector.find(image) is not None)
        if theirs is not None and alone is not None:
            rows.append(difference(alone, theirs, image.shape[:2]))
    medians, worst, overlap = np.array(rows).T
    heads = ("", f"median of medians, px of {PX}", "worst median", "worst point", "worst IoU of masks")
    table(
        heads,
        [
            (
                "landmarks, mask",
                f"{np.median(medians):.4f}",
                f"{medians.max():.3f}",
                f"{worst.max():.2f}",
                f"{overlap.min():.4f}",
            )
        ],
    )
    print()
    table(("found by", "MediaPipe", "ptx without border", "ptx"), [(f"of {len(images)}", *found.tolist())])


def difference(pose: Pose, theirs: Answer, size: tuple[int, int]) -> tuple[float, float, float]:
    """Median and largest distance of landmarks, and the overlap of the masks."""
    distance = np.linalg.norm(pose.landmarks[:, :2] - theirs.landmarks[:, :2], axis=1) * PX / max(size)
    mask = pose.mask_in(size) > 0.5
    overlap = (mask & theirs.mask).sum() / max((mask | theirs.mask).sum(), 1)
    return float(np.median(distance)), float(distance.max()), float(overlap)


def times(images: Sequence[np.ndarray], detector: PeopleDetector, peer: Peer) -> None:
    """Print milliseconds a photograph at some sizes, detection every time, with mask and 3D."""
    rows = []
    for side in SIDES:
        ours, theirs = [], []
        for image in images:
            scale = side / max(image.shape[:2])
            scaled = cv2.resize(
                image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            )
            theirs.append(peer(scaled)[0])
            began = time.perf_counter()
            pose = detector.find(scaled)
            if pose is not None:
                pose.mask_in(scaled.shape[:2])
            ours.append(time.perf_counter() - began)
        own, other = np.median(ours), np.median(theirs)
        rows.append((f"{side} px", f"{own * 1e3:.1f}", f"{other * 1e3:.1f}", f"{own / other:.2f}"))
    table(("longer side", "ptx, ms", "MediaPipe, ms", "ratio"), rows)


def rates(images: Sequence[np.ndarray]) -> None:
    """Print pictures a second whose longer side is the smallest of `SIDES`: keypoints, with face and hands, and of a known person."""
    detector, people = KeypointDetector(), PeopleDetector()
    scales = [SIDES[0] / max(image.shape[:2]) for image in images]
    scaled = [
        cv2.resize(image, None, fx=s, fy=s, interpolation=cv2.INTER_AREA)
        for image, s in zip(images, scales, strict=True)
    ]
    seconds: dict[str, list[float]] = {"keypoints": [], "with face and hands": [], "followed": []}
    for image in scaled:
        clock = [time.perf_counter()]
        try:
            person = detector.detect(image)
        except BadSample:
            seconds["keypoints"].append(time.perf_counter() - clock[0])
            continue
        clock.append(time.perf_counter())
        detector.details(image, person)
        clock.append(time.perf_counter())
        people.follow(image, person.pose.body)
        clock.append(time.perf_counter())
        for name, spent in zip(seconds, (clock[1] - clock[0], clock[2] - clock[0], clock[3] - clock[2]), strict=True):
            seconds[name].append(spent)
    table(
        ("pictures a second on one core", *seconds),
        [(f"{len(scaled)} photographs", *(f"{1 / np.mean(s):.1f}" for s in seconds.values()))],
    )


if __name__ == "__main__":
    main()
