"""`ptx run fit-smpl`: the body of every image, fitted to its keypoints or read from files of another tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.datasets.file_stamps import named_file_stamps
from ptx.datasets.fit_cameras import FIRST_PIXEL
from ptx.geometry.hands import FINGER_JOINTS
from ptx.pipeline.config import ADDED_LATER, AbsolutePath, Section
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import Json, folder_stamp, former_folder_stamp
from ptx.pipeline.stage import ArraySpec, Block, Process, Result
from ptx.stages.backends.bodies import BodyStage, open_body
from ptx.stages.backends.keypoints import KeypointBackend

FIT_ENDINGS = (".npz", ".pkl")
"""Endings of files of fits."""

FINGERS = "fitted fingers"
"""Name of the dependency that is the digest of the body's fingers; stores in which none are fitted do not have it."""

LYING = "lying people"
"""Name of the dependency that says how people are fitted who do not stand upright; stores before 0.2 do not have it."""

AT_ORIGIN = 0.005
"""Metres from the origin up to which a body's pelvis in rest counts as there; SMPL's is 22 cm away."""


class FitSettings(Section):
    """The body of every image."""

    backend: Annotated[Literal["keypoints", "files"], ADDED_LATER] = "keypoints"
    """keypoints: fitted to them; files: as another tool fitted it (HMR, 4D-Humans, SMPLify-X), for which `body` should be
    SMPL's own."""
    path: AbsolutePath | None = None
    """Folder of those files, .npz or .pkl, named as the photographs."""
    use_3d: bool = True
    """Fit 3D keypoints too where they are present."""
    iterations: Annotated[int, Field(ge=1, le=1000)] = 30
    """Gauss-Newton steps of the best start, at most."""
    max_residual: Annotated[float, Field(gt=0)] = 0.04
    """A fit is quarantined when its median distance to the keypoints exceeds this share of the person's size in the picture."""
    max_energy: Annotated[float, Field(gt=0)] = 6.0
    """And when its energy for each keypoint exceeds this: the keypoints contradict each other, or no one stands so."""

    def check(self, data: DataSet[DataSettings]) -> None:
        """Refuse a backend that does not go with the data set, lacks the folder of its files, or has one and reads none.

        Raises:
            PtxError: so it is.
        """
        if self.backend == "keypoints":
            if self.path is not None:
                raise PtxError(
                    "fit_smpl.path: is read by backend files only; leave it out, or set fit_smpl.backend: files"
                )
        elif self.path is None:
            raise PtxError("fit_smpl.path: backend files needs the folder of the fits")
        elif data.root is None:
            raise PtxError("fit_smpl.backend: files are for photographs; synthetic people are fitted from keypoints")


@dataclass(frozen=True)
class FitSmpl(BodyStage[FitSettings]):
    """Fit SMPL's pose, shape and camera to the keypoints of every person, or read fits of another tool.

    Robust reprojection with priors of pose, joint limits and shape, minimised by damped Gauss-Newton from several starts.
    """

    data: DataSet[DataSettings]
    keypoints: KeypointBackend

    name = "fit-smpl"
    store = "fit"
    section = "fit_smpl"
    file_dependencies = ("fit files",)
    cost = 0.008

    @property
    def inputs(self) -> tuple[str, ...]:
        """Keypoints, and all other points that the detector finds."""
        return tuple(f"keypoints.{name}" for name in self.points)

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the arrays of points; of another tool's bodies only those that they are checked by, and hands for their fingers."""
        if self.files is None:
            return self.keypoints.point_arrays
        return (*self.keypoints.point_arrays[:2], *(("hands",) if self.fingers else ()))

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The digests of the body and of its fingers, if they are fitted.

        Of files their state and how their cameras are read; of fits how lying people are fitted, and to which points beside keypoints.
        """
        own: dict[str, Json]
        if self.files:
            own = {"fit files": folder_stamp(self.files, *FIT_ENDINGS), "first pixel of fit files": FIRST_PIXEL}
        else:
            own = {LYING: self._lying, **({"landmarks": list(self.points[2:])} if self.points[2:] else {})}
        fingers = open_body(self.body).hands if self.fingers else None
        return {**super().dependencies, **own, **({} if fingers is None else {FINGERS: fingers.digest})}

    @property
    def _lying(self) -> str:
        """How lying people are fitted: where the body's pelvis is not at the origin, cameras were wrong before they turned about it."""
        pelvis = float(np.abs(open_body(self.body).joint_template[0]).max())
        return "along their bodies" if pelvis < AT_ORIGIN else "along their bodies, about the pelvis"

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """The files' stamp by number and newest time; nothing of lying people."""
        return {"fit files": former_folder_stamp(self.files, *FIT_ENDINGS)} if self.files else {LYING: None}

    def stamps(self, paths: Sequence[str]) -> NDArray[np.int64] | None:
        """Look at the files of fits."""
        from ptx.datasets.fit_files import ENDINGS

        return named_file_stamps(self.files, paths, ENDINGS) if self.files and self.files.is_dir() else None

    def note(self, noted: Mapping[str, Json]) -> str | None:
        """Tell how to have lying people fitted anew."""
        if self.files is not None or LYING in noted:
            return None
        return (
            "bodies were fitted by an earlier ptx, which took people who lie, hang or stand on their heads for upright ones: "
            "where there are some, `ptx run fit-smpl --force` fits all again"
        )

    @property
    def files(self) -> Path | None:
        """Folder of the files that bodies are read from, if they are."""
        return self.settings.path if self.settings.backend == "files" else None

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """pose (24, 3) rad; betas (10,); camera (3,) px per m, px, px; residual (18,) px, NaN = no keypoint; energy, 0 of files.

        Where fingers are fitted also hands_pose (30, 3) rad, relaxed where a hand was not found.
        """
        out = {
            "pose": ArraySpec((24, 3), "f4", low=-10, high=10, attributes={"units": "rad"}),
            "betas": ArraySpec((10,), "f4", low=-20, high=20),
            "camera": ArraySpec((3,), "f4", attributes={"units": "px/m, px, px"}),
            "residual": ArraySpec((18,), "f4", low=0, nan=True, attributes={"units": "px"}),
            "energy": ArraySpec((), "f4", low=0),
        }
        if self.fingers:
            out["hands_pose"] = ArraySpec((FINGER_JOINTS, 3), "f4", low=-10, high=10, attributes={"units": "rad"})
        return out

    def open(self) -> Process:
        """Open the backend: the fitter, or the files."""
        from ptx.geometry.fitting import FitOptions
        from ptx.geometry.fitting.hands import fit_hands
        from ptx.stages.backends.fits import open_fits

        chosen = self.settings
        options = FitOptions(
            iterations=chosen.iterations, max_residual=chosen.max_residual, max_energy=chosen.max_energy
        )
        chosen.check(self.data)
        body, fingers = open_body(self.body), self.fingers
        source = open_fits(self.body, self.data, options, files=self.files, use_3d=chosen.use_3d, points=self.points)

        def process(block: Block) -> Result:
            fit, problems = source.fit(block)
            arrays = {
                "pose": fit.pose.astype("f4"),
                "betas": fit.betas.astype("f4"),
                "camera": fit.camera.astype("f4"),
                "residual": fit.residual.astype("f4"),
                "energy": fit.energy.astype("f4"),
            }
            if fingers:
                hands = block.array("keypoints.hands", np.float32)
                found = fit_hands(body, fit.pose, fit.betas, fit.camera, hands, keep_wrists=self.files is not None)
                arrays |= {"pose": found.pose, "hands_pose": found.hands_pose}
            return Result(arrays, problems)

        return process
