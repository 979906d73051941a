"""Backends of keypoints: a detector, files of another tool, or what comes with the data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import BoxFinder, DataSet, DataSettings, KeypointSource, PersonKeypoints
from ptx.datasets.file_stamps import named_file_stamps
from ptx.datasets.images import Image, Transform, box_around
from ptx.datasets.keypoint_source import FileKeypoints, KeypointFile, Several
from ptx.datasets.mediapipe import MediapipePose
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import folder_stamp

KeypointBackendName = Literal["truth", "mediapipe", "openpose-json", "coco-json", "mmpose-json", "csv"]


@dataclass(frozen=True)
class DetectedKeypoints:
    """Keypoints that a detector finds in the working picture."""

    detector: MediapipePose
    several: Several

    def find(self, index: int, image: Image, transform: Transform) -> PersonKeypoints:
        """Detect the keypoints of a picture."""
        del index, transform
        detection = self.detector.detect(image, alone=self.several == "quarantine")
        return PersonKeypoints(detection.keypoints, detection.keypoints3d)


@dataclass(frozen=True)
class KeypointBackend:
    """The backend that the settings `extract_keypoints` choose."""

    name: KeypointBackendName
    path: Path | None = None
    """Its files, where it reads any."""
    several: Several = "largest"

    @property
    def reads_files(self) -> bool:
        """True where keypoints are those of another tool's files."""
        return self.name not in ("truth", "mediapipe")

    @property
    def state(self) -> list[int] | str | None:
        """State of the files (`folder_stamp`); None where there are none."""
        return None if self.path is None else folder_stamp(self.path, ".json")

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the files of images (`named_file_stamps`); None where there is not one an image."""
        from ptx.datasets.coco_files import MmposeJson
        from ptx.datasets.keypoint_files import OpenposeJson

        endings = {"openpose-json": OpenposeJson.endings, "mmpose-json": MmposeJson.endings}
        if self.path is None or self.name not in endings or not self.path.is_dir():
            return None
        return named_file_stamps(self.path, paths, endings[self.name])

    def open(self, data: DataSet[DataSettings]) -> KeypointSource:
        """Open the source of keypoints.

        Raises:
            PtxError: it cannot be used with this data set, or is not installed, or its files are not there.
        """
        if self.name == "mediapipe":
            return DetectedKeypoints(MediapipePose(), self.several)
        if self.name != "truth":
            return FileKeypoints(self._file(data), data.paths, self.several)
        if "keypoints" not in data.has:
            raise PtxError(
                "extract_keypoints.backend: truth is known of `people` and `panoptic` only; photographs need mediapipe, "
                "openpose-json or csv"
            )
        return data.keypoint_source()

    def box_finder(self, data: DataSet[DataSettings]) -> BoxFinder:
        """Open the finder of the box that ingest crops to, in the original picture.

        Raises:
            PtxError: the data set's pictures are filled by one person each already, or as `open`.
        """
        if self.name == "mediapipe":
            detector = MediapipePose()
            return lambda image, _: detector.find_person(image)
        if "keypoints" in data.has:
            raise PtxError(f"ingest.crop: {data.settings.kind} fill their pictures already; use `crop: picture`")
        file = self._file(data)
        return lambda image, path: box_around(file.lookup(path)[0], image.shape)

    def _file(self, data: DataSet[DataSettings]) -> KeypointFile:
        from ptx.datasets.coco_files import CocoJson, MmposeJson
        from ptx.datasets.keypoint_files import KeypointCsv, OpenposeJson

        if "keypoints" in data.has:
            raise PtxError(
                f"extract_keypoints.backend: {self.name} is for folders of photographs; {data.settings.kind} needs truth or "
                "mediapipe"
            )
        if self.path is None:
            raise PtxError(f"extract_keypoints.path: backend {self.name} needs the path of its files")
        if self.name == "openpose-json":
            return OpenposeJson(self.path, data.paths)
        if self.name == "mmpose-json":
            return MmposeJson(self.path, data.paths)
        if self.name == "coco-json":
            return CocoJson(self.path, data.paths)
        return KeypointCsv(self.path, data.paths, data.keypoint_name)
