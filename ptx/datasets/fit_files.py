"""Bodies that other tools fitted to pictures: files of HMR, 4D-Humans and SMPLify-X, .npz or .pkl, one a picture.

Their cameras look along z with y down; SMPL stands in them at `place`, upside down by its own root rotation. Names that are read:

    pose      theta (85: camera, pose, shape; HMR), or global_orient and body_pose, rotation matrices or axis-angle, with betas;
              also inside pred_smpl_params (4D-Humans)
    camera    proc_param with scale, start_pt, img_size beside theta (HMR)
              pred_cam_t_full, cam_t or camera_translation (SMPLify-X): in the whole picture; scaled_focal_length or
              focal_length in px, camera_center in px
              pred_cam or pred_cam_t, with box_center, box_size: in a square crop (4D-Humans)

Kanazawa et al., "End-to-end Recovery of Human Shape and Pose", CVPR 2018; Goel et al., "Humans in 4D", ICCV 2023; Pavlakos et
al., "Expressive Body Capture", CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.keypoint_files import words
from ptx.datasets.named_files import NamedFiles
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.geometry.smpl_pickle import load_pickle, numbers
from ptx.pipeline.errors import PtxError

Floats = NDArray[np.float64]

ENDINGS = (".npz", ".pkl", "_0.npz", "_0.pkl", "/000.pkl")
"""What follows a picture's name: its file, 4D-Humans' first person, SMPLify-X's first person."""

MOST_BYTES = 64_000_000
"""A file that is larger than this, packed or unpacked, is not read."""

UPRIGHT = np.diag([1.0, -1.0, -1.0])
"""Their frame (y down, z forward) to ours (y up, z towards the viewer), and back."""

SHARE = 5000 / 256
"""Focal length over the longer side of the picture, or the side of the crop, where a file names none: as 4D-Humans has it."""

HMR_FOCAL = 500.0
"""px of HMR's crop."""

SMPLIFYX_FOCAL = 5000.0
"""px; SMPLify-X does not write it down unless told to."""


class NoFit(ValueError):
    """An image without a usable fit; the message is "code: words"."""


@dataclass(frozen=True)
class Pinhole:
    """A camera of the original picture."""

    place: Floats
    """(3,) metres from the camera to the body's origin."""
    focal: float | None = None
    """px; None: `SHARE` of the longer side."""
    centre: Floats | None = None
    """(2,) px; None: the picture's middle."""

    def project(self, points: Floats, size: tuple[int, int]) -> Floats:
        """Pixels (K, 2) of points (K, 3), metres in the tool's frame, in a picture of (height, width)."""
        focal = SHARE * max(size) if self.focal is None else self.focal
        centre = (size[1] / 2, size[0] / 2) if self.centre is None else self.centre
        seen = points + self.place
        return focal * seen[:, :2] / seen[:, 2:] + centre


@dataclass(frozen=True)
class FileFit:
    """One body of a file."""

    pose: Floats
    """(24, 3) axis-angle, radians, in our frame: the root is turned upright."""
    betas: Floats
    """(10,)."""
    camera: Pinhole | None
    """None: the file has none, or one of another body's origin (SMPL-X)."""


@dataclass(frozen=True)
class FitFolder:
    """A folder of fits, one file a picture (`NamedFiles`), with `ENDINGS`."""

    folder: Path
    paths: Sequence[str]
    """All pictures of the data set."""

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise PtxError(f"fit_smpl.path: {self.folder} is no folder; name the one that holds the fits")

    @cached_property
    def _files(self) -> NamedFiles:
        return NamedFiles(self.folder, self.paths, ENDINGS)

    def lookup(self, path: str) -> list[FileFit]:
        """The bodies of a picture, at least one.

        Raises:
            NoFit: "missing_fit" or "bad_fit_file".
        """
        try:
            file = self._files.of(path)
        except FileNotFoundError as error:
            raise NoFit(f"missing_fit: {error}") from None
        return read_fits(file)


