"""`ptx run extract-keypoints`: the 18 keypoints of every person, in the working picture, and 3D ones where the backend has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings, WorkingImage
from ptx.datasets.persons import MIN_KEYPOINTS, Several
from ptx.pipeline.config import ADDED_LATER, AbsolutePath, Section
from ptx.pipeline.errors import BadSample
from ptx.pipeline.fingerprint import Json, former_folder_stamp
from ptx.pipeline.stage import ArraySpec, Block, Process, Result, Stage, each_sample
from ptx.stages.backends.keypoints import KeypointBackend, KeypointBackendName


class KeypointSettings(Section):
    """Finding the 18 keypoints."""

    backend: Literal["auto", "mediapipe"] | KeypointBackendName = "auto"
    """Where keypoints come from; auto is truth for synthetic people and what comes with keypoints, blazepose for other photographs.
    blazepose is the detector of ptx; mediapipe, the package of the same networks in earlier versions, is read as it."""
    path: AbsolutePath | None = None
    """Folder of OpenPose's or MMPose's JSON files, COCO's or AlphaPose's one JSON file, or the CSV table."""
    use_3d: bool = True
    """Keep 3D keypoints where the backend has them."""
    several: Several = "largest"
    """A picture with several persons: take the largest (by area, box or extent of the keypoints), the surest (by the sum of
    confidences), or quarantine the picture. The same for every backend."""

    model: Annotated[AbsolutePath | None, ADDED_LATER] = None
    """Network of landmarks and masks (.tflite) for blazepose, such as MediaPipe's pose_landmark_heavy; empty: the one in ptx."""
    details: Annotated[bool, ADDED_LATER] = True
    """Find the points of face and hands too, with blazepose: about twice the time."""
    steady: Annotated[bool, ADDED_LATER] = False
    """Show blazepose blurred pictures: noise moves its landmarks by half as much then. A millisecond a picture."""

    def resolve(self, data: DataSet[DataSettings]) -> KeypointBackend:
        """Return the backend, with `auto` resolved by what the data set brings along."""
        name: KeypointBackendName
        if self.backend == "auto":
            name = "truth" if "keypoints" in data.has else "blazepose"
        elif self.backend == "mediapipe":
            name = "blazepose"
        else:
            name = self.backend
        return KeypointBackend(name, self.path, self.several, self.model, self.details, self.steady)


@dataclass(frozen=True)
class ExtractKeypoints(Stage[KeypointSettings]):
    """Find the 18 keypoints of every person: by a detector, in files, or those that come with the data set."""

    data: DataSet[DataSettings]
    keypoints: KeypointBackend

    name = "extract-keypoints"
    store = "keypoints"
    version = 2
    file_dependencies = ("keypoint files",)
    inputs = ("ingest.image", "ingest.transform", "ingest.original")
    cost = 0.04

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution and own section."""
        return {"size": list(self.data.context.size), "extract_keypoints": self.settings}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The backend, with `auto` resolved, and the state of its files."""
        files: dict[str, Json] = {"keypoint files": self.keypoints.state} if self.settings.path else {}
        return {"backend": self.keypoints.name, **files, **self.keypoints.network, **self.keypoints.choice}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """The files' stamp by number and newest time; and nothing about who of several is taken, where there never are several."""
        path = self.settings.path
        files: dict[str, Json] = {"keypoint files": former_folder_stamp(path, ".json")} if path else {}
        return {**files, **self.keypoints.former_choice(self.data, self.store)}

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the keypoint files, where there is one an image."""
        return self.keypoints.stamps(paths)

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """keypoints (18, 3) x, y, confidence; keypoints3d (18, 4) x, y, z, confidence; NaN and confidence 0 = missing.

        Of the detector also landmarks (33, 4) x, y, z, visibility; face (468, 3) and hands (2, 21, 3) x, y, confidence.
        """
        flat: dict[str, Json] = {"units": "px, px, 1"}
        out = {
            "keypoints": ArraySpec((18, 3), "f4", nan=True, attributes=flat),
            "keypoints3d": ArraySpec((18, 4), "f4", nan=True, attributes={"units": "m, m, m, 1"}),
        }
        if self.keypoints.detects:
            out["landmarks"] = ArraySpec((33, 4), "f4", nan=True, attributes={"units": "px, px, px, 1"})
            if self.keypoints.details:
                out |= {
                    "face": ArraySpec((468, 3), "f4", nan=True, attributes=flat),
                    "hands": ArraySpec((2, 21, 3), "f4", nan=True, attributes=flat),
                }
        return out

    def note(self, noted: Mapping[str, Json]) -> str | None:
        """Say that the name of a package stands for the detector of ptx."""
        del noted
        if self.settings.backend != "mediapipe":
            return None
        return "backend mediapipe is read as blazepose: the same networks, which come with ptx"

    def open(self) -> Process:
        """Open the backend."""
        source = self.keypoints.open(self.data)

        def process(block: Block) -> Result:
            image = block.array("ingest.image", np.uint8)
            transform = block.array("ingest.transform", np.float32)
            original = block.array("ingest.original", np.int32)
            arrays = {
                name: np.full((len(block), *spec.shape), np.nan, np.float32) for name, spec in self.outputs.items()
            }
            keypoints, keypoints3d = arrays["keypoints"], arrays["keypoints3d"]

            def find(i: int) -> None:
                height, width = original[i].tolist()
                picture = WorkingImage(image[i], transform[i], (height, width))
                keypoints[i], keypoints3d[i], more = source.find(int(block.index[i]), picture)
                for name, values in more.items():
                    arrays[name][i] = values
                count = int((keypoints[i, :, 2] > 0).sum())
                if count < MIN_KEYPOINTS:
                    raise BadSample(
                        "too_few_keypoints",
                        f"{count} of 18 keypoints inside the picture, {MIN_KEYPOINTS} are needed",
                    )

            problems = each_sample(block, find)
            if not self.settings.use_3d:
                keypoints3d[...] = np.nan
                keypoints3d[..., 3] = 0
            return Result(arrays, problems)

        return process
