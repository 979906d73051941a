"""`ptx run visibility`: which body pixels of the target the source shows too."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.visibility import visible_exact, visible_faces
from ptx.pipeline.stage import ArraySpec, Block, Codec, Result, Stage
from ptx.stages.backends.bodies import FIT, body_dependency, decode_bary, open_body, posed_points


class Visibility(Stage):
    """0 visible in the source, 1 on the body but hidden in the source or outside it, 2 background."""

    name = "visibility"
    store = "visibility"
    version = 1
    over: Literal["images", "pairs"] = "pairs"
    inputs = (*FIT, "surface.face", "surface.bary")
    settings = ("size", "body", "visibility")
    cost = 0.004

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The body model's content."""
        return body_dependency(settings)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """visibility (H, W) labels 0, 1, 2."""
        attributes = {"flag_values": [VISIBLE, HIDDEN, BACKGROUND], "flag_meanings": "visible hidden background"}
        return {
            "visibility": ArraySpec(
                settings.size, "u1", fill=BACKGROUND, high=BACKGROUND, codec=Codec("zstd", 1), attributes=attributes
            )
        }

    def open(self, settings: Any) -> Body:
        """The body model."""
        return open_body(settings)

    def process(self, block: Block, settings: Any, state: Body) -> Result:
        """Ask for each pair by the chosen rule."""
        face, bary = block["surface.face"], block["surface.bary"]
        points = posed_points(state, block) if settings.visibility.rule == "exact" else None
        out = np.empty((len(block), *settings.size), np.uint8)
        for i, (target, source) in enumerate(zip(block.target, block.source, strict=True)):
            if points is None:
                out[i] = visible_faces(face[target], face[source])
            else:
                out[i] = visible_exact(face[target], decode_bary(bary[target]), points[source], state.faces)
        return Result({"visibility": out})
