"""`ptx run draw-surface`: the source of every directed pair, its surface completed, drawn in the target's pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result
from ptx.stages.backends.bodies import DRESSED, FIT, PosedStage, hands_pose, open_body

KEPT_SOURCES = 16
"""Sources whose filled surface, of some MB, is kept: those of a person or two, whose pairs are neighbours."""


@dataclass(frozen=True)
class DrawSurface(PosedStage[Section]):
    """Fill the surface of every pair's source and draw it in the pose that is fitted to the target's keypoints."""

    wanted: bool
    """Whether a training reads it (`train_generator.surface`)."""
    face: bool
    """Whether the points of faces are stored beside the keypoints."""

    name = "draw-surface"
    version = 3
    store = "drawn"
    section = ""
    over = "pairs"
    cost = 0.1
    switch = "train_generator.surface: true"

    @property
    def applies(self) -> bool:
        """False where no training reads it."""
        return self.wanted

    @property
    def depends_on(self) -> Mapping[str, Json | Section]:
        """Resolution and body; it has no section of its own."""
        return {"size": list(self.size), "body": self.body}

    @property
    def dependencies(self) -> Mapping[str, Json]:
        """The body model's digest."""
        return {"body model": open_body(self.body).digest}

    @property
    def former_dependencies(self) -> Mapping[str, Json]:
        """None: the stage is new."""
        return {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Pictures, masks, fitted and dressed bodies, keypoints; points of faces where there are any."""
        points = ("keypoints.keypoints", *(("keypoints.face",) if self.face else ()))
        return ("ingest.image", "silhouette.mask", *self.fit, *DRESSED, *points)

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """drawn (H, W, 4): red, green, blue, and how much of the pixel is the person's, 0 to 255."""
        return {"drawn": ArraySpec((*self.size, 4), "u1", codec=Codec("zstd", 1))}

    def open(self) -> Process:
        """Load the body model."""
        from ptx.geometry.dressing.sheets import wear_stored
        from ptx.geometry.viewpoint import FittedBody
        from ptx.surface.source import MaskedPhotograph
        from ptx.surface.store import SurfaceStore
        from ptx.surface.transfer import fill, transfer

        body = open_body(self.body)

        def process(block: Block) -> Result:
            image, mask = block.array("ingest.image", np.uint8), block.array("silhouette.mask", np.uint8)
            keypoints = block.array("keypoints.keypoints", np.float32)
            face = block.array("keypoints.face", np.float32) if self.face else None
            fit, dressed = ([block.array(name, np.float32) for name in names] for names in (FIT, DRESSED[:3]))
            heights, sheets = (block.array(name, np.int16) for name in DRESSED[3:])
            fingers = hands_pose(block)

            def hands(i: int) -> NDArray[np.float32] | None:
                return None if fingers is None else fingers[i]

            @lru_cache(maxsize=KEPT_SOURCES)
            def filled(i: int) -> SurfaceStore:
                share = np.asarray(mask[i] / np.float32(255), np.float32)
                photograph = MaskedPhotograph(image[i], share, None if face is None else face[i])
                pose, betas, camera = (values[i] for values in dressed)
                bare = FittedBody(body, pose, betas, camera, self.size, hands(i))
                return fill(photograph, wear_stored(bare, heights[i], sheets[i]))

            drawn = np.empty((len(block), *self.size, 4), np.uint8)
            for row, target, source in zip(drawn, block.target.tolist(), block.source.tolist(), strict=True):
                pose, betas, camera = (values[target] for values in fit)
                wanted = FittedBody(body, pose, betas, camera, self.size, hands(target))
                rendering = transfer(filled(source), wanted, keypoints[target])
                row[..., :3] = rendering.colour
                row[..., 3] = np.rint(255 * rendering.alpha)
            return Result({"drawn": drawn})

        return process
