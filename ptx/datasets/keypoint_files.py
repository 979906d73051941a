"""Read keypoints that other tools wrote: folders of files, one an image, and the CSV tables of published data sets."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.foreign_files import Malformed, as_array, parse_json, read_json
from ptx.datasets.named_files import AmbiguousFile, NamedFiles
from ptx.datasets.persons import FoundPerson
from ptx.datasets.picture_names import AmbiguousName, PictureNames
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.keypoints import missing_as_nan, valid_keypoints
from ptx.pipeline.errors import BadSample, PtxError, one_line
from ptx.pipeline.fingerprint import Json

Keypoints = NDArray[np.float32]
"""(18, 3) x, y in px, confidence 0..1, in the order of `ptx.geometry.joints.KEYPOINTS`; a missing one is NaN, NaN, 0."""

MAX_SIDE = 1_000_000
"""Longest side of a picture that a file may tell, px."""

METRES = (0.1, 5.0)
"""Smallest and largest extent of a person's 3D keypoints, m: others are of another unit."""

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
    def read_people(self, file: Path) -> list[FoundPerson]:
        """Read every person in a file, at least one.

        Raises:
            BadSample: `bad_keypoint_file` or `no_person`.
        """

    def people(self, path: str) -> list[FoundPerson]:
        """Return the people of an image, at least one.

        Raises:
            BadSample: `missing_keypoints`, `ambiguous_keypoints`, `bad_keypoint_file` or `no_person`.
        """
        try:
            file = self._files.find(path)
        except AmbiguousFile as error:
            raise BadSample("ambiguous_keypoints", str(error)) from None
        except FileNotFoundError as error:
            raise BadSample("missing_keypoints", str(error)) from None
        return self.read_people(file)


def without_origin(points: Keypoints) -> Keypoints:
    """Copy points (K, 3), those at exactly 0, 0 with confidence 0: so tools write what they did not find, some with confidence 1."""
    out = points.copy()
    out[(points[:, :2] == 0).all(axis=1), 2] = 0
    return out


def picture_size(document: Mapping[str, Json], height: str, width: str) -> tuple[int, int] | None:
    """Return height and width under these names, px; None where they are not numbers above 0."""
    sides = [document.get(name) for name in (height, width)]
    known = [int(side) for side in sides if isinstance(side, int | float) and 1 < side <= MAX_SIDE]
    return (known[0], known[1]) if len(known) == len(sides) else None


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

    Names are paths relative to the data set's root, or what else means one image only (`PictureNames`).
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

    def people(self, path: str) -> list[FoundPerson]:
        """Return the one person of an image, confidence 1 where a keypoint is present.

        Raises:
            BadSample: `missing_keypoints`, `ambiguous_keypoints` or `bad_keypoint_file`.
            PtxError: the table itself cannot be read.
        """
        try:
            name = self._names.find(self.key(path))
        except AmbiguousName as error:
            raise BadSample("ambiguous_keypoints", f"{self.file.name}: {error}") from None
        if not isinstance(name, str):
            raise BadSample("missing_keypoints", f"{self.file.name} has no line for {path}")
        row = self._table[name]
        try:
            y = as_array(parse_json(row.y))
            x = as_array(parse_json(row.x))
            if y.shape != (len(KEYPOINTS),) or x.shape != y.shape:
                raise Malformed(f"lists of {y.size} and {x.size} numbers, expected {len(KEYPOINTS)}")
        except Malformed as error:
            raise BadSample("bad_keypoint_file", f"{self.file.name}:{row.line}: {error}") from None
        confidence = ((x >= 0) & (y >= 0)).astype(np.float32)
        return [FoundPerson(missing_as_nan(np.stack([x, y, confidence], axis=-1)))]

    @cached_property
    def _names(self) -> PictureNames:
        return PictureNames(self._table, [self.key(path) for path in self.paths])

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
    keypoints = missing_as_nan(points)
    there = keypoints[valid_keypoints(keypoints), :3]
    extent = float(np.ptp(there, axis=0).max()) if len(there) else 0.0
    if len(there) > 1 and not METRES[0] < extent < METRES[1]:
        raise BadSample("bad_keypoint_file", f"{path.name}: the person is {extent:.4g} large: x, y and z are metres")
    return keypoints
