"""The field's photographs as they are on disk: DeepFashion's In-shop images and Market-1501, with the field's tables of pairs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSettings, PairCount, PhotographSet
from ptx.datasets.folder import numbered, pairs_within, read_table, splits_of
from ptx.datasets.picture_files import left_out_lines, scan_pictures, unnamed_line
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import files_digest, stamp_table
from ptx.pipeline.folders import FileStamp, Walk
from ptx.pipeline.stage import Listing

FASHION = (
    re.compile(r"(?:^|/)(WOMEN|MEN)/([^/]+)/id_(\d{8})/(\d{2})_(\d+)_(\w+)\.\w+$"),  # as DeepFashion unpacks
    re.compile(
        r"(?:^|/)fash?ion(WOMEN|MEN)(.+?)id_?(\d{8})(\d{2})_(\d+)_?([a-z]\w*)\.\w+$"
    ),  # as the field flattens it
)
"""Gender, category, person, outfit, number, side."""

MARKET = re.compile(r"(?:^|/)(-?\d+)_c(\d)s(\d)_(\d+)_(\d+)\.\w+(?:\.jpg)?$")
"""Person, camera, sequence, frame, box."""


def fashion_key(path: str) -> str | None:
    """One name for a DeepFashion photograph in whatever layout: WOMEN/Dresses/id_00000001/02_1_front; None where it is none."""
    for pattern in FASHION:
        if match := pattern.search(path.replace("\\", "/")):
            gender, category, person, outfit, number, side = match.groups()
            category = re.sub("(?<=[a-z])(?=[A-Z])", "_", category)  # some tables leave the underscore out
            return f"{gender}/{category}/id_{person}/{outfit}_{number}_{side}"
    return None


def market_key(path: str) -> str | None:
    """One name for a Market-1501 box: 0002_c1s1_000451_03; None for those of nobody (person 0 or -1) and for other files."""
    match = MARKET.search(path.replace("\\", "/"))
    if not match or int(match[1]) <= 0:
        return None
    return "{:04d}_c{}s{}_{}_{}".format(int(match[1]), *match.groups()[1:])


@dataclass(frozen=True)
class Naming:
    """Rules by which a data set names its photographs."""

    key: Callable[[str], str | None]
    """Path → the photograph's one name."""
    person: Callable[[str], str]
    """That name → the person's."""
    group: Callable[[str], str]
    """That name → what is paired where no table says so: a person in the same clothes."""
    test: frozenset[str]
    """Folders whose photographs are for testing, where no table says so."""
    aside: frozenset[str] = frozenset()
    """Folders whose photographs show the same persons once more: they take part only where a table names them."""


def _before(mark: str, count: int) -> Callable[[str], str]:
    """Return the function that cuts a name before the last `count` marks of a name."""
    return lambda key: key.rsplit(mark, count)[0]


NAMINGS = {
    "deepfashion": Naming(fashion_key, _before("/", 1), _before("_", 2), frozenset({"test"})),
    "market1501": Naming(
        market_key,
        _before("_", 3),
        _before("_", 3),
        test=frozenset(
            {"bounding_box_test", "query", "test", "gallery"}
        ),  # as it unpacks, by PATN, by re-identification code
        aside=frozenset({"gt_bbox", "multi-query"}),  # boxes drawn by hand, of persons of both splits
    ),
}
"""`data.kind` → its naming."""

PATN, PG2 = "Zhu et al., CVPR 2019", "Ma et al., NIPS 2017, and novel 3D view synthesis"

PAIR_COUNTS = {
    "deepfashion": (PairCount(PATN, 101_966, 8_570), PairCount(PG2, 146_680, 12_800)),
    "market1501": (PairCount(PATN, 263_632, 12_000), PairCount(PG2, 439_420, 12_800)),
}
"""`data.kind` → numbers of pairs of PATN's tables, which most of the field uses, and of PG², whose pairs have no tables."""


class PublishedData(DataSettings):
    """DeepFashion's In-shop photographs or Market-1501, with the field's tables of pairs."""

    kind: Literal["deepfashion", "market1501"]
    root: AbsolutePath
    """The folder of the photographs, as the data set unpacks or flattened as the field does."""
    train_pairs: AbsolutePath | None = None
    """CSV of training pairs, columns from,to."""
    test_pairs: AbsolutePath | None = None
    """CSV of test pairs. Without tables all images of a person are paired, those below the test folder for testing."""


@dataclass(frozen=True)
class PublishedSet(PhotographSet[PublishedData]):
    """DeepFashion or Market-1501 as a data set."""

    @property
    def root(self) -> Path:
        """The folder."""
        return self.settings.root

    @property
    def published_counts(self) -> tuple[PairCount, ...]:
        """Numbers of pairs of the field's tables, and of PG²."""
        return PAIR_COUNTS[self.settings.kind]

    def published_split(self, listing: Listing) -> bool:
        """True if both tables are as long as those of a paper."""
        of_test = int(np.count_nonzero(listing.splits[listing.pairs[:, 0]]))
        found = len(listing.pairs) - of_test, of_test
        given = self.settings.train_pairs is not None and self.settings.test_pairs is not None
        return given and found in {(count.train, count.test) for count in self.published_counts}

    def keypoint_name(self, name: str) -> str:
        """Translate a picture's name in the field's annotation into its id."""
        return NAMINGS[self.settings.kind].key(name) or name

    def index(self) -> Published:
        """Read the folder and the tables as they are now."""
        data = self.settings
        own = self.context.own_folders
        return Published(data.root, NAMINGS[data.kind], data.train_pairs, data.test_pairs, own)

    @property
    def layout(self) -> str:
        """Several pictures of a person in the same clothes, or the field's tables."""
        return "two pictures or more of a person in the same clothes, or the field's tables of pairs (data.train_pairs, data.test_pairs)"


