"""Backends of keypoints: a detector, files of another tool, or what comes with the data set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import (
    BoxFinder,
    DataSet,
    DataSettings,
    KeypointSource,
    PersonKeypoints,
    WorkingImage,
)
from ptx.datasets.file_stamps import named_file_stamps
from ptx.datasets.images import Image, box_around
from ptx.datasets.keypoint_source import FileKeypoints, KeypointFile
from ptx.datasets.persons import FoundPerson, Several, choose_person
from ptx.detector.keypoints import Detection, KeypointDetector
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json, folder_stamp
from ptx.pipeline.storage.store import Store

KeypointBackendName = Literal["truth", "blazepose", "openpose-json", "coco-json", "mmpose-json", "csv"]

CHOICES = {"largest": "largest by size", "surest": "surest by confidence", "quarantine": "quarantine"}
"""Value of `several` → what the manifest says of it. Before 0.2 the largest was the surest, and nothing was said."""


SIDES = "labels and other looks"
"""How the detector tells the left and right of people whose face it does not find, for manifests: other words make its stores stale."""


@dataclass(frozen=True)
class DetectedKeypoints:
    """Keypoints that the detector finds in the working picture, with its 33 landmarks, and with face and hands if these are wanted."""

    detector: KeypointDetector
    several: Several
    details: bool = False

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Detect the keypoints of a picture."""
        del index
        person = self.detect(picture.image)
        more = {"landmarks": person.landmarks}
        if self.details:
            more |= self.detector.details(picture.image, person)._asdict()
        return PersonKeypoints(person.keypoints, person.keypoints3d, more)

    def detect(self, image: Image) -> Detection:
        """Detect the person of an image whom the setting `several` chooses."""
        people = self.detector.detect_prominent(image)
        return people[choose_person([FoundPerson(person.keypoints) for person in people], self.several)]


