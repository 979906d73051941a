"""Read keypoints that other tools wrote: OpenPose's JSON files, and the CSV tables of published data sets."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed, as_array, as_rows, as_sequence, member, parse_json, read_json
from ptx.datasets.named_files import NamedFiles
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import Json

Keypoints = NDArray[np.float32]
"""(18, 3) x, y in px, confidence 0..1, in the order of `ptx.geometry.joints.KEYPOINTS`; a missing one is NaN, NaN, 0."""

BODY_25_ROWS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Rows of OpenPose's BODY_25 that are the 18 keypoints (its row 8 is the middle of the hips)."""

KEYPOINT_ROWS = {25: BODY_25_ROWS, 18: tuple(range(18))}
"""Number of points a person in a file of OpenPose → rows of the 18 keypoints."""

MAX_JSON_BYTES = 16_000_000
"""Largest JSON file of one image that is read, bytes."""


@dataclass(frozen=True)
class KeypointFolder(ABC):
    """A folder of JSON files, one an image (`NamedFiles`).

    Raises:
        PtxError: there is no such folder.
    """

    folder: Path
    """The folder."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""

    tool: ClassVar[str]
    """Name of the tool that wrote the files."""
    endings: ClassVar[tuple[str, ...]]
    """Endings of its files after the image's name, the most common first."""

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise PtxError(
                f"extract_keypoints.path: {self.folder} is no folder; name the one that {self.tool} wrote to"
            )

    @cached_property
    def _files(self) -> NamedFiles:
        return NamedFiles(self.folder, self.paths, self.endings)

    @abstractmethod
    def read_people(self, file: Path) -> list[Keypoints]:
        """Read the keypoints (18, 3) of every person in a file, at least one.

        Raises:
            BadSample: `bad_keypoint_file` or `no_person`.
        """

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Return the keypoints (18, 3) of an image's most certain person, and the number of persons in it.

        Raises:
            BadSample: `missing_keypoints`, `bad_keypoint_file` or `no_person`.
        """
        try:
            file = self._files.find(path)
        except FileNotFoundError as error:
            raise BadSample("missing_keypoints", str(error)) from None
        return most_certain(self.read_people(file))


class OpenposeJson(KeypointFolder):
    """OpenPose's JSON files, BODY_25 or COCO-18, in pixels of the original images.

    The file of a/b.jpg is a/b_keypoints.json or a/b.json, or in the folder itself a_b_keypoints.json, or b_keypoints.json
    where only one image is called b.
    """

    tool = "OpenPose"
    endings = ("_keypoints.json", ".json")

    def read_people(self, file: Path) -> list[Keypoints]:
        """Read every person in a file who has a keypoint."""
        return _read_openpose(file)


def most_certain(people: Sequence[Keypoints]) -> tuple[Keypoints, int]:
    """Return the person whose confidences have the largest sum, and the number of persons."""
    return max(people, key=lambda person: float(person[:, 2].sum())), len(people)


def read_pose(file: Path) -> Keypoints:
    """Read the keypoints (18, 3) of the most certain person in one OpenPose JSON file.

    Raises:
        BadSample: `missing_keypoints`, `bad_keypoint_file` or `no_person`.
    """
    if not file.is_file():
        raise BadSample("missing_keypoints", f"{file.name} is not there")
    return most_certain(_read_openpose(file))[0]


def _read_openpose(file: Path) -> list[Keypoints]:
    """Read every person who has a keypoint."""
    try:
        entries = as_sequence(member(read_json(file, MAX_JSON_BYTES), "people"))
        people = [_openpose_person(member(entry, "pose_keypoints_2d")) for entry in entries]
    except (OSError, Malformed) as error:
        raise BadSample("bad_keypoint_file", f"{file.name}: {one_line(error)}") from None
    people = [person for person in people if (person[:, 2] > 0).any()]
    if not people:
        raise BadSample("no_person", f"OpenPose found nobody in {file.name}")
    return people


def _openpose_person(numbers: Json) -> Keypoints:
    points = as_rows(numbers, 3)
    if len(points) not in KEYPOINT_ROWS:
        raise Malformed(f"{len(points)} points a person; BODY_25 and COCO-18 are understood")
    return missing_as_nan(points[list(KEYPOINT_ROWS[len(points)])])


class TableRow(NamedTuple):
    """A line of a table of keypoints, its lists of numbers not parsed yet."""

    line: int
    """Number of the line, from 1."""
    y: str
    """JSON list of 18 rows, px."""
    x: str
    """JSON list of 18 columns, px."""


@dataclass(frozen=True)
class KeypointCsv:
    """A table `name: keypoints_y: keypoints_x`, lists of 18 numbers in px of the original images, -1 = missing.

    Names are paths relative to the data set's root; a name without folders stands for the only image called so.
    """

    file: Path
    """The table."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""
    key: Callable[[str], str] = str
    """Path or name → key of an image, for data sets whose tables and folders name images differently."""

    @property
    def names(self) -> list[str]:
        """Keys of all rows.

        Raises:
            PtxError: the table cannot be read.
        """
        return list(self._table)

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Return the keypoints (18, 3) of an image, confidence 1 where present, and 1, the number of persons.

        Raises:
            BadSample: `missing_keypoints` or `bad_keypoint_file`.
            PtxError: the table itself cannot be read.
        """
        name = PurePosixPath(path).name
        row = self._table.get(self.key(path)) or (self._table.get(name) if self._name_counts[name] == 1 else None)
        if row is None:
            raise BadSample("missing_keypoints", f"{self.file.name} has no line for {path}")
        try:
            y = as_array(parse_json(row.y))
            x = as_array(parse_json(row.x))
            if y.shape != (len(KEYPOINTS),) or x.shape != y.shape:
                raise Malformed(f"lists of {y.size} and {x.size} numbers, expected {len(KEYPOINTS)}")
        except Malformed as error:
            raise BadSample("bad_keypoint_file", f"{self.file.name}:{row.line}: {error}") from None
        confidence = ((x >= 0) & (y >= 0)).astype(np.float32)
        return missing_as_nan(np.stack([x, y, confidence], axis=-1)), 1

    @cached_property
    def _name_counts(self) -> Counter[str]:
        """File name → number of images called so."""
        return Counter(PurePosixPath(path).name for path in self.paths)

    @cached_property
    def _table(self) -> dict[str, TableRow]:
        """Rows by key.

        Raises:
            PtxError: the table cannot be read, or names an image twice.
        """
        table: dict[str, TableRow] = {}
        for line, (name, y, x) in self._lines():
            key = self.key(name)
            if key in table:
                raise PtxError(f"{self.file}:{line}: {name} was given before, in line {table[key].line}")
            table[key] = TableRow(line, y, x)
        return table

    def _lines(self) -> Iterator[tuple[int, tuple[str, str, str]]]:
        """Number and cells of every line but the header and empty ones."""
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as lines:
                for line, row in enumerate(csv.reader(lines, delimiter=":"), 1):
                    cells = [cell.strip() for cell in row]
                    if not any(cells) or (line == 1 and cells[0] == "name"):
                        continue
                    if len(cells) != 3:
                        raise PtxError(f"{self.file}:{line}: expected name: keypoints_y: keypoints_x")
                    yield line, (cells[0], cells[1], cells[2])
        except FileNotFoundError:
            raise PtxError(f"extract_keypoints.path: {self.file} is not there") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PtxError(f"extract_keypoints.path: {self.file} cannot be read: {one_line(error)}") from None


def read_pose3d(path: Path) -> Keypoints:
    """Read the 3D keypoints (18, 4) of one person.

    Args:
        path: a JSON list of 18 [x, y, z, confidence], metres, x right, y up, z towards the viewer, in the order of
            `ptx.geometry.joints.KEYPOINTS`; confidence 0 or null is missing.

    Raises:
        BadSample: `missing_file` or `bad_keypoint_file`.
    """
    try:
        points = as_array(read_json(path, MAX_JSON_BYTES))
    except FileNotFoundError:
        raise BadSample("missing_file", f"{path} is not there") from None
    except (OSError, Malformed) as error:
        raise BadSample("bad_keypoint_file", f"{path.name}: {one_line(error)}") from None
    if points.shape != (len(KEYPOINTS), 4):
        raise BadSample("bad_keypoint_file", f"{path.name}: {list(points.shape)} numbers, expected 18 of 4")
    return missing_as_nan(points)
