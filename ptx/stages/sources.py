"""Data sets and keypoint sources behind one face each, chosen by the settings.

Adding one means adding a class here and a reader in `datasets/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.folder import Folder
from ptx.datasets.images import Box, Image, apply_transform, crop_and_resize, read_image
from ptx.datasets.keypoint_files import KeypointCsv, NoKeypoints, OpenposeJson, mask_outside
from ptx.datasets.mediapipe import MediapipePose
from ptx.datasets.people import VERSION, People, PeopleOptions
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import Listing
from ptx.pipeline.store import Store, decode_strings

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
    return PeopleSet(settings) if settings.data.kind == "people" else FolderSet(settings)


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
        pairs = _all_pairs(persons if data.views == 1 else np.arange(n, dtype=np.int32) // data.views)
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


def _all_pairs(persons: NDArray[np.int32]) -> NDArray[np.int32]:
    """Both directions of every pair of images of a person, or of a group, as neighbours; `persons` is sorted."""
    pairs = []
    starts = np.flatnonzero(np.diff(persons, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(persons)], strict=True):
        pairs += [p for i in range(start, stop) for j in range(i + 1, stop) for p in ((i, j), (j, i))]
    return np.array(pairs, np.int32).reshape(-1, 2)


@dataclass(frozen=True)
class FolderSet:
    """A folder of photographs as a data set."""

    settings: Any

    def listing(self) -> Listing:
        """As the folder is now."""
        data = self.settings.data
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


def ingested_paths(settings: Any) -> list[str]:
    """Paths of all pictures, relative to the data set's root, from the store of ingest."""
    return decode_strings(Store(settings.workspace, "ingest").table("path"))


# --- keypoints ---------------------------------------------------------------------------------------------------------


class KeypointSource(Protocol):
    """Finds keypoints of one image."""

    def find(
        self, index: int, image: Image, transform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Keypoints (18, 3) in working pixels and (18, 4) in metres (NaN where the backend has none).

        Raises:
            ValueError: "code: words", there is nobody.
        """
        ...


NO_3D = np.concatenate([np.full((18, 3), np.nan), np.zeros((18, 1))], axis=1).astype(np.float32)


def keypoint_source(settings: Any) -> KeypointSource:
    """The backend that the settings name.

    Raises:
        PtxError: it cannot be used with this data set, or is not installed, or its files are not there.
    """
    backend = settings.keypoint_backend
    if backend == "truth":
        if settings.data.kind != "people":
            raise PtxError(
                "extract_keypoints.backend: truth is known of `people` only; photographs need mediapipe, openpose-json or csv"
            )
        return TruthKeypoints(people(settings))
    if backend == "mediapipe":
        return DetectedKeypoints(MediapipePose(), settings.extract_keypoints.several)
    paths = ingested_paths(settings)
    return FileKeypoints(_keypoint_file(settings, paths), paths, settings.extract_keypoints.several)


def _keypoint_file(settings: Any, paths: list[str]) -> OpenposeJson | KeypointCsv:
    chosen = settings.extract_keypoints
    if settings.data.kind == "people":
        raise PtxError(
            f"extract_keypoints.backend: {chosen.backend} is for photographs; synthetic people need truth or mediapipe"
        )
    if chosen.path is None:
        raise PtxError(f"extract_keypoints.path: backend {chosen.backend} needs the path of its files")
    kind = OpenposeJson if chosen.backend == "openpose-json" else KeypointCsv
    return kind(chosen.path, paths)


@dataclass(frozen=True)
class TruthKeypoints:
    """The exact keypoints of synthetic people."""

    people: People

    def find(
        self, index: int, image: Image, transform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As they were made."""
        del image, transform
        truth = self.people.truth(index)
        return truth.keypoints, truth.keypoints3d


@dataclass(frozen=True)
class DetectedKeypoints:
    """Keypoints found in the working picture."""

    detector: MediapipePose
    several: str

    def find(
        self, index: int, image: Image, transform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Detect."""
        del index, transform
        found = self.detector.detect(image, alone=self.several == "quarantine")
        return found.keypoints, found.keypoints3d


@dataclass(frozen=True)
class FileKeypoints:
    """Keypoints that another tool wrote, in pixels of the original pictures."""

    file: OpenposeJson | KeypointCsv
    paths: list[str]
    several: str

    def find(
        self, index: int, image: Image, transform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Look up and map to working pixels."""
        keypoints, persons = self.file.lookup(self.paths[index])
        if persons > 1 and self.several == "quarantine":
            raise NoKeypoints(f"several_persons: {persons} persons in {self.paths[index]}")
        moved = keypoints.copy()
        moved[:, :2] = apply_transform(transform, keypoints[:, :2])
        return mask_outside(moved, image.shape[:2]), NO_3D


def box_finder(settings: Any) -> BoxFinder:
    """How ingest finds the person to crop to: by the keypoint backend, in the original picture."""
    backend = settings.keypoint_backend
    if backend == "mediapipe":
        detector = MediapipePose()
        return lambda image, _: detector.find_person(image)
    if backend == "truth":
        raise PtxError("ingest.crop: synthetic people fill their pictures already; use `crop: picture`")
    file = _keypoint_file(settings, ingested_paths(settings))
    return lambda image, path: _box_around(file.lookup(path)[0], image.shape[:2])


def _box_around(keypoints: NDArray[np.float32], size: tuple[int, ...]) -> Box:
    """The keypoints' bounding box with a quarter of its longer side added all round, inside the picture."""
    xy = keypoints[keypoints[:, 2] > 0, :2]
    low, high = xy.min(0), xy.max(0)
    margin = 0.25 * float((high - low).max())
    x0, y0 = np.maximum(low - margin, 0)
    x1, y1 = np.minimum(high + margin, (size[1] - 1, size[0] - 1))
    return float(x0), float(y0), float(x1), float(y1)
