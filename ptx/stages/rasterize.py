"""`ptx run rasterize`: the fitted bodies, drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np

from ptx.geometry.quantization import BARY_STEP
from ptx.pipeline.config import Section
from ptx.pipeline.errors import Problem, PtxError
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result
from ptx.stages.backends.bodies import FIT, BodyStage, open_body, posed_points

FAST = Codec("lz4", 1)


class RasterizeSettings(Section):
    """Drawing the fitted body."""

    backend: Literal["builtin", "pytorch3d"] = "builtin"
    """builtin: ours; pytorch3d: that package's, where it is installed. The same faces but for rounding, far slower."""


def part_spec(size: tuple[int, int]) -> ArraySpec:
    """Body parts (H, W): 0 background, 1 head, 2 torso, 3 left arm, 4 right arm, 5 left leg, 6 right leg."""
    return ArraySpec(size, "u1", high=6, codec=FAST)


@dataclass(frozen=True)
class Rasterize(BodyStage[RasterizeSettings]):
    """Draw the fitted body of every image into maps of faces, barycentric weights and parts."""

    name = "rasterize"
    store = "surface"
    section = "rasterize"
    inputs = FIT
    cost = 0.004

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """face (H, W), -1 = none; bary (H, W, 2) weights of the face's vertices 0 and 1; part (H, W)."""
        height, width = self.size
        return {
            "face": ArraySpec((height, width), "i4", fill=-1, low=-1, codec=FAST),
            "bary": ArraySpec((height, width, 2), "u2", codec=FAST, attributes={"scale_factor": BARY_STEP}),
            "part": part_spec(self.size),
        }

    def open(self) -> Process:
        """Load the body model and the rasteriser.

        Raises:
            PtxError: the backend is not installed.
        """
        from ptx.geometry.pytorch3d_rasterizer import INSTALL, rasterize_pytorch3d
        from ptx.geometry.rasterizer import rasterize
        from ptx.geometry.surface import pack_surface

        if self.settings.backend == "pytorch3d" and find_spec("pytorch3d") is None:
            raise PtxError(f"rasterize.backend: {INSTALL}")
        body = open_body(self.body)
        height, width = self.size

        def process(block: Block) -> Result:
            count = len(block)
            face = np.empty((count, height, width), np.int32)
            bary = np.empty((count, height, width, 2), np.uint16)
            part = np.empty((count, height, width), np.uint8)
            weights = np.empty((height, width, 2), np.float32)
            depth = np.empty((height, width), np.float32)
            problems: dict[int, Problem] = {}
            for i, points in enumerate(posed_points(body, block)):
                if self.settings.backend == "pytorch3d":
                    face[i], weights, _ = rasterize_pytorch3d(points, body.faces, height, width)
                else:
                    rasterize(points, body.faces, height, width, (face[i], weights, depth))
                if not pack_surface(face[i], weights, body.face_part, bary[i], part[i]):
                    problems[i] = Problem("outside", "the fitted body covers no pixel of the picture")
            return Result({"face": face, "bary": bary, "part": part}, problems)

        return process