@dataclass(frozen=True)
class Published:
    """Index of a published data set. Reads directories and tables, never a picture.

    Images are those of the tables, pairs and splits the tables'; without tables all images, all pairs of a person, and the
    photographs below the test folders for testing.
    """

    root: Path
    naming: Naming
    train: Path | None = None
    """CSV of training pairs: columns from,to (or source,target) in either layout of names."""
    test: Path | None = None
    """CSV of test pairs."""
    own: tuple[Path, ...] = ()
    """Folders that ptx writes into: their pictures are not data."""

    @cached_property
    def _walk(self) -> Walk:
        return scan_pictures(self.root, self.own)

    @property
    def _pictures(self) -> dict[str, FileStamp]:
        """Path below the root of every picture, and its stamp."""
        return self._walk.files

    @property
    def notes(self) -> list[str]:
        """Lines for the user on what is in the folder and takes no part."""
        named = [path for _, path in self._named]
        aside = {path for path in named if self._is_aside(path)}
        return [
            *left_out_lines(self._walk),
            *unnamed_line(self._pictures, named, "their names are of no person of this data set"),
            *unnamed_line(aside, self.paths, "persons of training and of testing are in their folder"),
            *unnamed_line(named, {*self.files.values(), *aside}, "another file has the same name in this data set"),
            *unnamed_line(self.files.values(), {*self.paths, *aside}, "no pair of the tables names them"),
        ]

    def _is_aside(self, path: str) -> bool:
        return not self.naming.aside.isdisjoint(PurePosixPath(path).parts[:-1])

    @cached_property
    def _named(self) -> list[tuple[str, str]]:
        """Name and path of every picture that is named as this data set names them; those aside first, so that others replace them."""
        named = [(key, path) for path in self._pictures if (key := self.naming.key(path))]
        return sorted(named, key=lambda one: not self._is_aside(one[1]))

    @cached_property
    def files(self) -> dict[str, str]:
        """Name → path below the root.

        Raises:
            PtxError: the folder is not there, or holds no such photographs.
        """
        files = dict(self._named)
        if not files:
            notes = "; ".join(("", *left_out_lines(self._walk)))
            raise PtxError(f"data.root: no photograph below {self.root} is named as this data set names them{notes}")
        return files

    @cached_property
    def _rows(self) -> dict[tuple[str, str], int]:
        """(source, target) → split; of tables, in their order."""
        rows: dict[tuple[str, str], int] = {}
        for split, table in enumerate((self.train, self.test)):
            for line, *names in read_table(table) if table else ():
                keys = [self.naming.key(name) for name in names]
                if None in keys:
                    raise PtxError(f"{table}:{line}: {names[keys.index(None)]} is no name of this data set")
                if rows.setdefault((str(keys[0]), str(keys[1])), split) != split:
                    raise PtxError(f"{table}:{line}: this pair is in {self.train} as well")
        if (self.train or self.test) and not rows:
            raise PtxError(f"{self.train or self.test}: holds no pairs")
        return rows

    @cached_property
    def ids(self) -> list[str]:
        """Names of all images that take part, persons together."""
        if self._rows:
            return sorted({key for pair in self._rows for key in pair})
        return sorted(key for key, path in self.files.items() if not self._is_aside(path))

    @cached_property
    def paths(self) -> list[str]:
        """Path of each below the root; of those that are not there the name, which ingest will not find."""
        return [self.files.get(key, f"{key}.jpg") for key in self.ids]

    @cached_property
    def names(self) -> list[str]:
        """The person of each image."""
        return [self.naming.person(key) for key in self.ids]

    @cached_property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each image's person."""
        return numbered(self.names)

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 1 for test images.

        Raises:
            PtxError: an image is in training and in test pairs.
        """
        if not self._rows:
            return np.array(
                [not self.naming.test.isdisjoint(PurePosixPath(path).parts) for path in self.paths], np.uint8
            )
        sides = splits_of(self._rows)
        return np.array([sides[key] for key in self.ids], np.uint8)

    def pairs(self) -> NDArray[np.int32]:
        """(P, 2) directed pairs target, source: those of the tables, else all of a person in the same clothes, within a split."""
        number = {key: i for i, key in enumerate(self.ids)}
        if self._rows:
            return np.array([(number[target], number[source]) for source, target in self._rows], np.int32)
        return pairs_within([(self.naming.group(key), split) for key, split in zip(self.ids, self.splits, strict=True)])

    @property
    def digest(self) -> str:
        """Digest of the images and the pairs."""
        return hashlib.sha256(repr((self.paths, list(self._rows.items()))).encode()).hexdigest()

    @property
    def state(self) -> str:
        """Digest of sizes and modification times of the photographs that take part."""
        return files_digest((path, self._pictures.get(path)) for path in self.paths)

    @property
    def stamps(self) -> NDArray[np.int64]:
        """(N, 2) bytes and modification time in ns of each image's file, -1 where there is none."""
        return stamp_table(self._pictures.get(path) for path in self.paths)
