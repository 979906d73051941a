"""Backends of fitted bodies: our fitter, or files of another tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.datasets.fit_files import FLIP_YZ, FileFit, FitFolder
from ptx.datasets.images import apply_transform
from ptx.geometry.body import Body
from ptx.geometry.camera import place_camera, project
from ptx.geometry.detected_landmarks import observe_landmarks
from ptx.geometry.fitting import Fit, FitOptions, check_fit, fit
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.skinning import joint_transforms, pose_keypoints
from ptx.pipeline.errors import BadSample, Problem
from ptx.pipeline.stage import Block
from ptx.pipeline.storage.store import Store
from ptx.stages.backends.bodies import open_checked_body


class FitSource(Protocol):
    """Gives every image its body."""

    def fit(self, block: Block) -> tuple[Fit, dict[int, Problem]]:
        """Return the bodies of a block of images, and why rows of it cannot be used."""
        ...


def problems_of(fitted: Fit) -> dict[int, Problem]:
    """Row → why its fit cannot be used, as stages report it."""
    return {row: Problem(issue.code, issue.text) for row, issue in fitted.problems.items()}


def open_fits(
    body: str,
    data: DataSet[DataSettings],
    options: FitOptions,
    *,
    files: Path | None,
    use_3d: bool,
    points: tuple[str, ...],
) -> FitSource:
    """Open the backend of fitted bodies.

    Args:
        body: the setting `body`.
        data: the data set.
        options: of the fitter, and the limits of a plausible fit.
        files: folder of the bodies that another tool fitted; None: fit them to keypoints.
        use_3d: fit 3D keypoints too.
        points: names of the arrays of store `keypoints` that are there.

    Raises:
        PtxError: there is no body model, or none that smplx poses alike; or there is no such folder.
    """
    model = open_checked_body(body)
    size = data.context.size
    if files is None:
        return KeypointFits(model, size, options, use_3d, points)
    ingest = Store(data.context.workspace, "ingest")
    return FileFits(model, size, options, FitFolder(files, data.paths), data.paths, ingest)


def landmarks_of(block: Block, points: tuple[str, ...], size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Return the landmarks (n, 12, 3) of a block (`observe_landmarks`); None where the detector's points are not there.

    Args:
        block: with arrays of store `keypoints`.
        points: their names.
        size: (H, W) of the pictures, px.
    """
    landmarks, face, hands = (
        block.array(f"keypoints.{name}", np.float32) if name in points else None
        for name in ("landmarks", "face", "hands")
    )
    return None if landmarks is None else observe_landmarks(landmarks, face, hands, size)


@dataclass(frozen=True)
class KeypointFits:
    """Bodies fitted to the keypoints here."""

    body: Body
    size: tuple[int, int]
    options: FitOptions
    use_3d: bool
    points: tuple[str, ...]
    """Names of the arrays of store `keypoints` that are there."""

    def fit(self, block: Block) -> tuple[Fit, dict[int, Problem]]:
        """Fit the bodies of a block."""
        keypoints = block.array("keypoints.keypoints", np.float32)
        keypoints3d = block.array("keypoints.keypoints3d", np.float32) if self.use_3d else None
        landmarks = landmarks_of(block, self.points, self.size)
        fitted = fit(self.body, keypoints, keypoints3d, self.size, self.options, landmarks)
        return fitted, problems_of(fitted)


@dataclass(frozen=True)
class FileFits:
    """Bodies that another tool fitted to the original pictures; of several in a file the one nearest to the keypoints.

    Their cameras are perspective, ours is the weak-perspective one that comes closest to theirs on the visible keypoints of the
    body; where the file has no camera, closest to the keypoints themselves.
    """

    body: Body
    size: tuple[int, int]
    options: FitOptions
    files: FitFolder
    paths: list[str]
    ingest: Store

    def fit(self, block: Block) -> tuple[Fit, dict[int, Problem]]:
        """Read the bodies of a block, project them into the working pictures, check them by the keypoints."""
        keypoints = block.array("keypoints.keypoints", np.float32)
        pose = np.zeros((len(block), 24, 3), np.float32)
        betas = np.zeros((len(block), 10), np.float32)
        camera = np.zeros((len(block), 3), np.float32)
        missing: dict[int, Problem] = {}
        transforms = self.ingest.read("transform", block.index, np.float32)
        sizes = self.ingest.read("original", block.index, np.int32)
        for i, index in enumerate(block.index):
            try:
                candidates = self.files.lookup(self.paths[int(index)])
            except BadSample as error:
                missing[i] = error.problem
                continue
            placed = [self._camera(one, transforms[i], sizes[i], keypoints[i]) for one in candidates]
            best = int(np.argmin([distance for distance, _ in placed]))
            pose[i] = candidates[best].pose
            betas[i] = candidates[best].betas
            camera[i] = placed[best][1]
        checked = check_fit(self.body, pose, betas, camera, keypoints, self.size, self.options)
        return checked, problems_of(checked) | missing

    def _camera(
        self, fitted: FileFit, transform: NDArray[np.float32], size: NDArray[np.int32], keypoints: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the median distance (px) of a body to the keypoints, and its camera in the working picture."""
        pose = fitted.pose[None]
        betas = fitted.betas
        points = pose_keypoints(self.body, pose, betas)[0].astype(np.float64)
        valid = valid_keypoints(keypoints)
        if fitted.camera is None:
            camera = place_camera(points, keypoints[:, :2], valid.astype(np.float64))
        else:
            root = joint_transforms(self.body, pose, betas)[1][0, 0]  # SMPL turns about its root joint
            theirs = (points - root) @ FLIP_YZ + root
            pixels = apply_transform(transform, fitted.camera.project(theirs, (int(size[0]), int(size[1]))))
            camera = place_camera(points, pixels, valid.astype(np.float64))
        distance = np.linalg.norm(project(camera, points)[valid, :2] - keypoints[valid, :2], axis=1)
        return float(np.median(distance)), camera
