"""`ptx run rasterize`: which face of the fitted body each pixel shows, and where on it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.pytorch3d_rasterizer import INSTALL, rasterize_pytorch3d
from ptx.geometry.rasterizer import rasterize
from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import ArraySpec, Block, Codec, Result, Stage
from ptx.stages.backends.bodies import BARY_STEP, FIT, body_dependency, open_body, pack_surface, posed_points

FAST = Codec("lz4", 1)


class Rasterize(Stage):
    """Draw the fitted body of every image into face, barycentric and part maps."""

    name = "rasterize"
    store = "surface"
    version = 1
    over: Literal["images", "pairs"] = "images"
    inputs = FIT
    settings = ("size", "body", "rasterize")
    cost = 0.004

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The body model's content."""
        return body_dependency(settings)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """face (H, W), -1 = none; bary (H, W, 2) weights of the face's vertices 0 and 1; part (H, W)."""
        h, w = settings.size
        return {
            "face": ArraySpec((h, w), "i4", fill=-1, low=-1, codec=FAST),
            "bary": ArraySpec((h, w, 2), "u2", codec=FAST, attributes={"scale_factor": BARY_STEP}),
            "part": ArraySpec((h, w), "u1", high=6, codec=FAST),
        }

    def open(self, settings: Any) -> Body:
        """The body model."""
        if settings.rasterize.backend == "pytorch3d" and find_spec("pytorch3d") is None:
            raise PtxError(f"rasterize.backend: {INSTALL}")
        return open_body(settings)

    def process(self, block: Block, settings: Any, state: Body) -> Result:
        """Pose, project, draw; a body that falls on no pixel is a problem."""
        h, w = settings.size
        n = len(block)
        face = np.empty((n, h, w), np.int32)
        bary = np.empty((n, h, w, 2), np.uint16)
        part = np.empty((n, h, w), np.uint8)
        weights, depth = np.empty((h, w, 2), np.float32), np.empty((h, w), np.float32)
        problems = {}
        for i, points in enumerate(posed_points(state, block)):
            if settings.rasterize.backend == "pytorch3d":
                face[i], weights, _ = rasterize_pytorch3d(points, state.faces, h, w)
            else:
                rasterize(points, state.faces, h, w, (face[i], weights, depth))
            if not pack_surface(face[i], weights, state.face_part, bary[i], part[i]):
                problems[i] = "outside: the fitted body covers no pixel of the picture"
        return Result({"face": face, "bary": bary, "part": part}, problems)
