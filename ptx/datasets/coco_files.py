"""Read keypoints in COCO's files: annotations of a data set, and results, of COCO's own form or AlphaPose's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ptx.datasets.foreign_files import Malformed, as_array, as_mapping, as_rows, as_sequence, member, read_json
from ptx.datasets.joint_names import as_keypoints, joint_rows
from ptx.datasets.keypoint_files import Keypoints, picture_size, without_origin
from ptx.datasets.persons import FoundPerson
from ptx.datasets.picture_names import AmbiguousName, Name, PictureNames
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import Json

MAX_ANNOTATION_BYTES = 4_000_000_000
"""Largest annotation file of a whole data set that is read, bytes."""

WORKING = "working"
"""Value of `info.pixels` in files of `ptx export keypoints` whose positions are px of the working pictures."""

IMAGE_KEYS = ("image_id", "image_name")
"""Names under which a result says of which image it is: COCO's, and that of scripts for MMPose 0.x."""

PERSON = "person"
"""Category, or group of categories, that people are of."""


@dataclass
class Entry:
    """A picture in a file."""

    people: list[FoundPerson] = field(default_factory=list)
    """Who has a keypoint."""
    problem: str = ""
    """Why a person of the picture cannot be read, where that is so."""
    size: tuple[int, int] | None = None
    """Height, width, px."""
    whole: bool = True
    """False for ptx's working pictures, which may be parts of the originals."""


class Category(NamedTuple):
    """A category of annotations."""

    of_people: bool
    names: Sequence[str]
    """Names of its keypoints; empty where the file does not tell."""


ANYBODY = Category(of_people=True, names=())
"""The category of annotations that name none of the file's."""


