"""CMU Panoptic Studio: calibrated HD views of people with 3D joints (Joo et al., ICCV 2015), as its toolbox leaves them on disk.

    ROOT/SEQUENCE/calibration_SEQUENCE.json
    ROOT/SEQUENCE/hdPose3d_stage1_coco19/body3DScene_00000100.json
    ROOT/SEQUENCE/hdImgs/00_03/00_03_00000100.jpg

World coordinates are centimetres; a camera's are x right, y down, z forward.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.data_set import BoxFinder, DataSet, OwnSplitSettings, PairCount, PersonKeypoints, WorkingImage
from ptx.datasets.folder import numbered, pairs_within, test_split
from ptx.datasets.images import apply_transform, box_around, crop_and_resize, read_image
from ptx.datasets.panoptic_files import Camera, Floats, project_joints, read_bodies, read_cameras
from ptx.geometry.joints import KEYPOINTS
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import files_digest, stamp_files
from ptx.pipeline.stage import Listing

POSES, IMAGES = "hdPose3d_stage1_coco19", "hdImgs"
"""Folders of a sequence."""


class Shot(NamedTuple):
    """One person in one picture."""

    sequence: str
    frame: int
    body: int
    camera: str

    @property
    def path(self) -> str:
        """Path of the picture below the root, and the body after a #."""
        return f"{self.sequence}/{IMAGES}/{self.camera}/{self.camera}_{self.frame:08d}.jpg#{self.body}"

    @property
    def joints_path(self) -> str:
        """Path of the frame's joints below the root."""
        return f"{self.sequence}/{POSES}/body3DScene_{self.frame:08d}.json"

    @property
    def name(self) -> str:
        """The image's id."""
        return f"{self.sequence}_{self.frame:08d}_{self.body}_{self.camera}"


def calibration_path(sequence: str) -> str:
    """Return the path of a sequence's cameras below the root."""
    return f"{sequence}/calibration_{sequence}.json"


def read_shot(path: str) -> Shot:
    """Return the shot of a `Shot.path`."""
    file, body = path.rsplit("#", 1)
    sequence, _, camera, name = file.rsplit("/", 3)
    return Shot(sequence, int(name[-12:-4]), int(body), camera)


class PanopticData(OwnSplitSettings):
    """CMU Panoptic Studio: one moment from many sides, with known joints."""

    kind: Literal["panoptic"] = "panoptic"
    root: AbsolutePath
    """The folder of sequences, as the toolbox downloads them."""
    every: Annotated[int, Field(ge=1)] = 100
    """Use one of so many frames, of 30 a second."""
    cameras: tuple[str, ...] = ()
    """HD cameras that take part, such as 00_03; all where empty."""


@dataclass(frozen=True)
class PanopticSet(DataSet[PanopticData]):
    """Panoptic Studio as a data set: every person is cut out by their own joints."""

    @property
    def root(self) -> Path:
        """The folder."""
        return self.settings.root

    @property
    def index(self) -> Panoptic:
        """The sequences as they are now."""
        data = self.settings
        return Panoptic(data.root, data.every, data.cameras, data.test_fraction)

    def listing(self) -> Listing:
        """List the sequences as they are now; pairs are of one moment."""
        index = self.index
        ids = [shot.name for shot in index.shots]
        paths = [shot.path for shot in index.shots]
        pairs = pairs_within(index.moments.tolist())
        return Listing(ids, paths, index.persons, index.splits, pairs, index.digest, index.state)

    @property
    def layout(self) -> str:
        """Several cameras that see a person at one moment."""
        return "two cameras or more that see a person at one moment, hdImgs/CAMERA (`data.cameras`)"

    @property
    def published_counts(self) -> tuple[PairCount, ...]:
        """The number of pairs that novel 3D view synthesis was trained with; which, is not stated."""
        return (PairCount("novel 3D view synthesis", 175_272),)

    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Read a camera's picture, cut out the person, resize."""
        del find_box
        shot = read_shot(self.paths[index])
        image = read_image(self.root / shot.path.rsplit("#", 1)[0], self.context.max_pixels)
        keypoints, _ = self.index.joints(shot)
        box = box_around(mask_outside(keypoints, image.shape[:2]), image.shape)
        working, transform = crop_and_resize(image, box, self.context.size)
        return WorkingImage(working, transform, (image.shape[0], image.shape[1]))

    def keypoint_source(self) -> PanopticKeypoints:
        """Open the triangulated joints."""
        return PanopticKeypoints(self.index, self.paths)


