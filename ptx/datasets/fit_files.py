"""Read bodies that other tools fitted to images: files of HMR, SPIN, VIBE, PARE, ROMP, 4D-Humans, SMPLify and SMPLify-X,
.npz or .pkl, one an image.

Their cameras look along z with y down. SMPL stands `translation` away from the camera, turned upside down by its own root rotation.
Names that are read:

    pose      theta (85: camera, pose, shape; HMR); or pose (72, or 24 rotation matrices), all of the body with its root (SPIN, VIBE,
              SMPLify), also as smpl_thetas (ROMP) or pred_pose (PARE); or global_orient and body_pose, rotation matrices or axis-angle;
              with betas, smpl_betas or pred_shape; also inside pred_smpl_params (4D-Humans) or results (ROMP)
    camera    proc_param with scale, start_pt, img_size beside theta (HMR)
              pred_cam_t_full, cam_t (SMPLify) or camera_translation (SMPLify-X): in the whole image; scaled_focal_length,
              focal_length or f (SMPLify) in px, camera_center in px
              pred_cam or pred_cam_t, with box_center, box_size: in a square crop (4D-Humans)

Kanazawa et al., "End-to-end Recovery of Human Shape and Pose", CVPR 2018; Goel et al., "Humans in 4D", ICCV 2023; Pavlakos et
al., "Expressive Body Capture", CVPR 2019; Kolotouros et al., "Learning to Reconstruct 3D Human Pose and Shape via Model-fitting in
the Loop", ICCV 2019; Kocabas et al., "VIBE", CVPR 2020; Bogo et al., "Keep it SMPL", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.array_files import Arrays, named, read_arrays, reshaped, rows
from ptx.datasets.fit_cameras import CAMERA_NAMES, HMR_CROP, Pinhole, cameras_of, hmr_camera
from ptx.datasets.foreign_files import Malformed
from ptx.datasets.named_files import NamedFiles
from ptx.geometry.rotation import axis_angles, rotation_matrices
from ptx.pipeline.errors import BadSample, PtxError, one_line

Floats = NDArray[np.float64]

ENDINGS = (".npz", ".pkl", "_0.npz", "_0.pkl", "/000.pkl")
"""Endings after an image's name: its file, 4D-Humans' first person, SMPLify-X's first person."""

MAX_BYTES = 64_000_000
"""Largest file that is read, packed or unpacked, bytes."""

FLIP_YZ = np.diag([1.0, -1.0, -1.0])
"""(3, 3) change between the tools' frame (y down, z forward) and ours (y up, z towards the viewer), in either direction."""

VPOSER_NUMBERS = 32
"""Length of the code of VPoser that SMPLify-X writes as body_pose by default (`use_vposer`); its decoder is a network of its own."""

SMPL_NAMES = ("pose", "global_orient", "body_pose", "betas")
"""Arrays of a body, at the top of a file or inside one of `SMPL_DICTIONARIES`."""

OTHER_NAMES = {"smpl_thetas": "pose", "pred_pose": "pose", "smpl_betas": "betas", "pred_shape": "betas"}
"""Names of ROMP and PARE → those of `SMPL_NAMES`."""

SMPL_DICTIONARIES = ("pred_smpl_params", "smpl_params", "results")
"""Nested dictionaries in which 4D-Humans and its relatives, and ROMP, keep a body."""

NAMES = (
    "theta",
    *HMR_CROP,
    *SMPL_NAMES,
    *OTHER_NAMES,
    *(f"{outer}.{inner}" for outer in SMPL_DICTIONARIES for inner in (*SMPL_NAMES, *OTHER_NAMES)),
    *CAMERA_NAMES,
)
"""Arrays that are read of a file."""


@dataclass(frozen=True)
class FileFit:
    """One body of a file."""

    pose: Floats
    """(24, 3) axis-angle, radians, in our frame: the root is turned upright."""
    betas: Floats
    """(10,) SMPL's shape parameters."""
    camera: Pinhole | None
    """None: the file has none, or one for another origin of the body (SMPL-X)."""

    @property
    def finite(self) -> bool:
        """True if all numbers are finite."""
        body = bool(np.isfinite(self.pose).all() and np.isfinite(self.betas).all())
        return body and (self.camera is None or self.camera.finite)


@dataclass(frozen=True)
class FitFolder:
    """A folder of fits, one file an image (`NamedFiles`), with `ENDINGS`.

    Raises:
        PtxError: there is no such folder.
    """

    folder: Path
    """The folder."""
    paths: Sequence[str]
    """Paths of all images of the data set, relative to its root."""

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise PtxError(f"fit_smpl.path: {self.folder} is no folder; name the one that holds the fits")

    @cached_property
    def _files(self) -> NamedFiles:
        return NamedFiles(self.folder, self.paths, ENDINGS)

    def lookup(self, path: str) -> list[FileFit]:
        """Return the bodies of an image, at least one.

        Raises:
            BadSample: `missing_fit` or `bad_fit_file`.
        """
        try:
            file = self._files.find(path)
        except FileNotFoundError as error:
            raise BadSample("missing_fit", str(error)) from None
        return read_fits(file)