@dataclass(frozen=True)
class KeypointBackend:
    """The backend that the settings `extract_keypoints` choose."""

    name: KeypointBackendName
    path: Path | None = None
    """Its files, where it reads any."""
    several: Several = "largest"
    model: Path | None = None
    """Network of the detector; None: the one that comes with ptx."""
    details: bool = False
    """Whether the detector also finds face and hands."""
    steady: bool = False
    """Whether it is shown blurred pictures."""

    @property
    def detects(self) -> bool:
        """True where keypoints are the detector's."""
        return self.name == "blazepose"

    @property
    def point_arrays(self) -> tuple[str, ...]:
        """Names of the arrays of points that fits use."""
        landmarks = ("landmarks",) if self.detects else ()
        return ("keypoints", "keypoints3d", *landmarks, *(("face", "hands") if landmarks and self.details else ()))

    @property
    def reads_files(self) -> bool:
        """True where keypoints are those of another tool's files."""
        return not self.detects and self.name != "truth"

    @property
    def network(self) -> Mapping[str, Json]:
        """What the detector's answers depend on besides, for manifests: how it tells sides, a network of the user's, blurred pictures."""
        if not self.detects:
            return {}
        own = self.model if self.model is not None and self.model.is_file() else None
        network: dict[str, Json] = {} if own is None else {"network": hashlib.sha256(own.read_bytes()).hexdigest()}
        steady: dict[str, Json] = {"steady": True} if self.steady else {}
        return {"sides": SIDES, **network, **steady}

    @property
    def state(self) -> list[int] | str | None:
        """State of the files (`folder_stamp`); None where there are none."""
        return None if self.path is None else folder_stamp(self.path, ".json")

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the files of images (`named_file_stamps`); None where there is not one an image."""
        from ptx.datasets.mmpose_files import MmposeJson
        from ptx.datasets.openpose_files import OpenposeJson

        endings = {"openpose-json": OpenposeJson.endings, "mmpose-json": MmposeJson.endings}
        if self.path is None or self.name not in endings or not self.path.is_dir():
            return None
        return named_file_stamps(self.path, paths, endings[self.name])

    @property
    def choice(self) -> Mapping[str, Json]:
        """Who of several people is taken, for the manifests of what depends on it."""
        return {} if self.name == "truth" else {"person": CHOICES[self.several]}

    def former_choice(self, data: DataSet[DataSettings], store_name: str) -> Mapping[str, Json]:
        """Return `choice` as stores of before 0.2 noted it, not at all, where they have the same persons as now.

        That is looked up in the files, and only for such a store.
        """
        ingest, store = (Store(data.context.workspace, name) for name in ("ingest", store_name))
        if not self.reads_files or not ingest.exists() or not store.exists():
            return {}
        noted = store.attributes.manifest.get("dependencies")
        if isinstance(noted, Mapping) and "person" in noted:
            return {}
        try:
            sizes = ingest.read("original", np.arange(ingest.count), np.int32)
            same = self._files(data).reads_as_before([(height, width) for height, width in sizes.tolist()])
        except PtxError:  # files are gone or damaged, which whoever opens them is told
            return {}
        return {"person": None} if same else {}

    def open(self, data: DataSet[DataSettings]) -> KeypointSource:
        """Open the source of keypoints.

        Raises:
            PtxError: it cannot be used with this data set, or is not installed, or its files are not there.
        """
        self.check(data)
        if self.detects:
            return self._detector()
        return self._files(data) if self.reads_files else data.keypoint_source()

    def check(self, data: DataSet[DataSettings]) -> None:
        """Refuse a backend that does not go with the data set, lacks the path of its files, or has one and reads none; opens no files.

        Raises:
            PtxError: so it is.
        """
        if self.reads_files:
            self._path(data)
        elif self.path is not None:
            raise PtxError(
                f"extract_keypoints.path: backend {self.name} reads no files; leave the path out, or name what reads them, such as "
                "extract_keypoints.backend: openpose-json, coco-json, mmpose-json or csv"
            )
        elif self.name == "truth" and "keypoints" not in data.has:
            raise PtxError(
                "extract_keypoints.backend: truth is known of `people`, `avatars` and `panoptic` only; photographs need blazepose, "
                "openpose-json or csv"
            )

    def box_finder(self, data: DataSet[DataSettings]) -> BoxFinder:
        """Open the finder of the box that ingest crops to, in the original picture.

        Raises:
            PtxError: the data set's pictures are filled by one person each already, or as `open`.
        """
        if self.detects:
            detected = self._detector()
            return lambda image, _: box_around(detected.detect(image).keypoints, image.shape)
        if "keypoints" in data.has:
            raise PtxError(f"ingest.crop: {data.settings.kind} fill their pictures already; use `crop: picture`")
        files = self._files(data)
        return lambda image, path: box_around(files.person(path, (image.shape[0], image.shape[1])), image.shape)

    def _detector(self) -> DetectedKeypoints:
        return DetectedKeypoints(KeypointDetector(self.model, steady=self.steady), self.several, self.details)

    def _files(self, data: DataSet[DataSettings]) -> FileKeypoints:
        return FileKeypoints(self._file(data), data.paths, self.several)

    def _file(self, data: DataSet[DataSettings]) -> KeypointFile:
        from ptx.datasets.coco_files import CocoJson
        from ptx.datasets.keypoint_files import KeypointCsv
        from ptx.datasets.mmpose_files import MmposeJson
        from ptx.datasets.openpose_files import OpenposeJson

        path = self._path(data)
        if self.name == "openpose-json":
            return OpenposeJson(path, data.paths)
        if self.name == "mmpose-json":
            return MmposeJson(path, data.paths)
        if self.name == "coco-json":
            return CocoJson(path, data.paths)
        return KeypointCsv(path, data.paths, data.keypoint_name)

    def _path(self, data: DataSet[DataSettings]) -> Path:
        """Return the path of the files; raises PtxError where the data set has no use for them, or there is no path."""
        if "keypoints" in data.has:
            raise PtxError(
                f"extract_keypoints.backend: {self.name} is for folders of photographs; {data.settings.kind} needs truth or "
                "blazepose"
            )
        if self.path is None:
            raise PtxError(f"extract_keypoints.path: backend {self.name} needs the path of its files")
        return self.path
