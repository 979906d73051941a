"""`ptx run fit-smpl`: the body of every image, fitted to its keypoints or read from files of another tool."""

from __future__ import annotations

from typing import Any, Literal

from ptx.pipeline.stage import ArraySpec, Block, Result, Stage
from ptx.stages.backends.bodies import body_dependency
from ptx.stages.backends.data_sets import stamp
from ptx.stages.backends.fits import FitSource, fit_source

ARRAYS = ("pose", "betas", "camera", "residual", "energy")


class FitSmpl(Stage):
    """Robust reprojection with pose, joint-limit and shape priors, by damped Gauss-Newton from several starts; or files."""

    name = "fit-smpl"
    store = "fit"
    version = 1
    over: Literal["images", "pairs"] = "images"
    inputs = ("keypoints.keypoints", "keypoints.keypoints3d")
    settings = ("size", "body", "fit_smpl")
    cost = 0.008

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The body model's content, and the state of the files that bodies are read from."""
        chosen = settings.fit_smpl
        read = chosen.backend == "files" and chosen.path is not None
        return body_dependency(settings) | ({"fit files": stamp(chosen.path, ".npz", ".pkl")} if read else {})

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:  # noqa: ARG002
        """pose (24, 3) rad; betas (10,); camera (3,) px per m, px, px; residual (18,) px, NaN = no keypoint; energy, 0 of files."""
        return {
            "pose": ArraySpec((24, 3), "f4", low=-10, high=10, attributes={"units": "rad"}),
            "betas": ArraySpec((10,), "f4", low=-20, high=20),
            "camera": ArraySpec((3,), "f4", attributes={"units": "px/m, px, px"}),
            "residual": ArraySpec((18,), "f4", low=0, nan=True, attributes={"units": "px"}),
            "energy": ArraySpec((), "f4", low=0),
        }

    def open(self, settings: Any) -> FitSource:
        """The backend."""
        return fit_source(settings)

    def process(self, block: Block, settings: Any, state: FitSource) -> Result:  # noqa: ARG002
        """The whole block; what diverged, contradicts the keypoints or no body is like is a problem."""
        done = state.fit(block)
        return Result({name: getattr(done, name).astype("f4") for name in ARRAYS}, done.problems)
