"""Read keypoints in COCO's 17 joints: its annotation files and results, and predictions of MMPose (ViTPose, RTMPose ...)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from ptx.datasets.foreign_files import (
    Malformed,
    as_array,
    as_mapping,
    as_rows,
    as_sequence,
    member,
    read_json,
)
from ptx.datasets.keypoint_files import MAX_JSON_BYTES, KeypointFolder, Keypoints, most_certain
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import Json

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""Names of COCO's 17 joints in its order. It has no neck: ours is the middle of the shoulders."""

MAX_ANNOTATION_BYTES = 4_000_000_000
"""Largest annotation file of a whole data set that is read, bytes."""

MAX_MMPOSE_DEPTH = 3
"""Lists or objects around the list of persons that are looked into; MMPose writes one."""


def from_coco(points: Keypoints) -> Keypoints:
    """Reorder COCO's joints.

    Args:
        points: (17, 3) x, y in px, confidence, in COCO's order.

    Returns:
        (18, 3) in our order. The neck is the middle of the shoulders where both are present, its confidence their lower one.
    """
    out = np.zeros((len(KEYPOINTS), 3), np.float32)
    out[[keypoint(name) for name in COCO_17]] = points
    shoulders = points[[COCO_17.index("left_shoulder"), COCO_17.index("right_shoulder")]]
    if (shoulders[:, 2] > 0).all():
        out[keypoint("neck")] = (*shoulders[:, :2].mean(0), shoulders[:, 2].min())
    return missing_as_nan(out)


@dataclass(frozen=True)
class CocoJson:
    """One JSON file of person keypoints: annotations (an object with `images` and `annotations`), or results (a list), whose
    `image_id` is then an image's name or the number that its name is."""

    file: Path
    """The JSON file."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Return the keypoints (18, 3) of an image's most certain person, and the number of persons in it.

        Raises:
            BadSample: `missing_keypoints`.
            PtxError: the file cannot be read.
        """
        name = PurePosixPath(path)
        unique = self._name_counts[name.name] == 1
        alone = self._stem_counts[name.stem] == 1
        for key in (path, *((name.name,) if unique else ()), *((name.stem,) if alone else ())):
            if key in self._people:
                return most_certain(self._people[key])
        raise BadSample("missing_keypoints", f"{self.file.name} has no person for {path}")

    @cached_property
    def _name_counts(self) -> Counter[str]:
        """File name → number of images called so."""
        return Counter(PurePosixPath(path).name for path in self.paths)

    @cached_property
    def _stem_counts(self) -> Counter[str]:
        """File name without ending → number of images called so."""
        return Counter(PurePosixPath(path).stem for path in self.paths)

    @cached_property
    def _people(self) -> dict[str, list[Keypoints]]:
        """Path or file name of an image → its persons with at least one keypoint.

        Raises:
            PtxError: the file cannot be read, or is neither annotations nor results.
        """
        people: dict[str, list[Keypoints]] = {}
        try:
            document = read_json(self.file, MAX_ANNOTATION_BYTES)
            for name, person in _annotations(document) if isinstance(document, Mapping) else self._results(document):
                if (person[:, 2] > 0).any():
                    people.setdefault(name, []).append(from_coco(person))
        except FileNotFoundError:
            raise PtxError(f"extract_keypoints.path: {self.file} is not there") from None
        except (OSError, Malformed) as error:
            raise PtxError(f"extract_keypoints.path: {self.file} is no COCO keypoint file: {one_line(error)}") from None
        return people

    def _results(self, document: Json) -> Iterator[tuple[str, Keypoints]]:
        """Yield the image and the joints (17, 3) of every person of a file of results."""
        path_of = {number: path for path in self.paths if (number := _number(path)) is not None}
        for result in as_sequence(document):
            image = _identifier(member(result, "image_id"))
            name = path_of.get(image, str(image)) if isinstance(image, int) else image
            yield name, _joints(member(result, "keypoints"))


def _annotations(document: Json) -> Iterator[tuple[str, Keypoints]]:
    """Yield the image and the joints (17, 3) of every person of an annotation file."""
    names = {
        _identifier(member(image, "id")): str(member(image, "file_name"))
        for image in as_sequence(member(document, "images"))
    }
    for annotation in as_sequence(member(document, "annotations")):
        if "keypoints" not in as_mapping(annotation):
            continue
        person = _joints(member(annotation, "keypoints"))
        person[:, 2] = person[:, 2] > 0  # 1 hidden, 2 visible: both have a position
        image = _identifier(member(annotation, "image_id"))
        if image not in names:
            raise Malformed(f"no image with the id {image}")
        yield names[image], person


@dataclass(frozen=True)
class MmposeJson(KeypointFolder):
    """MMPose's predictions, one JSON file an image, of 17 joints, in pixels of the original images."""

    tool = "MMPose"
    endings = (".json",)

    def read_people(self, file: Path) -> list[Keypoints]:
        """Read every person in a file."""
        try:
            people = [from_coco(person) for person in _instances(read_json(file, MAX_JSON_BYTES))]
        except (OSError, Malformed) as error:
            raise BadSample("bad_keypoint_file", f"{file.name}: {one_line(error)}") from None
        if not people:
            raise BadSample("no_person", f"MMPose found nobody in {file.name}")
        return people


def _instances(document: Json, depth: int = 0) -> Iterator[Keypoints]:
    """Yield the joints (17, 3) of every person; MMPose's versions wrap the persons in an object, or in one more list."""
    if depth > MAX_MMPOSE_DEPTH:
        raise Malformed("persons in lists of lists")
    if isinstance(document, Mapping):
        document = member(document, "instance_info" if "instance_info" in document else "predictions")
    for entry in as_sequence(document):
        if not isinstance(entry, Mapping):
            yield from _instances(as_sequence(entry), depth + 1)
        elif "instances" in entry:
            yield from _instances(entry["instances"], depth + 1)
        else:
            xy = as_array(member(entry, "keypoints"))
            scores = as_array(member(entry, "keypoint_scores"))
            if xy.ndim != 2 or xy.shape[1] < 2 or scores.shape != xy.shape[:1]:
                raise Malformed(f"keypoints {list(xy.shape)} with keypoint_scores {list(scores.shape)}")
            yield _seventeen(np.concatenate([xy[:, :2], scores[:, None]], axis=1))


def _joints(numbers: Json) -> Keypoints:
    """Convert a list of x, y, confidence, ... to joints (17, 3)."""
    return _seventeen(as_rows(numbers, 3))


def _seventeen(points: Keypoints) -> Keypoints:
    if len(points) != len(COCO_17):
        raise Malformed(f"{len(points)} points a person; COCO's 17 are understood")
    return points


def _identifier(value: Json) -> int | str:
    """Check the id of an image."""
    if not isinstance(value, int | str):
        raise Malformed("an id that is neither a number nor a string")
    return value


def _number(path: str) -> int | None:
    """Return the number that an image's name is, such as 397133 for 000000397133.jpg."""
    stem = PurePosixPath(path).stem
    return int(stem) if stem.isdecimal() else None
