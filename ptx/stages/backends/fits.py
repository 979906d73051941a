"""Where fitted bodies come from, behind one face each, chosen by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.fit_files import UPRIGHT, FileFit, FitFolder
from ptx.datasets.images import apply_transform
from ptx.geometry.body import Body
from ptx.geometry.camera import place_camera, project
from ptx.geometry.fitting import Fit, FitOptions, fit, judge
from ptx.geometry.keypoints import valid_keypoints
from ptx.geometry.skinning import joint_transforms, pose_keypoints
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import Block
from ptx.pipeline.storage.store import Store
from ptx.stages.backends.bodies import open_body
from ptx.stages.backends.data_sets import ingested_paths


class FitSource(Protocol):
    """Gives every image its body."""

    def fit(self, block: Block) -> Fit:
        """Bodies of a block of images, and the rows that cannot be used."""
        ...


def fit_source(settings: Any) -> FitSource:
    """The backend that the settings name.

    Raises:
        PtxError: there is no body model, or the backend's files are not there or not for this data set.
    """
    chosen, body, size = settings.fit_smpl, open_body(settings), tuple(settings.size)
    options = FitOptions(iterations=chosen.iterations, max_residual=chosen.max_residual, max_energy=chosen.max_energy)
    if chosen.backend == "keypoints":
        return FittedHere(body, size, options, chosen.use_3d)
    if chosen.path is None:
        raise PtxError("fit_smpl.path: backend files needs the folder of the fits")
    if settings.data.kind == "people":
        raise PtxError("fit_smpl.backend: files are for photographs; synthetic people are fitted from keypoints")
    paths = ingested_paths(settings)
    return FittedElsewhere(
        body, size, options, FitFolder(chosen.path, paths), paths, Store(settings.workspace, "ingest")
    )


@dataclass(frozen=True)
class FittedHere:
    """Bodies fitted to the keypoints."""

    body: Body
    size: tuple[int, int]
    options: FitOptions
    use_3d: bool

    def fit(self, block: Block) -> Fit:
        """Fit."""
        keypoints3d = block["keypoints.keypoints3d"] if self.use_3d else None
        return fit(self.body, block["keypoints.keypoints"], keypoints3d, self.size, self.options)


@dataclass(frozen=True)
class FittedElsewhere:
    """Bodies that another tool fitted to the original pictures; of several in a file the one nearest to the keypoints.

    Their cameras are perspective, ours is the weak-perspective one that comes closest to theirs on those keypoints of the body
    which are seen; where the file has no camera, closest to the keypoints themselves.
    """

    body: Body
    size: tuple[int, int]
    options: FitOptions
    files: FitFolder
    paths: list[str]
    ingest: Store

    def fit(self, block: Block) -> Fit:
        """Read, place in the working picture, judge by the keypoints."""
        n, seen = len(block), block["keypoints.keypoints"]
        pose, betas, camera = (np.zeros((n, *shape), np.float32) for shape in ((24, 3), (10,), (3,)))
        missing: dict[int, str] = {}
        transforms, sizes = (self.ingest.read(name, block.index) for name in ("transform", "original"))
        for i, index in enumerate(block.index):
            try:
                found = self.files.lookup(self.paths[int(index)])
            except ValueError as error:  # "code: words"
                missing[i] = str(error)
                continue
            placed = [self._place(one, transforms[i], sizes[i], seen[i]) for one in found]
            best = int(np.argmin([off for off, *_ in placed]))
            pose[i], betas[i], camera[i] = found[best].pose, found[best].betas, placed[best][1]
        done = judge(self.body, pose, betas, camera, seen, self.size, self.options)
        done.problems.update(missing)
        return done

    def _place(
        self, found: FileFit, transform: NDArray[np.float32], size: NDArray[np.int32], seen: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float64]]:
        """How far (px, median) a body is from the keypoints, and its camera in the working picture."""
        pose, betas = found.pose[None], found.betas
        points = pose_keypoints(self.body, pose, betas)[0].astype(np.float64)
        there = valid_keypoints(seen)
        if found.camera is None:
            camera = place_camera(points, seen[:, :2], there)
        else:
            root = joint_transforms(self.body, pose, betas)[1][0, 0]  # SMPL turns about its root joint
            theirs = (points - root) @ UPRIGHT + root
            pixels = apply_transform(transform, found.camera.project(theirs, (int(size[0]), int(size[1]))))
            camera = place_camera(points, pixels, there)
        off = np.linalg.norm(project(camera, points)[there, :2] - seen[there, :2], axis=1)
        return float(np.median(off)), camera