def read_fits(file: Path) -> list[FileFit]:
    """Read the bodies of one file, at least one; a pickle is read without running anything in it.

    Raises:
        BadSample: `bad_fit_file`.
    """
    try:
        arrays = read_arrays(file, NAMES, MAX_BYTES)
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite results of zeros are refused below
            fits = _hmr_fits(arrays) if "theta" in arrays else _smpl_fits(arrays)
        if not fits or not all(fit.finite for fit in fits):
            raise Malformed("its numbers are not finite" if fits else "it holds no body")
    except (OSError, Malformed) as error:
        raise BadSample("bad_fit_file", f"{file.name}: {one_line(error)}") from None
    return fits


def _hmr_fits(arrays: Arrays) -> list[FileFit]:
    """Split HMR's vectors theta (K, 85) into camera, pose and shape."""
    fits = []
    for theta in rows(arrays, "theta", 85):
        pose = theta[3:75].reshape(24, 3)
        camera = hmr_camera(theta[:3], arrays) if any(name in arrays for name in HMR_CROP) else None
        fits.append(FileFit(_upright(pose), theta[75:], camera))
    return fits


def _smpl_fits(arrays: Arrays) -> list[FileFit]:
    """Assemble bodies from root, body pose and shape by smplx's names, as many as there are roots."""
    for outer in SMPL_DICTIONARIES:
        nested = {
            name.removeprefix(f"{outer}."): array for name, array in arrays.items() if name.startswith(f"{outer}.")
        }
        arrays = {**arrays, **nested}
    arrays = {**{now: arrays[name] for name, now in OTHER_NAMES.items() if name in arrays}, **arrays}
    if "pose" in arrays and "body_pose" not in arrays:
        arrays = {**arrays, **_whole_pose(arrays["pose"])}
    if "body_pose" not in arrays:
        raise Malformed("no pose: neither theta, nor pose, nor global_orient and body_pose")
    body = arrays["body_pose"]
    root = named(arrays, "global_orient")
    if body.shape[-2:] == (3, 3):
        body = _from_matrices(body)
        root = _from_matrices(root)
    root = reshaped(root, "global_orient", -1, 3)
    count = len(root)
    if not count:
        return []
    if body.size == count * VPOSER_NUMBERS:
        raise Malformed(
            f"body_pose holds {VPOSER_NUMBERS} numbers of VPoser: decode them, or run SMPLify-X with use_vposer: False"
        )
    joints = reshaped(body, "body_pose", count, -1, 3)
    if joints.shape[1] not in (21, 23):
        raise Malformed(f"body_pose turns {joints.shape[1]} joints; SMPL has 23, SMPL-X 21")
    pose = np.zeros((count, 24, 3))
    pose[:, 0] = root
    pose[:, 1 : 1 + joints.shape[1]] = joints
    betas = np.zeros((count, 10))
    cameras: Sequence[Pinhole | None] = [None] * count
    if joints.shape[1] == 23:  # of SMPL-X only the pose carries over: its shapes are others, its origin lies elsewhere
        given = reshaped(named(arrays, "betas"), "betas", count, -1)[:, :10]
        betas[:, : given.shape[1]] = given
        cameras = cameras_of(arrays, count)
    return [FileFit(_upright(p), b, c) for p, b, c in zip(pose, betas, cameras, strict=True)]


def _whole_pose(pose: Floats) -> Arrays:
    """Split poses of all 24 joints, (K, 72) or matrices (K, 24, 3, 3), into root and body as smplx names them."""
    if pose.shape[-2:] == (3, 3):
        parts = reshaped(pose, "pose", -1, 24, 3, 3)
    else:
        parts = reshaped(pose, "pose", -1, 24, 3)
    return {"global_orient": parts[:, :1], "body_pose": parts[:, 1:]}


def _from_matrices(rotations: Floats) -> Floats:
    """Convert rotation matrices (..., 3, 3) to axis-angle (K, 3)."""
    matrices = reshaped(rotations, "a rotation", -1, 3, 3)
    transposed = matrices.swapaxes(1, 2)
    if not np.allclose(matrices @ transposed, np.eye(3), atol=1e-2) or (np.linalg.det(matrices) < 0).any():
        raise Malformed("its matrices are no rotations")
    return np.asarray(axis_angles(matrices), np.float64)


def _upright(pose: Floats) -> Floats:
    """Turn the root of a pose (24, 3) from the tool's frame to ours."""
    rotations = rotation_matrices(pose)
    rotations[0] = FLIP_YZ @ rotations[0]
    return np.asarray(axis_angles(rotations), np.float64)
