"""`ptx run visibility`: body pixels of the target that the source shows too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.layers.worn import worn_by_both
from ptx.geometry.quantization import decode_bary
from ptx.pipeline.config import Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result
from ptx.stages.backends.bodies import PosedStage


class VisibilitySettings(Section):
    """Visibility of the target's body pixels in the source."""

    rule: Literal["exact", "faces"] = "exact"
    """exact: a ray to the very point that each pixel shows; faces: the paper's rule, a face that owns a pixel in both images."""


def visibility_spec(size: tuple[int, int]) -> ArraySpec:
    """Visibility labels (H, W)."""
    attributes: dict[str, Json] = {
        "flag_values": [VISIBLE, HIDDEN, BACKGROUND],
        "flag_meanings": "visible hidden background",
    }
    return ArraySpec(size, "u1", fill=BACKGROUND, high=BACKGROUND, codec=Codec("zstd", 1), attributes=attributes)


@dataclass(frozen=True)
class Visibility(PosedStage[VisibilitySettings]):
    """Label pixels: 0 visible in the source, 1 on the body but hidden in the source or outside it, 2 background."""

    name = "visibility"
    store = "visibility"
    section = "visibility"
    over = "pairs"
    cost = 0.004

    @property
    def inputs(self) -> tuple[str, ...]:
        """The posed bodies, and what the target's pixels show of them."""
        return (*self.posed, "surface.face", "surface.bary")

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """visibility (H, W) labels 0, 1, 2."""
        return {"visibility": visibility_spec(self.size)}

    def open(self) -> Process:
        """Load the body model."""
        from ptx.geometry.visibility import visible_exact, visible_faces

        drawn = self.drawn_body()

        def process(block: Block) -> Result:
            face = block.array("surface.face", np.int32)
            bary = block.array("surface.bary", np.uint16)
            points = drawn.points(block) if self.settings.rule == "exact" else None
            worn = drawn.worn(block)
            labels = np.empty((len(block), *self.size), np.uint8)
            for i, (target, source) in enumerate(zip(block.target, block.source, strict=True)):
                if points is None:
                    labels[i] = visible_faces(face[target], face[source])
                else:
                    weights, both = decode_bary(bary[target]), worn_by_both(worn[target], worn[source])
                    labels[i] = visible_exact(
                        face[target], weights, points[source], drawn.body.faces, drawn=drawn.faces(both)
                    )
            return Result({"visibility": labels})

        return process