@dataclass(frozen=True)
class CocoJson:
    """One JSON file of person keypoints: annotations (an object with `images` and `annotations`), or results (a list), whose
    `image_id` is then an image's name or the number that its name is.

    A picture is known by its path, by the end of its path, or by its name where that is unique (`PictureNames`).
    """

    file: Path
    """The JSON file."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""

    def people(self, path: str) -> list[FoundPerson]:
        """Return the people of an image, at least one.

        Raises:
            BadSample: `missing_keypoints`, `ambiguous_keypoints` or `bad_keypoint_file`.
            PtxError: the file cannot be read.
        """
        try:
            name = self._names.find(path)
        except AmbiguousName as error:
            raise BadSample("ambiguous_keypoints", f"{self.file.name}: {error}") from None
        entry = Entry() if name is None else self._entries[name]
        if entry.problem:
            raise BadSample("bad_keypoint_file", f"{self.file.name}: {entry.problem}")
        if not entry.people:
            raise BadSample("missing_keypoints", f"{self.file.name} has no person for {path}")
        return entry.people

    @cached_property
    def _names(self) -> PictureNames:
        return PictureNames(self._entries, self.paths)

    @cached_property
    def _entries(self) -> Mapping[Name, Entry]:
        """Pictures of the file by name.

        Raises:
            PtxError: the file cannot be read, or is neither annotations nor results.
        """
        try:
            document = read_json(self.file, MAX_ANNOTATION_BYTES)
            return _read_annotations(document) if isinstance(document, Mapping) else _read_results(document)
        except FileNotFoundError:
            raise PtxError(f"extract_keypoints.path: {self.file} is not there") from None
        except (OSError, Malformed) as error:
            raise PtxError(f"extract_keypoints.path: {self.file} is no COCO keypoint file: {one_line(error)}") from None


def _read_results(document: Json) -> dict[Name, Entry]:
    """Read a list of results."""
    entries: dict[Name, Entry] = {}
    results = [as_mapping(result) for result in as_sequence(document)]
    if results and not any("keypoints" in result for result in results):
        raise Malformed("none of its results has 'keypoints'")
    for number, result in enumerate(results):
        key = next((key for key in IMAGE_KEYS if key in result), IMAGE_KEYS[0])
        entry = entries.setdefault(_identifier(member(result, key)), Entry())
        _add_person(entry, result, ANYBODY, f"result {number}", truth=False)
    return entries


def _read_annotations(document: Mapping[str, Json]) -> dict[Name, Entry]:
    """Read the images and annotations of a data set."""
    entries: dict[Name, Entry] = {}
    entry_of: dict[str, Entry] = {}
    info = document.get("info")
    whole = not (isinstance(info, Mapping) and info.get("pixels") == WORKING)
    for image in as_sequence(member(document, "images")):
        name = str(member(image, "file_name"))
        size = picture_size(as_mapping(image), "height", "width")
        entry = entries.setdefault(name, Entry(size=size, whole=whole))
        entry_of[str(_identifier(member(image, "id")))] = entry  # some tools write "7" here and 7 there
    categories = _categories(document)
    annotations = as_sequence(member(document, "annotations"))
    strangers = []
    for number, annotation in enumerate(annotations):
        image_id = _identifier(member(annotation, "image_id"))
        category = categories.get(str(as_mapping(annotation).get("category_id")), ANYBODY)
        if str(image_id) not in entry_of:
            strangers.append(image_id)
        elif category.of_people and not as_mapping(annotation).get("iscrowd"):
            label = f"annotation {as_mapping(annotation).get('id', number)}"
            _add_person(entry_of[str(image_id)], as_mapping(annotation), category, label, truth=True)
    if annotations and len(strangers) == len(annotations):
        raise Malformed(f"there is no image with the id {strangers[0]}, nor one of any other annotation")
    return entries


def _categories(document: Mapping[str, Json]) -> dict[str, Category]:
    """Read the categories by id: people are those called or grouped as persons, or, where there is none, all."""
    rows = [as_mapping(row) for row in as_sequence(document.get("categories") or [])]
    people = [PERSON in (str(row.get(key)).lower() for key in ("name", "supercategory")) for row in rows]
    categories = {}
    for row, is_people in zip(rows, people, strict=True):
        names = row.get("keypoints")
        known = [str(name) for name in names] if isinstance(names, Sequence) and not isinstance(names, str) else []
        categories[str(row.get("id"))] = Category(is_people or not any(people), known)
    return categories


def _add_person(entry: Entry, person: Mapping[str, Json], category: Category, label: str, *, truth: bool) -> None:
    """Add a person of a file to their picture, if they have a keypoint, or note why they cannot be read.

    Args:
        entry: the picture.
        person: an annotation or a result.
        category: of the person.
        label: the words for the person in a message.
        truth: the third number is 1 for hidden, 2 for visible, both of which have a position; else it is a confidence.
    """
    try:
        points = without_origin(as_rows(person.get("keypoints") or [], 3))
        if not len(points):
            return
        rows = joint_rows(len(points), category.names)
        if rows is None:
            raise Malformed(
                f"{len(points)} points a person; COCO's 17 are understood, and layouts that begin with them"
            )
        if truth:
            points[:, 2] = points[:, 2] > 0
        keypoints = as_keypoints(points, rows)
        if "ptx" in person:
            keypoints = _as_exported(keypoints, person["ptx"])
        if (keypoints[:, 2] > 0).any():
            box = person.get("bbox", person.get("box"))
            entry.people.append(
                FoundPerson(keypoints, _area(person.get("area")), _diagonal(box), entry.size, entry.whole)
            )
    except Malformed as error:
        entry.problem = entry.problem or f"{label}: {one_line(error)}"


def _as_exported(keypoints: Keypoints, extra: Json) -> Keypoints:
    """Add what COCO's form has no place for, as `ptx export keypoints` writes it: the neck, and confidences of what is there."""
    neck = as_array(member(extra, "neck"))
    confidence = as_array(member(extra, "confidence"))
    if neck.shape != (2,) or confidence.shape != (len(KEYPOINTS),):
        raise Malformed("'ptx' is not as it was exported")
    out = keypoints.copy()
    out[keypoint("neck"), :2] = neck
    out[:, 2] = np.where((out[:, 2] > 0) & (confidence > 0), confidence, out[:, 2])
    out[keypoint("neck"), 2] = confidence[keypoint("neck")]
    return missing_as_nan(out)


def _area(value: Json) -> float:
    """Return an area in px², 0 where there is none."""
    try:
        area = as_array(value)
    except Malformed:
        return 0.0
    return float(area) if area.ndim == 0 and np.isfinite(area) and area > 0 else 0.0


def _diagonal(box: Json) -> float:
    """Return the diagonal of a box x, y, width, height; 0 where there is none."""
    try:
        numbers = as_array(box).ravel()
    except Malformed:
        return 0.0
    if len(numbers) < 4 or not np.isfinite(numbers).all() or min(numbers[2:4]) <= 0:
        return 0.0
    return float(np.hypot(*numbers[2:4]))


def _identifier(value: Json) -> Name:
    """Check the id of an image."""
    if not isinstance(value, int | str):
        raise Malformed("an id that is neither a number nor a string")
    return value
