"""Multi-View Clothing (Liu et al., ICMR 2016): 161,260 shop photographs of clothes that are worn, each item from four sides.

The data set is three lists in JSON (mvc_info, image_links, attribute_labels), parallel to each other, without the pictures: these
are fetched from the links. Nothing says what they are called then; the names in use are understood:

    the end of the link         3171661-p-4x.jpg
    the picture's own name      `filename` of attribute_labels.json, and .jpg
    its number in the lists     images.0.jpg

What is missing, and many links are dead, takes no part. There is no published split and no table of pairs: pairs are of one item
(a product, and `styleId`, which is taken for its colour), and products are split.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.coco_files import MAX_ANNOTATION_BYTES
from ptx.datasets.data_set import OwnSplitSettings, PhotographSet
from ptx.datasets.folder import numbered, pairs_within, test_split
from ptx.datasets.picture_files import image_ids, left_out_lines, scan_pictures, unnamed_line
from ptx.pipeline.config import AbsolutePath, Share
from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.fingerprint import Json, files_digest, stamp_table
from ptx.pipeline.folders import FileStamp, Walk

LINK, PRODUCT, STYLE, OWN_NAME = "image_url_4x", "productId", "styleId", "filename"
"""What is read of a row."""


class MvcData(OwnSplitSettings):
    """The Multi-View Clothing data set: each item of clothing, worn, from four sides."""

    kind: Literal["mvc"]
    root: AbsolutePath
    """The folder of its mvc_info.json and, anywhere below, of the pictures that were fetched."""
    test_fraction: Share = 0.2
    """Share of products kept for testing; no split is published."""


@dataclass(frozen=True)
class MvcSet(PhotographSet[MvcData]):
    """Multi-View Clothing as a data set."""

    @property
    def root(self) -> Path:
        """The folder."""
        return self.settings.root

    def index(self) -> Mvc:
        """Read the lists and the folder as they are now."""
        return Mvc(self.settings.root, self.settings.test_fraction, self.context.own_folders)

    @property
    def layout(self) -> str:
        """Several sides of an item."""
        return "two pictures or more of one item (productId and styleId of mvc_info.json)"


@dataclass(frozen=True)
class Mvc:
    """Index of the part of the data set that a folder holds. Reads directories and lists, never a picture."""

    root: Path
    """The folder."""
    test_fraction: float = 0.2
    """Share of products kept for testing."""
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
        unnamed = unnamed_line(self._pictures, self.paths, "mvc_info.json does not name them, or names another file so")
        return left_out_lines(self._walk) + unnamed

    @cached_property
    def _found(self) -> list[tuple[str, str, str]]:
        """Path below the root, product, item of every picture that is there, products and items together.

        Raises:
            PtxError: the list is missing or damaged, or no picture is there.
        """
        rows = self._read("mvc_info.json", (LINK, PRODUCT, STYLE))
        files = {PurePosixPath(path).name: path for path in reversed(self._pictures)}
        names = [PurePosixPath(row[LINK]).name for row in rows]
        if not any(name in files for name in names):
            names = [f"images.{number}.jpg" for number in range(len(rows))]
        if not any(name in files for name in names) and (self.root / "attribute_labels.json").exists():
            names = [f"{row[OWN_NAME]}.jpg" for row in self._read("attribute_labels.json", (OWN_NAME,))]
        if len(names) != len(rows):
            raise PtxError(f"{self.root}: attribute_labels.json has {len(names)} rows, mvc_info.json {len(rows)}")
        pictures = {
            files[name]: (row[PRODUCT], f"{row[PRODUCT]}/{row[STYLE]}")
            for name, row in zip(names, rows, strict=True)
            if name in files
        }
        if not pictures:
            raise PtxError(
                f"data.root: none of the {len(rows)} pictures of mvc_info.json is below {self.root}; "
                f"fetch them by their links, under names such as {PurePosixPath(rows[0][LINK]).name if rows else '...'}"
            )
        return sorted(((path, *which) for path, which in pictures.items()), key=lambda one: (one[1:], one[0]))

    def _read(self, name: str, keys: tuple[str, ...]) -> list[dict[str, str]]:
        """Read some values of every row of a list; the rest, 264 attributes a row, is dropped while it is read."""
        path = self.root / name

        def keep(row: list[tuple[str, Json]]) -> dict[str, str]:
            return {key: str(value).strip('"') for key, value in row if key in keys}

        try:
            if path.stat().st_size > MAX_ANNOTATION_BYTES:
                raise ValueError(f"more than {MAX_ANNOTATION_BYTES} bytes")
            rows = json.loads(path.read_bytes(), object_pairs_hook=keep)
            if not isinstance(rows, list) or any(set(keys) - set(row) for row in rows):
                raise ValueError(f"it is no list of rows with {', '.join(keys)}")
        except FileNotFoundError:
            raise PtxError(f"data.root: {path} is not there; it comes with the data set") from None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise PtxError(f"{path}: this is no list of MVC: {one_line(error)}") from None
        return rows

    @cached_property
    def paths(self) -> list[str]:
        """Path of each picture below the root."""
        return [path for path, *_ in self._found]

    @cached_property
    def ids(self) -> list[str]:
        """Names of the pictures (`image_ids`)."""
        return image_ids(self.paths)

    @cached_property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each picture's product: who wears it is not said, so all colours of a product stay together."""
        return numbered([product for _, product, _ in self._found])

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 1 for products that are for testing."""
        return test_split([product for _, product, _ in self._found], self.test_fraction)

    def pairs(self) -> NDArray[np.int32]:
        """(P, 2) directed pairs target, source: all of an item; both directions are neighbours."""
        return pairs_within([item for *_, item in self._found])

    @property
    def digest(self) -> str:
        """Digest of the pictures, their items and the split."""
        return hashlib.sha256(repr((self.test_fraction, self._found)).encode()).hexdigest()

    @property
    def state(self) -> str:
        """Digest of sizes and modification times of the pictures that take part."""
        return files_digest((path, self._pictures[path]) for path in self.paths)

    @property
    def stamps(self) -> NDArray[np.int64]:
        """(N, 2) bytes and modification time in ns of each image's file."""
        return stamp_table(self._pictures[path] for path in self.paths)
