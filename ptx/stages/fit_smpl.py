"""`ptx run fit-smpl`: the body of every image, fitted to its keypoints."""

from __future__ import annotations

from typing import Any, Literal

from ptx.geometry.body import Body
from ptx.geometry.fitting import FitOptions, fit
from ptx.pipeline.stage import ArraySpec, Block, Result, Stage
from ptx.stages.bodies import body_dependency, open_body


class FitSmpl(Stage):
    """Robust reprojection with pose, joint-limit and shape priors, by damped Gauss-Newton from several starts."""

    name = "fit-smpl"
    store = "fit"
    version = 1
    over: Literal["images", "pairs"] = "images"
    inputs = ("keypoints.keypoints", "keypoints.keypoints3d")
    settings = ("size", "body", "fit_smpl")
    cost = 0.008

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The body model's content."""
        return body_dependency(settings)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:  # noqa: ARG002
        """pose (24, 3) rad; betas (10,); camera (3,) px per m, px, px; residual (18,) px, NaN = no keypoint; energy."""
        return {
            "pose": ArraySpec((24, 3), "f4", low=-10, high=10, attributes={"units": "rad"}),
            "betas": ArraySpec((10,), "f4", low=-20, high=20),
            "camera": ArraySpec((3,), "f4", attributes={"units": "px/m, px, px"}),
            "residual": ArraySpec((18,), "f4", low=0, nan=True, attributes={"units": "px"}),
            "energy": ArraySpec((), "f4", low=0),
        }

    def open(self, settings: Any) -> Body:
        """The body model."""
        return open_body(settings)

    def process(self, block: Block, settings: Any, state: Body) -> Result:
        """Fit the whole block; diverged and implausible fits are problems."""
        chosen = settings.fit_smpl
        options = FitOptions(
            iterations=chosen.iterations, max_residual=chosen.max_residual, max_energy=chosen.max_energy
        )
        keypoints3d = block["keypoints.keypoints3d"] if chosen.use_3d else None
        done = fit(state, block["keypoints.keypoints"], keypoints3d, settings.size, options)
        arrays = {name: getattr(done, name).astype("f4") for name in ("pose", "betas", "camera", "residual", "energy")}
        return Result(arrays, done.problems)
