"""Keypoints that other tools wrote: OpenPose's JSON files, and the tables of this field."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.named_files import NamedFiles
from ptx.geometry.keypoints import missing_as_nan
from ptx.pipeline.errors import PtxError

Keypoints = NDArray[np.float32]

BODY_25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Rows of OpenPose's BODY_25 that are our 18 (its row 8 is the middle of the hips)."""

LAYOUTS = {25: BODY_25, 18: tuple(range(18))}
"""Number of points in a file → rows of our 18."""

MOST_BYTES = 16_000_000
"""A JSON file of one picture that is larger than this is not read."""


class NoKeypoints(ValueError):
    """An image without usable keypoints; the message is "code: words"."""


@dataclass(frozen=True)
class KeypointFolder:
    """A folder of JSON files, one a picture (`NamedFiles`)."""

    folder: Path
    paths: Sequence[str]
    """All pictures of the data set."""

    tool: ClassVar[str]
    endings: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise PtxError(
                f"extract_keypoints.path: {self.folder} is no folder; name the one that {self.tool} wrote to"
            )

    @cached_property
    def _files(self) -> NamedFiles:
        return NamedFiles(self.folder, self.paths, self.endings)

    def people(self, file: Path) -> list[Keypoints]:
        """Every person in a file, each (18, 3).

        Raises:
            NoKeypoints: "bad_keypoint_file" or "no_person".
        """
        raise NotImplementedError

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Keypoints (18, 3) of the most certain person, and how many persons there are.

        Raises:
            NoKeypoints: "missing_keypoints", "bad_keypoint_file" or "no_person".
        """
        try:
            file = self._files.of(path)
        except FileNotFoundError as error:
            raise NoKeypoints(f"missing_keypoints: {error}") from None
        return most_certain(self.people(file))


@dataclass(frozen=True)
class OpenposeJson(KeypointFolder):
    """OpenPose's JSON files, BODY_25 or COCO-18, in pixels of the original pictures.

    The file of a/b.jpg is a/b_keypoints.json or a/b.json, or in the folder itself a_b_keypoints.json, or b_keypoints.json
    where only one picture is called b.
    """

    tool, endings = "OpenPose", ("_keypoints.json", ".json")

    def people(self, file: Path) -> list[Keypoints]:
        """Every person in a file who has a keypoint."""
        return _people(file)


def most_certain(people: Sequence[Keypoints]) -> tuple[Keypoints, int]:
    """The person whose confidences sum highest, and how many there are."""
    return max(people, key=lambda person: float(person[:, 2].sum())), len(people)


def read_pose(file: Path) -> Keypoints:
    """Keypoints (18, 3) of the most certain person in one OpenPose JSON file.

    Raises:
        NoKeypoints: "missing_keypoints", "bad_keypoint_file" or "no_person".
    """
    if not file.is_file():
        raise NoKeypoints(f"missing_keypoints: {file.name} is not there")
    return most_certain(_people(file))[0]


def _people(file: Path) -> list[Keypoints]:
    """Every person in a file who has a keypoint."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        people = [_person(entry["pose_keypoints_2d"]) for entry in json.loads(file.read_bytes())["people"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NoKeypoints(f"bad_keypoint_file: {file.name}: {words(error)}") from None
    people = [person for person in people if (person[:, 2] > 0).any()]
    if not people:
        raise NoKeypoints(f"no_person: OpenPose found nobody in {file.name}")
    return people


def _person(numbers: object) -> Keypoints:
    points = np.asarray(numbers, np.float32).reshape(-1, 3)
    if len(points) not in LAYOUTS:
        raise ValueError(f"{len(points)} points a person; BODY_25 and COCO-18 are understood")
    return missing_as_nan(points[list(LAYOUTS[len(points)])])


@dataclass(frozen=True)
class KeypointCsv:
    """A table `name: keypoints_y: keypoints_x`, lists of 18 numbers in px of the pictures, -1 = missing.

    Names are paths relative to the data set's root; a name without folders stands for the only picture called so.
    """

    file: Path
    paths: Sequence[str]
    """All pictures of the data set."""
    key: Callable[[str], str] = str
    """Path or name → one name for a picture that tables and folders call differently."""

    @cached_property
    def _table(self) -> dict[str, tuple[int, str, str]]:
        """Name → line number, ys, xs.

        Raises:
            PtxError: the table cannot be read, or names an image twice.
        """
        table: dict[str, tuple[int, str, str]] = {}
        try:
            with self.file.open(newline="", encoding="utf-8-sig") as lines:
                for line, row in enumerate(csv.reader(lines, delimiter=":"), 1):
                    cells = [cell.strip() for cell in row]
                    if not any(cells) or (line == 1 and cells[0] == "name"):
                        continue
                    if len(cells) != 3:
                        raise PtxError(f"{self.file}:{line}: expected name: keypoints_y: keypoints_x")
                    name = self.key(cells[0])
                    if name in table:
                        raise PtxError(f"{self.file}:{line}: {cells[0]} was given before, in line {table[name][0]}")
                    table[name] = (line, cells[1], cells[2])
        except FileNotFoundError:
            raise PtxError(f"extract_keypoints.path: {self.file} is not there") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PtxError(f"extract_keypoints.path: {self.file} cannot be read: {error}") from None
        return table

    @property
    def names(self) -> list[str]:
        """Names of all rows.

        Raises:
            PtxError: the table cannot be read.
        """
        return list(self._table)

    @cached_property
    def _names(self) -> Counter[str]:
        return Counter(PurePosixPath(path).name for path in self.paths)

    def lookup(self, path: str) -> tuple[Keypoints, int]:
        """Keypoints (18, 3), confidence 1 where present; always one person.

        Raises:
            NoKeypoints: "missing_keypoints" or "bad_keypoint_file".
            PtxError: the table itself cannot be read.
        """
        name = PurePosixPath(path).name
        row = self._table.get(self.key(path)) or (self._table.get(name) if self._names[name] == 1 else None)
        if row is None:
            raise NoKeypoints(f"missing_keypoints: {self.file.name} has no line for {path}")
        line, *lists = row
        try:
            y, x = (np.asarray(json.loads(text), np.float32) for text in lists)
            if y.shape != (18,) or x.shape != (18,):
                raise ValueError(f"lists of {y.size} and {x.size} numbers, expected 18")
        except (ValueError, TypeError, RecursionError) as error:
            raise NoKeypoints(f"bad_keypoint_file: {self.file.name}:{line}: {words(error)}") from None
        return missing_as_nan(np.stack([x, y, ((x >= 0) & (y >= 0)).astype(np.float32)], axis=-1)), 1


def read_pose3d(path: Path) -> Keypoints:
    """3D keypoints (18, 4) of one person from a JSON list of 18 [x, y, z, confidence]: metres, x right, y up, z towards the viewer,
    in the order of `ptx.geometry.joints.KEYPOINTS`; confidence 0 or null is missing.

    Raises:
        NoKeypoints: "missing_file" or "bad_keypoint_file".
    """
    try:
        points = np.array(json.loads(path.read_bytes()), np.float32)
    except FileNotFoundError:
        raise NoKeypoints(f"missing_file: {path} is not there") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise NoKeypoints(f"bad_keypoint_file: {path.name}: {words(error)}") from None
    if points.shape != (18, 4):
        raise NoKeypoints(f"bad_keypoint_file: {path.name}: {list(points.shape)} numbers, expected 18 of 4")
    return missing_as_nan(points)


def words(error: Exception) -> str:
    """An error's own words on one line."""
    return f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split()) or type(error).__name__