@dataclass(frozen=True)
class PanopticKeypoints:
    """Triangulated joints as each camera sees them."""

    data: Panoptic
    paths: list[str]

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Project the joints and map them to working pixels."""
        keypoints, keypoints3d = self.data.joints(read_shot(self.paths[index]))
        keypoints[:, :2] = apply_transform(picture.transform, keypoints[:, :2])
        return PersonKeypoints(mask_outside(keypoints, picture.image.shape[:2]), keypoints3d)


@dataclass(frozen=True)
class Panoptic:
    """Index of a folder of sequences. Reads calibrations and joints, never a picture."""

    root: Path
    """The folder of sequences."""
    every: int = 100
    """Use one of so many frames, of 30 a second."""
    cameras: tuple[str, ...] = ()
    """Names of the cameras that take part, such as 00_03; all HD cameras where empty."""
    test_fraction: float = 0.2
    """Share of persons kept for testing."""

    @cached_property
    def sequences(self) -> list[str]:
        """Names of the sequences.

        Raises:
            PtxError: there is none.
        """
        names = sorted(p.parent.name for p in self.root.glob(f"*/{POSES}") if p.is_dir())
        if not names:
            raise PtxError(f"data.root: {self.root} holds no sequence of Panoptic Studio (a folder with {POSES} in it)")
        return names

    @cached_property
    def shots(self) -> list[Shot]:
        """Every person of every frame in every camera that sees them, persons together, then frames.

        Raises:
            PtxError: no frame shows anybody, or a file is damaged.
        """
        shots: list[Shot] = []
        for sequence in self.sequences:
            names = self._cameras_of(sequence)
            for frame, bodies in self._frames(sequence):
                for body, joints in bodies.items():
                    shown = [name for name in names if self._is_in_picture(sequence, name, joints)]
                    shots += [Shot(sequence, frame, body, name) for name in shown]
        if not shots:
            raise PtxError(f"data.root: no frame of {self.root} shows anybody; lower data.every (now {self.every})")
        return sorted(shots, key=lambda shot: (shot.sequence, shot.body, shot.frame, shot.camera))

    @cached_property
    def persons(self) -> NDArray[np.int32]:
        """(N,) number of each shot's person: bodies have ids of their own in every sequence."""
        return numbered([(shot.sequence, shot.body) for shot in self.shots])

    @cached_property
    def moments(self) -> NDArray[np.int32]:
        """(N,) number of each shot's person in one frame: what is paired."""
        return numbered([shot[:3] for shot in self.shots])

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """(N,) 1 for the test persons: those whose names hash lowest."""
        return test_split([f"{shot.sequence}/{shot.body}" for shot in self.shots], self.test_fraction)

    @property
    def digest(self) -> str:
        """Digest of the shots and the settings that choose them."""
        text = repr((self.every, self.cameras, self.test_fraction, [shot.path for shot in self.shots]))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def state(self) -> str:
        """Digest of sizes and modification times of the pictures, the joints of their frames and the calibrations."""
        pictures = {shot.path.rsplit("#", 1)[0] for shot in self.shots}
        joints = {shot.joints_path for shot in self.shots}
        calibrations = {calibration_path(sequence) for sequence in self.sequences}
        return files_digest(stamp_files(self.root, sorted(pictures | joints | calibrations)))

    def joints(self, shot: Shot) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a shot's keypoints in its picture, as `project_joints`."""
        points = read_bodies(self.root / shot.joints_path)[shot.body]
        camera = self.camera(shot.sequence, shot.camera)
        return project_joints(points, camera)

    def camera(self, sequence: str, name: str) -> Camera:
        """Return a calibrated camera of a sequence."""
        return read_cameras(self.root / calibration_path(sequence))[name]

    def _cameras_of(self, sequence: str) -> list[str]:
        known = read_cameras(self.root / calibration_path(sequence))
        if missing := [name for name in self.cameras if name not in known]:
            raise PtxError(f"data.cameras: {sequence} has no HD camera {', '.join(missing)}")
        return list(self.cameras) or sorted(known)

    def _frames(self, sequence: str) -> list[tuple[int, dict[int, Floats]]]:
        files = sorted((self.root / sequence / POSES).glob("body3DScene_*.json"))
        numbered = [(int(path.stem.rsplit("_", 1)[1]), path) for path in files]
        return [(frame, read_bodies(path)) for frame, path in numbered if frame % self.every == 0]

    def _is_in_picture(self, sequence: str, name: str, joints: Floats) -> bool:
        camera = self.camera(sequence, name)
        xy = project_joints(joints, camera)[0]
        height, width = camera.size
        inside = (xy[:, 0] >= 0) & (xy[:, 0] < width) & (xy[:, 1] >= 0) & (xy[:, 1] < height)
        return int(inside.sum()) >= len(KEYPOINTS) // 2
