"""Read keypoints in OpenPose's JSON files, and in those of tools that write as it does: AlphaPose, ControlNet's and ComfyUI's nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ptx.datasets.foreign_files import Malformed, as_mapping, as_rows, as_sequence, read_json
from ptx.datasets.keypoint_files import MAX_JSON_BYTES, KeypointFolder, Keypoints, picture_size, without_origin
from ptx.datasets.persons import FoundPerson, choose_person
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import Json

BODY_25_ROWS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Rows of OpenPose's BODY_25 that are the 18 keypoints (its row 8 is the middle of the hips)."""

KEYPOINT_ROWS = {25: BODY_25_ROWS, 18: tuple(range(18))}
"""Number of points a person in a file of OpenPose → rows of the 18 keypoints."""

DIGITS = re.compile(r"(\d+)")
"""Numbers in a file's name."""

PEOPLE_KEYS = ("people", "bodies")
"""Names of the list of persons: OpenPose's, and AlphaPose's in its format cmu."""

BODY_KEYS = ("pose_keypoints_2d", "pose_keypoints", "joints")
"""Names of a person's body in it: OpenPose's, its version 1.1's, and AlphaPose's in its format cmu."""


class OpenposeJson(KeypointFolder):
    """OpenPose's JSON files, BODY_25 or COCO-18, in pixels of the original images; and those of tools that write as it does.

    The file of a/b.jpg is a/b_keypoints.json or a/b.json, or in the folder itself a_b_keypoints.json, or b_keypoints.json
    where only one image is called b.
    """

    tool = "OpenPose"
    endings = ("_keypoints.json", ".json")

    def read_people(self, file: Path) -> list[FoundPerson]:
        """Read every person in a file who has a keypoint."""
        return read_people(file)


def read_pose(file: Path) -> FoundPerson:
    """Read the largest person in one OpenPose JSON file.

    Raises:
        BadSample: `missing_keypoints`, `bad_keypoint_file` or `no_person`.
    """
    if not file.is_file():
        raise BadSample("missing_keypoints", f"{file.name} is not there")
    people = read_people(file)
    return people[choose_person(people, "largest")]


def read_pose_folder(folder: Path) -> list[FoundPerson | None]:
    """Read the largest person of each OpenPose JSON file of a folder, one file a frame, in the order of their names, 9 before 10.

    Returns:
        A person a file; None where nobody was found.

    Raises:
        PtxError: there is no such folder, no JSON in it, or a file is damaged.
    """
    if not folder.is_dir():
        raise PtxError(f"{folder}: {'is no folder' if folder.exists() else 'is not there'}")
    files = sorted(
        folder.glob("*.json"),
        key=lambda file: [int(part) if part.isdecimal() else part for part in DIGITS.split(file.name)],
    )
    if not files:
        raise PtxError(f"{folder}: no .json in it; OpenPose writes one a frame")
    return [_person_of_frame(file) for file in files]


def _person_of_frame(file: Path) -> FoundPerson | None:
    try:
        return read_pose(file)
    except BadSample as error:
        if error.problem.code == "no_person":
            return None
        raise PtxError(f"{file.parent / error.problem.text}") from None


def read_people(file: Path) -> list[FoundPerson]:
    """Read every person in a file who has a keypoint.

    Raises:
        BadSample: `bad_keypoint_file` or `no_person`.
    """
    try:
        frame = _only_frame(read_json(file, MAX_JSON_BYTES))
        key = next((key for key in PEOPLE_KEYS if key in frame), None)
        if key is None:
            raise Malformed(f"no '{PEOPLE_KEYS[0]}': this is not OpenPose's form")
        entries = [entry for entry in as_sequence(frame[key]) if entry is not None]
        everyone = [(_openpose_person(entry), _number(entry)) for entry in entries]
        size = picture_size(frame, "canvas_height", "canvas_width")
    except (OSError, Malformed) as error:
        raise BadSample("bad_keypoint_file", f"{file.name}: {one_line(error)}") from None
    people = [(person, number) for person, number in everyone if (person[:, 2] > 0).any()]
    if not people:
        raise BadSample("no_person", f"OpenPose found nobody in {file.name}")
    if size is not None and all(np.nanmax(np.abs(person[:, :2])) <= 1 for person, _ in people):
        height, width = size  # ControlNet's older versions write shares of the canvas
        people = [(person * np.array([width, height, 1], np.float32), number) for person, number in people]
    return [FoundPerson(person, size=size, number=number) for person, number in people]


def _number(entry: Json) -> int:
    """Return the number of a person in a film, OpenPose's `person_id`; -1 where nobody is followed."""
    given = as_mapping(entry).get("person_id")
    number = given[0] if isinstance(given, list) and len(given) == 1 else given
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else -1


def _only_frame(document: Json) -> Mapping[str, Json]:
    """Return the object of the one picture; ComfyUI writes a list of them."""
    if not isinstance(document, Mapping):
        frames = as_sequence(document)
        if len(frames) != 1:
            raise Malformed(f"{len(frames)} frames, one picture's is expected")
        document = frames[0]
    return as_mapping(document)


def _openpose_person(entry: Json) -> Keypoints:
    """Return a person's keypoints (18, 3), all missing where only hands or a face were found."""
    key = next((key for key in BODY_KEYS if key in as_mapping(entry)), None)
    if key is None and not any("keypoints" in other for other in as_mapping(entry)):
        raise Malformed(f"no '{BODY_KEYS[0]}'")
    numbers = as_mapping(entry)[key] if key is not None else None
    points = as_rows(numbers if numbers is not None else [], 3)
    if not len(points):
        points = np.zeros((len(KEYPOINTS), 3), np.float32)
    if len(points) not in KEYPOINT_ROWS:
        raise Malformed(f"{len(points)} points a person; BODY_25 and COCO-18 are understood")
    return missing_as_nan(without_origin(points[list(KEYPOINT_ROWS[len(points)])]))
