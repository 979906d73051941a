"""Keypoints in COCO's 17 joints: its own annotation files and results, and the predictions that MMPose (ViTPose, RTMPose ...) writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ptx.datasets.keypoint_files import (
    MOST_BYTES,
    KeypointFolder,
    Keypoints,
    NoKeypoints,
    most_certain,
    words,
)
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import PtxError

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""COCO's joints in its order. Our neck, which it has not, is the middle of the shoulders."""

MOST_ANNOTATIONS = 4_000_000_000
"""An annotation file that is larger than this is not read."""


def from_coco(points: Keypoints) -> Keypoints:
    """(17, 3) in COCO's order to our (18, 3); a neck where both shoulders are there, as certain as the less certain one."""
    out = np.zeros((18, 3), np.float32)
    out[[keypoint(name) for name in COCO_17]] = points
    shoulders = points[[COCO_17.index("left_shoulder"), COCO_17.index("right_shoulder")]]
    if (shoulders[:, 2] > 0).all():
        out[keypoint("neck")] = (*shoulders[:, :2].mean(0), shoulders[:, 2].min())
    return missing_as_nan(out)


@dataclass(frozen=True)
class CocoJson:
    """One JSON file of person keypoints: annotations (`images` and `annotations`), or results (a list), whose `image_id` is then
    a picture's name or the number that its name is."""

    file: Path
    paths: Sequence[str]
    """All pictures of the data set."""

    @cached_property
    def _people(self) -> dict[str, list[Keypoints]]:
        """Path or file name → persons.

        Raises:
            PtxError: the file cannot be read, or is none of the two.
        """
        try:
            if self.file.stat().st_size > MOST_ANNOTATIONS:
                raise ValueError(f"more than {MOST_ANNOTATIONS} bytes")
            document = json.loads(self.file.read_bytes())
            entries = list(self._entries(document))
        except FileNotFoundError:
            raise PtxError(f"extract_keypoints.path: {self.file} is not there") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise PtxError(f"extract_keypoints.path: {self.file} is no COCO keypoint file: {words(error)}") from None
        people: dict[str, list[Keypoints]] = {}
        for name, person in entries:
            if (person[:, 2] > 0).any():
                people.setdefault(name, []).append(from_coco(person))
        return people

    def _entries(self, document: Any) -> Iterator[tuple[str, Keypoints]]:
        if isinstance(document, list):
            names = {_number(path): path for path in self.paths}
            for one in document:
                image = one["image_id"]
                yield names.get(image, str(image)) if isinstance(image, int) else str(image), _points(one["keypoints"])
            return
        files = {image["id"]: str(image["file_name"]) for image in document["images"]}
        for one in document["annotations"]:
            if "keypoints" in one:
                person = _points(one["keypoints"])
                person[:, 2] = person[:, 2] > 0  # 1 hidden, 2 visible: both are where they are
                yield files[one["image_id"]], person

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(PurePosixPath(path).name for path in self.paths)

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Keypoints (18, 3) of the most certain person, and how many persons there are.

        Raises:
            NoKeypoints: "missing_keypoints".
            PtxError: the file cannot be read.
        """
        name = PurePosixPath(path)
        alone = self._names[name.name] == 1
        for known in (path, *((name.name, name.stem) if alone else ())):
            if known in self._people:
                return most_certain(self._people[known])
        raise NoKeypoints(f"missing_keypoints: {self.file.name} has no person for {path}")


@dataclass(frozen=True)
class MmposeJson(KeypointFolder):
    """MMPose's predictions, one JSON file a picture, of 17 joints."""

    tool, endings = "MMPose", (".json",)

    def people(self, file: Path) -> list[Keypoints]:
        """Every person in a file."""
        try:
            if file.stat().st_size > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES} bytes")
            people = [from_coco(person) for person in _instances(json.loads(file.read_bytes()))]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise NoKeypoints(f"bad_keypoint_file: {file.name}: {words(error)}") from None
        if not people:
            raise NoKeypoints(f"no_person: MMPose found nobody in {file.name}")
        return people


def _instances(document: Any) -> Iterator[Keypoints]:
    """Its versions wrap the list of persons in a dictionary, or in one more list."""
    if isinstance(document, dict):
        document = document["instance_info"] if "instance_info" in document else document["predictions"]
    for one in document:
        if isinstance(one, list):
            yield from _instances(one)
        elif "instances" in one:
            yield from _instances(one["instances"])
        else:
            places, scores = np.asarray(one["keypoints"], np.float32), np.asarray(one["keypoint_scores"], np.float32)
            yield _points(np.concatenate([places[:, :2], scores[:, None]], axis=1))


def _points(numbers: Any) -> Keypoints:
    points = np.array(numbers, np.float32).reshape(-1, 3)
    if len(points) != len(COCO_17):
        raise ValueError(f"{len(points)} points a person; COCO's 17 are understood")
    return points


def _number(path: str) -> int | None:
    stem = PurePosixPath(path).stem
    return int(stem) if stem.isdecimal() else None
