"""Data sets behind one face each, chosen by the settings.

Adding one means adding a class here and a reader in `datasets/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.folder import Folder, pairs_within
from ptx.datasets.images import Box, Image, box_around, crop_and_resize, read_image
from ptx.datasets.intrinsic_flow import IntrinsicFlow
from ptx.datasets.mvc import Mvc
from ptx.datasets.panoptic import Panoptic, read_shot
from ptx.datasets.people import VERSION, People, PeopleOptions
from ptx.datasets.published import NAMINGS, Published
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.stage import Listing
from ptx.pipeline.storage.store import Store, decode_strings

BoxFinder = Callable[[Image, str], Box]
"""(picture, its path) → x0, y0, x1, y1 of the person; raises ValueError("code: words") where there is none."""


class DataSet(Protocol):
    """What ingest needs of a data set."""

    def listing(self) -> Listing:
        """Everything known without opening a picture."""
        ...

    def read(self, index: int, find_box: BoxFinder | None) -> tuple[Image, NDArray[np.float32], tuple[int, int]]:
        """Working picture (H, W, 3), transform (2, 3) from original to working pixels, original (height, width).

        Raises:
            ValueError: "code: words", the picture cannot be used.
        """
        ...


def data_set(settings: Any) -> DataSet:
    """The data set that the settings name."""
    kinds: dict[str, type[PeopleSet | FolderSet | PanopticSet]] = {
        "people": PeopleSet,
        "folder": FolderSet,
        "intrinsic-flow-release": FolderSet,
        "mvc": FolderSet,
        "panoptic": PanopticSet,
        **dict.fromkeys(NAMINGS, FolderSet),
    }
    return kinds[settings.data.kind](settings)


@dataclass(frozen=True)
class PeopleSet:
    """Synthetic people as a data set."""

    settings: Any

    @property
    def people(self) -> People:
        """The generator."""
        return people(self.settings)

    def listing(self) -> Listing:
        """Persons in order; the last ones are for testing."""
        data = self.settings.data
        n, per = data.persons * data.images_per_person, data.images_per_person
        persons = np.arange(n, dtype=np.int32) // per
        splits = (persons >= round(data.persons * (1 - data.test_fraction))).astype(np.uint8)
        pairs = pairs_within((persons if data.views == 1 else np.arange(n) // data.views).tolist())
        text = f"people {VERSION} {data.persons} {per} {data.half_body} {self.settings.seed} {self.settings.size}"
        text += f" views {data.views}" if data.views > 1 else ""
        return Listing(self.people.ids, [""] * n, persons, splits, pairs, hashlib.sha256(text.encode()).hexdigest())

    def read(self, index: int, find_box: BoxFinder | None) -> tuple[Image, NDArray[np.float32], tuple[int, int]]:
        """Render one image; there is nothing to crop."""
        del find_box
        image = self.people.render(index)
        return image, np.eye(2, 3, dtype=np.float32), (image.shape[0], image.shape[1])


def people(settings: Any) -> People:
    """The synthetic people that the settings describe."""
    data = settings.data
    return People(
        PeopleOptions(
            data.persons,
            data.images_per_person,
            settings.seed,
            tuple(settings.size),
            data.half_body,
            loose=data.loose,
            views=data.views,
        )
    )


@dataclass(frozen=True)
class FolderSet:
    """Photographs in a folder: the user's own, or a published data set."""

    settings: Any

    def listing(self) -> Listing:
        """As the folder is now."""
        data = self.settings.data
        folder: Folder | Published | IntrinsicFlow | Mvc
        if data.kind == "intrinsic-flow-release":
            folder = intrinsic_flow(self.settings)
        elif data.kind == "mvc":
            folder = Mvc(data.root, data.test_fraction)
        elif data.kind in NAMINGS:
            folder = Published(data.root, NAMINGS[data.kind], data.train_pairs, data.test_pairs)
        else:
            folder = Folder(data.root, data.pairs, data.test_fraction, data.max_pairs_per_person)
        return Listing(folder.ids, folder.paths, folder.persons, folder.splits, folder.pairs(), folder.digest)

    @cached_property
    def paths(self) -> list[str]:
        """As ingest wrote them down: what a worker sees does not change under it."""
        return ingested_paths(self.settings)

    def read(self, index: int, find_box: BoxFinder | None) -> tuple[Image, NDArray[np.float32], tuple[int, int]]:
        """Read, find the person where asked, crop and resize."""
        path = self.paths[index]
        image = read_image(self.settings.data.root / path, self.settings.ingest.max_pixels)
        box = find_box(image, path) if find_box else None
        working, transform = crop_and_resize(image, box, self.settings.size)
        return working, transform, (image.shape[0], image.shape[1])


@dataclass(frozen=True)
class PanopticSet:
    """Panoptic Studio as a data set: every person is cut out by their own joints."""

    settings: Any

    def listing(self) -> Listing:
        """As the folder is now; pairs are of one moment."""
        found = panoptic(self.settings)
        ids, paths = [shot.name for shot in found.shots], [shot.path for shot in found.shots]
        return Listing(ids, paths, found.persons, found.splits, pairs_within(found.moments.tolist()), found.digest)

    @cached_property
    def paths(self) -> list[str]:
        """As ingest wrote them down."""
        return ingested_paths(self.settings)

    def read(self, index: int, find_box: BoxFinder | None) -> tuple[Image, NDArray[np.float32], tuple[int, int]]:
        """Read a camera's picture, cut out the person, resize."""
        del find_box
        shot = read_shot(self.paths[index])
        image = read_image(self.settings.data.root / shot.path.rsplit("#", 1)[0], self.settings.ingest.max_pixels)
        keypoints, _ = panoptic(self.settings).joints(shot)
        box = box_around(mask_outside(keypoints, image.shape[:2]), image.shape)
        working, transform = crop_and_resize(image, box, self.settings.size)
        return working, transform, (image.shape[0], image.shape[1])


def panoptic(settings: Any) -> Panoptic:
    """The sequences that the settings name."""
    data = settings.data
    return Panoptic(data.root, data.every, tuple(data.cameras), data.test_fraction)


def intrinsic_flow(settings: Any) -> IntrinsicFlow:
    """The data pack that the settings name."""
    data = settings.data
    return IntrinsicFlow(data.root, data.pairs, data.test, data.joints)


def ingested_paths(settings: Any) -> list[str]:
    """Paths of all pictures, relative to the data set's root, from the store of ingest."""
    return decode_strings(Store(settings.workspace, "ingest").table("path"))


def stamp(path: Path, *endings: str) -> list[int]:
    """Changes when files do: size and time of a file, or the number and the newest time of a folder's files of these endings."""
    if not path.exists():
        return []
    if path.is_file():
        return [path.stat().st_size, path.stat().st_mtime_ns]
    files = [p.stat() for p in path.rglob("*") if p.suffix in endings]
    return [len(files), max((s.st_mtime_ns for s in files), default=0)]
