"""CMU Panoptic Studio: calibrated HD views of people with 3D joints (Joo et al., ICCV 2015), as its toolbox leaves them on disk.

    ROOT/SEQUENCE/calibration_SEQUENCE.json
    ROOT/SEQUENCE/hdPose3d_stage1_coco19/body3DScene_00000100.json
    ROOT/SEQUENCE/hdImgs/00_03/00_03_00000100.jpg

World coordinates are centimetres; a camera's are x right, y down, z forward.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.data_set import BoxFinder, DataSet, DataSettings, PersonKeypoints, WorkingImage
from ptx.datasets.folder import numbered, pairs_within, test_split
from ptx.datasets.images import Image, Transform, apply_transform, box_around, crop_and_resize, read_image
from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import drop_keypoints, mask_outside
from ptx.pipeline.config import Place, Share
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import Listing

Floats = NDArray[np.float64]

POSES, IMAGES = "hdPose3d_stage1_coco19", "hdImgs"
"""Folders of a sequence."""

JOINTS = (
    "neck", "nose", "", "left_shoulder", "left_elbow", "left_wrist", "left_hip", "left_knee", "left_ankle",
    "right_shoulder", "right_elbow", "right_wrist", "right_hip", "right_knee", "right_ankle",
    "left_eye", "left_ear", "right_eye", "right_ear",
)  # fmt: skip
"""Order of its 19 joints; the third is the middle of the hips, which is none of our keypoints."""

LEAST_CONFIDENCE = 0.1
"""Joints below this were not triangulated."""


class Camera(NamedTuple):
    """One calibrated HD camera."""

    K: Floats
    """(3, 3) px."""
    distortion: Floats
    """(5,) OpenCV's k1, k2, p1, p2, k3."""
    R: Floats
    """(3, 3) from world to camera."""
    t: Floats
    """(3,) cm."""
    size: tuple[int, int]
    """Height, width in px."""


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
    def name(self) -> str:
        """The image's id."""
        return f"{self.sequence}_{self.frame:08d}_{self.body}_{self.camera}"


def read_shot(path: str) -> Shot:
    """The shot of a `Shot.path`."""
    place, body = path.rsplit("#", 1)
    sequence, _, camera, name = place.rsplit("/", 3)
    return Shot(sequence, int(name[-12:-4]), int(body), camera)


