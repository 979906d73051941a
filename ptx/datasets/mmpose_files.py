"""Read MMPose's predictions (ViTPose, RTMPose ...), one JSON file an image, in the forms that its versions write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ptx.datasets.foreign_files import Malformed, as_array, as_sequence, member, read_json
from ptx.datasets.joint_names import as_keypoints, joint_rows
from ptx.datasets.keypoint_files import MAX_JSON_BYTES, KeypointFolder, without_origin
from ptx.datasets.persons import FoundPerson
from ptx.pipeline.errors import BadSample, one_line
from ptx.pipeline.fingerprint import Json

MAX_DEPTH = 6
"""Lists or objects around the list of persons that are looked into; MMPose writes up to three."""

WRAPPINGS = ("instance_info", "predictions", "instances", "pred_instances")
"""Names under which an object holds the persons."""


@dataclass(frozen=True)
class MmposeJson(KeypointFolder):
    """MMPose's predictions, one JSON file an image, of COCO's 17 joints or more, in pixels of the original images."""

    tool = "MMPose"
    endings = (".json",)

    def read_people(self, file: Path) -> list[FoundPerson]:
        """Read every person in a file who has a keypoint."""
        try:
            document = read_json(file, MAX_JSON_BYTES)
            names = _joint_names(document)
            people = [person for entry in _entries(document) for person in _people(entry, names)]
        except (OSError, Malformed) as error:
            raise BadSample("bad_keypoint_file", f"{file.name}: {one_line(error)}") from None
        people = [person for person in people if person.count]
        if not people:
            raise BadSample("no_person", f"MMPose found nobody in {file.name}")
        return people


def _joint_names(document: Json) -> Sequence[str]:
    """Return the names of the points, which newer versions write beside the persons."""
    info = document.get("meta_info") if isinstance(document, Mapping) else None
    names = info.get("keypoint_id2name") if isinstance(info, Mapping) else None
    if not isinstance(names, Mapping) or not all(number.isdecimal() for number in names):
        return ()
    return [str(names[number]) for number in sorted(names, key=int)]


def _entries(document: Json, depth: int = 0) -> Iterator[Mapping[str, Json]]:
    """Yield the objects that hold keypoints, from whatever lists and objects are around them."""
    if depth > MAX_DEPTH:
        raise Malformed("persons in lists of lists")
    if not isinstance(document, Mapping):
        for entry in as_sequence(document):
            yield from _entries(entry, depth + 1)
    elif "keypoints" in document:
        yield document
    else:
        wrapping = next((name for name in WRAPPINGS if name in document), None)
        if wrapping is None:
            raise Malformed(f"no '{'predictions' if depth == 0 else 'keypoints'}'")
        yield from _entries(document[wrapping], depth + 1)


def _people(entry: Mapping[str, Json], names: Sequence[str]) -> Iterator[FoundPerson]:
    """Yield the person of an object, or all persons of one with arrays of several."""
    points = as_array(member(entry, "keypoints"))
    if points.size == 0:
        return
    if "keypoint_scores" in entry:
        scores = as_array(entry["keypoint_scores"])
        if points.ndim < 2 or scores.shape != points.shape[:-1] or points.shape[-1] < 2:
            raise Malformed(f"keypoints {list(points.shape)} with keypoint_scores {list(scores.shape)}")
        points = np.concatenate([points[..., :2], scores[..., None]], axis=-1)
    elif points.ndim < 2 or points.shape[-1] != 3:  # version 0 writes x, y, score
        raise Malformed("no 'keypoint_scores'")
    rows = joint_rows(points.shape[-2], names)
    if rows is None:
        raise Malformed(
            f"{points.shape[-2]} points a person; COCO's 17 are understood, and layouts that begin with them"
        )
    for person in points.reshape(-1, *points.shape[-2:]):
        yield FoundPerson(as_keypoints(without_origin(person), rows))
