"""A folder of photographs: one sub-folder a person, or a table of pairs."""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeVar
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.data_set import OwnSplitSettings, PhotographSet
from ptx.datasets.leaks import persons_in_both
from ptx.datasets.picture_files import image_ids, left_out_lines, scan_pictures, unnamed_line
from ptx.datasets.picture_formats import suffixes
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import PtxError, name_bytes, printable
from ptx.pipeline.fingerprint import stamp_table
from ptx.pipeline.folders import FileStamp, Walk

COLUMNS = (("source", "from"), ("target", "to"))
"""Names of the two columns of a table of pairs: ours, and those of the field's tables."""


Key = TypeVar("Key", bound=Hashable)


class FolderData(OwnSplitSettings):
    """A folder of photographs: one sub-folder a person, or a table of pairs."""

    kind: Literal["folder"] = "folder"
    root: AbsolutePath
    """The folder."""
    pairs: AbsolutePath | None = None
    """A CSV of pairs, columns source,target: paths relative to the root. Without it all images of a person are paired."""
    max_pairs_per_person: Annotated[int, Field(ge=1)] | None = None
    """Keep at most this many (undirected) pairs of a person."""


@dataclass(frozen=True)
class FolderSet(PhotographSet[FolderData]):
    """The user's own photographs."""

    @property
    def root(self) -> Path:
        """The folder."""
        return self.settings.root

    def index(self) -> Folder:
        """Read the folder as it is now."""
        data = self.settings
        own = self.context.own_folders
        return Folder(data.root, data.pairs, data.test_fraction, data.max_pairs_per_person, own)

    @property
    def layout(self) -> str:
        """One sub-folder a person, or a table of pairs."""
        return (
            f"one sub-folder a person with two pictures or more in it, {self.root}/PERSON/1.jpg and so on, "
            "or a table of pairs, `--set data.pairs=pairs.csv`"
        )


@dataclass(frozen=True)
class Folder:
    """Index of a folder. Reads directories and the table, never a picture."""

    root: Path
    """The folder."""
    table: Path | None = None
    """A CSV with columns source,target (or from,to): paths relative to the root."""
    test_fraction: float = 0.2
    """Share of persons kept for testing."""
    max_pairs_per_person: int | None = None
    """Keep at most this many undirected pairs of a person."""
    own: tuple[Path, ...] = ()
    """Folders that ptx writes into: their pictures are not data."""

    @cached_property
    def _walk(self) -> Walk:
        return scan_pictures(self.root, self.own)

    @cached_property
    def files(self) -> dict[str, FileStamp]:
        """Path of every picture, relative, with slashes → (bytes, modification time in ns), sorted.

        Raises:
            PtxError: the folder is not there, or holds no pictures.
        """
        if not self._walk.files:
            notes = "; ".join(("", *left_out_lines(self._walk)))
            raise PtxError(f"data.root: {self.root} holds no pictures ({', '.join(sorted(suffixes()))}){notes}")
        return self._walk.files

    @property
    def notes(self) -> list[str]:
        """Lines for the user on what is in the folder and takes no part."""
        unnamed = unnamed_line(self.files, self.paths, f"no pair of {self.table.name if self.table else ''} names them")
        return left_out_lines(self._walk) + unnamed + self._divided

    @property
    def _divided(self) -> list[str]:
        """A line on sub-folders that a table of pairs within them puts on both sides; where they are persons, the table lacks pairs."""
        if self.table is None or any(PurePosixPath(a).parent != PurePosixPath(b).parent for a, b in self._rows):
            return []
        folders = [str(PurePosixPath(path).parent) for path in self.paths]
        divided = persons_in_both(folders, self.splits)
        if not divided or len(set(folders)) == 1:
            return []
        return [
            f"sub-folders with pictures in training and in testing: {len(divided)} ({printable(divided[0])}); "
            f"where a sub-folder is a person, join its pictures by pairs in {self.table.name}"
        ]

    @cached_property
    def paths(self) -> list[str]:
        """Path of every image that takes part, relative to the root: all of the folder, or those of the table."""
        if self.table is None:
            return list(self.files)
        return sorted({path for pair in self._rows for path in pair})

    @cached_property
    def ids(self) -> list[str]:
        """Names of the images (`image_ids`)."""
        return image_ids(self.paths)

    @cached_property
    def names(self) -> list[str]:
        """The person of every image: its sub-folder; with a table, the images that pairs join are of one person."""
        if self.table is not None:
            return self._joined
        return [str(PurePosixPath(p).parent) if "/" in p else p for p in self.paths]

    @cached_property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each image's person."""
        return numbered(self.names)

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 1 for the test persons: those whose names hash lowest, so that it hardly changes when others come."""
        return test_split(self.names, self.test_fraction)

    @property
    def digest(self) -> str:
        """Digest of the pictures and the table: it changes when one is added, removed or replaced."""
        total = hashlib.sha256(repr((self.test_fraction, self.max_pairs_per_person)).encode())
        for path in self.paths:
            total.update(name_bytes(f"{path}\0{self.files[path]}\n"))
        if self.table is not None:
            total.update(repr(self._rows).encode())
        return total.hexdigest()

    @property
    def state(self) -> None:
        """Nothing: `digest` has it."""

    @property
    def stamps(self) -> NDArray[np.int64]:
        """(N, 2) bytes and modification time in ns of each image's file."""
        return stamp_table(self.files[path] for path in self.paths)

    def pairs(self) -> NDArray[np.int32]:
        """(P, 2) directed pairs target, source; both directions are neighbours."""
        undirected = self._given_pairs() if self.table is not None else self._all_pairs()
        if self.max_pairs_per_person is not None:
            undirected = _thin(undirected, self.persons, self.max_pairs_per_person)
        both = [pair for a, b in undirected for pair in ((a, b), (b, a))]
        return np.array(both, np.int32).reshape(-1, 2)

    def _all_pairs(self) -> list[tuple[int, int]]:
        of_person: dict[int, list[int]] = {}
        for image, person in enumerate(self.persons.tolist()):
            of_person.setdefault(person, []).append(image)
        return [(a, b) for images in of_person.values() for i, a in enumerate(images) for b in images[i + 1 :]]

    def _given_pairs(self) -> list[tuple[int, int]]:
        number = {path: i for i, path in enumerate(self.paths)}
        undirected = ((number[a], number[b]) for a, b in self._rows)
        return list(dict.fromkeys((min(pair), max(pair)) for pair in undirected))

    @cached_property
    def _rows(self) -> list[tuple[str, str]]:
        """(source, target) paths of the table.

        Raises:
            PtxError: the table cannot be read, or a line names what is not there; says the line.
        """
        assert self.table is not None
        rows = []
        for line, *names in read_table(self.table):
            source, target = (name if name in self.files else self._same_accents(name) for name in names)
            for name in (source, target):
                if name not in self.files:
                    near = difflib.get_close_matches(name, self.files, 1, 0.6) if len(self.files) < 100_000 else []
                    hint = f", did you mean {near[0]}?" if near else ""
                    raise PtxError(f"{self.table}:{line}: no picture {name} in {self.root}{hint}")
            if source == target:
                raise PtxError(f"{self.table}:{line}: {source} is paired with itself")
            rows.append((source, target))
        if not rows:
            raise PtxError(f"{self.table}: holds no pairs")
        return rows

    def _same_accents(self, name: str) -> str:
        """Return the path that looks like a name: Macs write accents of file names apart from their letters, tables in one."""
        return self._composed.get(normalize("NFC", name), name)

    @cached_property
    def _composed(self) -> dict[str, str]:
        """Path with accents and letters in one → path."""
        return {normalize("NFC", path): path for path in self.files}

    @cached_property
    def _joined(self) -> list[str]:
        """First path that pairs join each path to, over however many steps."""
        return joined(self.paths, self._rows)