class PanopticData(DataSettings):
    """CMU Panoptic Studio: one moment from many sides, with known joints."""

    kind: Literal["panoptic"] = "panoptic"
    root: Place
    """The folder of sequences, as the toolbox downloads them."""
    every: Annotated[int, Field(ge=1)] = 100
    """Use one of so many frames, of 30 a second."""
    cameras: tuple[str, ...] = ()
    """HD cameras that take part, such as 00_03; all where empty."""
    test_fraction: Share = 0.2
    """Share of persons kept for testing."""


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
        return Listing(ids, paths, index.persons, index.splits, pairs_within(index.moments.tolist()), index.digest)

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

    def find(self, index: int, image: Image, transform: Transform) -> PersonKeypoints:
        """Project the joints and map them to working pixels."""
        keypoints, keypoints3d = self.data.joints(read_shot(self.paths[index]))
        keypoints[:, :2] = apply_transform(transform, keypoints[:, :2])
        return PersonKeypoints(mask_outside(keypoints, image.shape[:2]), keypoints3d)


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
        found = sorted(p.parent.name for p in self.root.glob(f"*/{POSES}") if p.is_dir())
        if not found:
            raise PtxError(f"data.root: {self.root} holds no sequence of Panoptic Studio (a folder with {POSES} in it)")
        return found

    @cached_property
    def shots(self) -> list[Shot]:
        """Every person of every frame in every camera that sees them, persons together, then frames.

        Raises:
            PtxError: no frame shows anybody, or a file is damaged.
        """
        found = []
        for sequence in self.sequences:
            names = self._cameras_of(sequence)
            for frame, bodies in self._frames(sequence):
                for body, joints in bodies.items():
                    seen = [name for name in names if self._is_seen(sequence, name, joints)]
                    found += [Shot(sequence, frame, body, name) for name in seen]
        if not found:
            raise PtxError(f"data.root: no frame of {self.root} shows anybody; lower data.every (now {self.every})")
        return sorted(found, key=lambda shot: (shot.sequence, shot.body, shot.frame, shot.camera))

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
        """Changes with the shots."""
        text = repr((self.every, self.cameras, self.test_fraction, [shot.path for shot in self.shots]))
        return hashlib.sha256(text.encode()).hexdigest()

    def joints(self, shot: Shot) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Keypoints (18, 3) in px of the picture, and (18, 4) in metres before the camera: x right, y up, z towards it, the
        middle of the hips at 0; NaN and 0 where there is none."""
        points = _bodies(self.root / shot.sequence / POSES / f"body3DScene_{shot.frame:08d}.json")[shot.body]
        camera = self.camera(shot.sequence, shot.camera)
        return project_joints(points, camera)

    def camera(self, sequence: str, name: str) -> Camera:
        """A calibrated camera."""
        return _calibration(self.root / sequence / f"calibration_{sequence}.json")[name]

    def _cameras_of(self, sequence: str) -> list[str]:
        known = _calibration(self.root / sequence / f"calibration_{sequence}.json")
        if missing := [name for name in self.cameras if name not in known]:
            raise PtxError(f"data.cameras: {sequence} has no HD camera {', '.join(missing)}")
        return list(self.cameras) or sorted(known)

    def _frames(self, sequence: str) -> list[tuple[int, dict[int, Floats]]]:
        files = sorted((self.root / sequence / POSES).glob("body3DScene_*.json"))
        numbered = [(int(path.stem.rsplit("_", 1)[1]), path) for path in files]
        return [(frame, _bodies(path)) for frame, path in numbered if frame % self.every == 0]

    def _is_seen(self, sequence: str, name: str, joints: Floats) -> bool:
        camera = self.camera(sequence, name)
        flat = project_joints(joints, camera)[0]
        height, width = camera.size
        inside = (flat[:, 0] >= 0) & (flat[:, 0] < width) & (flat[:, 1] >= 0) & (flat[:, 1] < height)
        return int(inside.sum()) >= len(KEYPOINTS) // 2


def project_joints(joints: Floats, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keypoints of (18, 4) world joints, cm and confidence, as a camera sees them; as `Panoptic.joints`."""
    there = joints[:, 3] > 0
    world = np.where(there[:, None], joints[:, :3], 0)
    seen = world @ camera.R.T + camera.t
    there &= seen[:, 2] > 1  # before the camera
    flat = cv2.projectPoints(
        np.where(there[:, None], seen, (0, 0, 100.0)), np.zeros(3), np.zeros(3), camera.K, camera.distortion
    )[0]
    hips = [keypoint("left_hip"), keypoint("right_hip")]
    known = [hip for hip in hips if there[hip]] or list(np.flatnonzero(there))
    deep = (seen - (seen[known].mean(0) if known else 0)) * (0.01, -0.01, -0.01)
    pixels = np.concatenate([flat[:, 0], joints[:, 3:].clip(0, 1)], axis=1).astype(np.float32)
    metres = np.concatenate([deep, joints[:, 3:].clip(0, 1)], axis=1).astype(np.float32)
    return drop_keypoints(pixels, ~there), drop_keypoints(metres, ~there)


class _SceneBody(TypedDict):
    """A body of a frame's file."""

    id: int
    joints19: list[float]


@lru_cache(maxsize=64)
def _calibration(path: Path) -> dict[str, Camera]:
    """HD cameras by name.

    Raises:
        PtxError: the file is missing or damaged.
    """
    try:
        found = json.loads(path.read_text())["cameras"]
        return {
            str(one["name"]): Camera(
                np.array(one["K"], np.float64).reshape(3, 3),
                np.array(one["distCoef"], np.float64).reshape(5),
                np.array(one["R"], np.float64).reshape(3, 3),
                np.array(one["t"], np.float64).reshape(3),
                (int(one["resolution"][1]), int(one["resolution"][0])),
            )
            for one in found
            if one["type"] == "hd"
        }
    except OSError as error:
        raise PtxError(f"{path}: the sequence's calibration cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise PtxError(f"{path}: this is no calibration of Panoptic Studio") from None


@lru_cache(maxsize=256)
def _bodies(path: Path) -> dict[int, Floats]:
    """Bodies of a frame: id → (18, 4) joints in cm, confidence, 0 where there is none.

    Raises:
        PtxError: the file is damaged.
    """
    try:
        bodies: list[_SceneBody] = json.loads(path.read_text())["bodies"]
        return {int(one["id"]): _keypoints(one["joints19"]) for one in bodies}
    except (OSError, ValueError, KeyError, TypeError):
        raise PtxError(f"{path}: this is no scene of 19-joint bodies of Panoptic Studio") from None


def _keypoints(joints19: list[float]) -> Floats:
    given = np.array(joints19, np.float64).reshape(19, 4)
    out = np.zeros((len(KEYPOINTS), 4))
    for name, joint in zip(JOINTS, given, strict=True):
        if name and joint[3] >= LEAST_CONFIDENCE and np.isfinite(joint).all():
            out[keypoint(name)] = joint
    return out
