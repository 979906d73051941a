"""Where keypoints come from, behind one face each, chosen by the settings.

Adding one means adding a class here and a reader in `datasets/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.coco_files import CocoJson, MmposeJson
from ptx.datasets.images import Box, Image, apply_transform
from ptx.datasets.keypoint_files import KeypointCsv, NoKeypoints, OpenposeJson
from ptx.datasets.mediapipe import MediapipePose
from ptx.datasets.panoptic import Panoptic, read_shot
from ptx.datasets.people import People
from ptx.datasets.published import NAMINGS
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.errors import PtxError
from ptx.stages.backends.data_sets import BoxFinder, ingested_paths, intrinsic_flow, panoptic, people


class KeypointFile(Protocol):
    """Keypoints that another tool wrote."""

    def lookup(self, path: str) -> tuple[NDArray[np.float32], int]:
        """Keypoints (18, 3) of the most certain person of a picture, px of the original, and how many persons there are.

        Raises:
            NoKeypoints: "code: words", there is nobody.
        """
        ...


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
        if not settings.knows_keypoints:
            raise PtxError(
                "extract_keypoints.backend: truth is known of `people` and `panoptic` only; photographs need mediapipe, "
                "openpose-json or csv"
            )
        if settings.data.kind == "panoptic":
            return PanopticKeypoints(panoptic(settings), ingested_paths(settings))
        if settings.data.kind == "intrinsic-flow-release":
            return FileKeypoints(intrinsic_flow(settings), ingested_paths(settings), "largest")
        return TruthKeypoints(people(settings))
    if backend == "mediapipe":
        return DetectedKeypoints(MediapipePose(), settings.extract_keypoints.several)
    paths = ingested_paths(settings)
    return FileKeypoints(_keypoint_file(settings, paths), paths, settings.extract_keypoints.several)


def _keypoint_file(settings: Any, paths: list[str]) -> KeypointFile:
    chosen = settings.extract_keypoints
    if settings.knows_keypoints:
        raise PtxError(
            f"extract_keypoints.backend: {chosen.backend} is for folders of photographs; {settings.data.kind} needs truth or "
            "mediapipe"
        )
    if chosen.path is None:
        raise PtxError(f"extract_keypoints.path: backend {chosen.backend} needs the path of its files")
    readers = {"openpose-json": OpenposeJson, "mmpose-json": MmposeJson, "coco-json": CocoJson}
    if chosen.backend in readers:
        return readers[chosen.backend](chosen.path, paths)
    naming = NAMINGS.get(settings.data.kind)
    return KeypointCsv(chosen.path, paths, (lambda name: naming.key(name) or name) if naming else str)


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
class PanopticKeypoints:
    """Triangulated joints as each camera sees them."""

    data: Panoptic
    paths: list[str]

    def find(
        self, index: int, image: Image, transform: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Project and map to working pixels."""
        keypoints, keypoints3d = self.data.joints(read_shot(self.paths[index]))
        keypoints[:, :2] = apply_transform(transform, keypoints[:, :2])
        return mask_outside(keypoints, image.shape[:2]), keypoints3d


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

    file: KeypointFile
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
    if settings.knows_keypoints:
        raise PtxError(f"ingest.crop: {settings.data.kind} fill their pictures already; use `crop: picture`")
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