def numbered(keys: Sequence[Key]) -> NDArray[np.int32]:
    """(N,) number of each key, in the order in which they are first met."""
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int32)


def test_split(names: Sequence[str], share: float) -> NDArray[np.uint8]:
    """(N,) 1 for images of the persons who are for testing: this share of all, those whose names hash lowest."""
    order = sorted(set(names), key=lambda name: hashlib.sha256(name_bytes(name)).digest())
    test = set(order[: round(len(order) * share)])
    return np.array([name in test for name in names], np.uint8)


def pairs_within(groups: Sequence[Key]) -> NDArray[np.int32]:
    """(P, 2) both directions, as neighbours, of every pair of images of the same group, groups in the order they are met."""
    of_group: dict[Key, list[int]] = {}
    for image, group in enumerate(groups):
        of_group.setdefault(group, []).append(image)
    both = [p for own in of_group.values() for i, a in enumerate(own) for b in own[i + 1 :] for p in ((a, b), (b, a))]
    return np.array(both, np.int32).reshape(-1, 2)


def joined(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    """First name that pairs join each name to, over however many steps."""
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for source, target in pairs:
        a, b = sorted((root(source), root(target)))
        parent[b] = a
    return [root(name) for name in names]


def splits_of(rows: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Split of each image of some pairs → their split.

    Raises:
        PtxError: an image is in training and in test pairs.
    """
    sides: dict[str, set[int]] = {}
    for pair, split in rows.items():
        for name in pair:
            sides.setdefault(name, set()).add(split)
    if both := [name for name, found in sides.items() if len(found) > 1]:
        raise PtxError(f"images in training and in test pairs: {len(both)}, the first is {both[0]}")
    return {name: found.pop() for name, found in sides.items()}


def read_table(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, source, target of each row."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip().lower() for cell in next(reader, [])]
            columns = [next((header.index(name) for name in names if name in header), -1) for names in COLUMNS]
            if -1 in columns:
                raise PtxError(f"{path}:1: the first line must name the columns source,target (or from,to)")
            if "split" in header:
                raise PtxError(
                    f"{path}:1: a column split is not read: leave it out; persons for testing are a share of all (data.test_fraction), or "
                    "those of a table of their own (data.test_pairs of data.kind deepfashion and market1501)"
                )
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) <= max(columns):
                    raise PtxError(f"{path}:{reader.line_num}: {len(row)} columns, expected {len(header)}")
                source, target = (str(PurePosixPath(row[i].strip())) for i in columns)
                yield reader.line_num, source, target
    except FileNotFoundError:
        raise PtxError(f"data.pairs: {path} is not there") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PtxError(f"data.pairs: {path} cannot be read: {error}") from None


def _thin(pairs: list[tuple[int, int]], persons: NDArray[np.int32], most: int) -> list[tuple[int, int]]:
    """Keep at most `most` pairs of each person, spread evenly over its list."""
    of_person: dict[int, list[tuple[int, int]]] = {}
    for pair in pairs:
        of_person.setdefault(int(persons[pair[0]]), []).append(pair)
    return [own[i * len(own) // min(most, len(own))] for own in of_person.values() for i in range(min(most, len(own)))]