def read_fits(file: Path) -> list[FileFit]:
    """The bodies of one file; a pickle is read without running anything in it.

    Raises:
        NoFit: "bad_fit_file".
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        values = _read_npz(file) if file.suffix == ".npz" else load_pickle(file)
        for name in ("pred_smpl_params", "smpl_params"):
            values = {**values, **values.get(name, {})}
        fits = _hmr(values) if "theta" in values else _smpl(values)
        if not all(np.isfinite(array).all() for fit in fits for array in (fit.pose, fit.betas)) or not fits:
            raise ValueError("its numbers are not finite")
        return fits
    except Exception as error:  # a damaged file can raise anything
        raise NoFit(f"bad_fit_file: {file.name}: {words(error)}") from None


def _read_npz(file: Path) -> dict[str, Any]:
    with np.load(file, allow_pickle=False) as arrays:
        if sum(member.file_size for member in arrays.zip.infolist()) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes when unpacked")
        return {name: arrays[name] for name in arrays.files}


def _hmr(values: dict[str, Any]) -> list[FileFit]:
    """HMR's vector and how its crop was cut: the picture times `scale`, `img_size` px about `start_pt`."""
    fits = []
    for theta in _table(values, "theta", 85):
        camera, pose, betas = theta[:3], theta[3:75].reshape(24, 3), theta[75:]
        seen = None
        if "proc_param" in values:
            crop = values["proc_param"]
            scale, side = float(numbers(crop["scale"])), float(numbers(crop["img_size"]))
            away = HMR_FOCAL / (camera[0] * 0.5 * side)
            start = numbers(crop["start_pt"]).reshape(2).astype(np.float64)
            seen = Pinhole(np.array([*camera[1:], away]), HMR_FOCAL / scale, start / scale)
        fits.append(FileFit(_upright(pose), betas, seen))
    return fits


def _smpl(values: dict[str, Any]) -> list[FileFit]:
    """Root, body and shape by smplx's names, as many bodies as there are roots."""
    body, root = (numbers(values[name]).astype(np.float64) for name in ("body_pose", "global_orient"))
    if body.shape[-2:] == (3, 3):
        body, root = (_from_matrices(turns.reshape(-1, 3, 3)) for turns in (body, root))
    root = root.reshape(-1, 3)
    joints = body.reshape(len(root), -1, 3)
    if joints.shape[1] not in (21, 23):
        raise ValueError(f"body_pose turns {joints.shape[1]} joints; SMPL has 23, SMPL-X 21")
    other = joints.shape[1] == 21
    pose = np.zeros((len(root), 24, 3))
    pose[:, 0], pose[:, 1 : 1 + joints.shape[1]] = root, joints
    betas = np.zeros((len(root), 10))
    if not other:  # SMPL-X's shapes are not SMPL's, and its origin lies elsewhere: only the pose carries over
        given = numbers(values["betas"]).reshape(len(root), -1)[:, :10]
        betas[:, : given.shape[1]] = given
    cameras = [None] * len(root) if other else _cameras(values, len(root))
    return [FileFit(_upright(p), b, c) for p, b, c in zip(pose, betas, cameras, strict=True)]


def _cameras(values: dict[str, Any], count: int) -> Sequence[Pinhole | None]:
    """A camera for each body; None where the file has none that can be placed in the picture."""
    if "camera_rotation" in values and not np.allclose(_table(values, "camera_rotation", 9), np.eye(3).ravel()):
        raise ValueError("a camera that is turned is not understood")
    crop = "box_center" in values and "box_size" in values
    whole = next((n for n in ("pred_cam_t_full", "cam_t", "camera_translation") if n in values), None)
    if whole is not None:
        named = [name for name in ("scaled_focal_length", "focal_length") if name in values]
        focal = SMPLIFYX_FOCAL if whole == "camera_translation" else None
        focal = float(numbers(values[named[0]]).flat[0]) if named else focal  # of one picture: the same for all in it
        centre = _table(values, "camera_center", 2)[0] if "camera_center" in values else None
        return [Pinhole(place, focal, centre) for place in _table(values, whole, 3, count)]
    if crop and "pred_cam" in values:
        size, across, down = _table(values, "pred_cam", 3, count).T
        places = np.stack([across, down, 2 * SHARE / size], axis=1)
    elif crop and "pred_cam_t" in values:
        places = _table(values, "pred_cam_t", 3, count)
    else:
        return [None] * count
    sides, centres = _table(values, "box_size", 1, count)[:, 0], _table(values, "box_center", 2, count)
    return [Pinhole(place, SHARE * side, centre) for place, side, centre in zip(places, sides, centres, strict=True)]


def _table(values: dict[str, Any], name: str, width: int, count: int | None = None) -> Floats:
    """A named array as rows (count, width); one row may stand for all."""
    rows = numbers(values[name]).astype(np.float64).reshape(-1, width)
    return rows if count is None else np.broadcast_to(rows, (count, width))


def _from_matrices(turns: Floats) -> Floats:
    """Axis-angle (K, 3) of rotation matrices (K, 3, 3)."""
    if not np.allclose(turns @ turns.swapaxes(1, 2), np.eye(3), atol=1e-2) or (np.linalg.det(turns) < 0).any():
        raise ValueError("its matrices are no rotations")
    return axis_angles(turns)


def _upright(pose: Floats) -> Floats:
    """The pose (24, 3) as seen in our frame."""
    turns = rotation_matrices(pose)
    turns[0] = UPRIGHT @ turns[0]
    return axis_angles(turns)
