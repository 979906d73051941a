"""`ptx run synth-flow`: dense appearance flow of every directed pair, from the fitted bodies."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.flow import FLOW_STEP, encode_flow, flow_between
from ptx.pipeline.stage import ArraySpec, Block, Codec, Result, Stage
from ptx.stages.backends.bodies import FIT, body_dependency, decode_bary, open_body, posed_points


class SynthFlow(Stage):
    """For each body pixel of the target: where the source shows (or would show) the same point of the body (CVPR 2019, §3.2)."""

    name = "synth-flow"
    store = "flow"
    version = 1
    over: Literal["images", "pairs"] = "pairs"
    inputs = (*FIT, "surface.face", "surface.bary")
    settings = ("size", "body", "synth_flow")
    cost = 0.004

    def dependencies(self, settings: Any) -> dict[str, Any]:
        """The body model's content."""
        return body_dependency(settings)

    def outputs(self, settings: Any) -> dict[str, ArraySpec]:
        """flow (H, W, 2) int16 in 1/32 px, target to source, 0 on the background."""
        attributes = {"units": "px", "scale_factor": FLOW_STEP, "direction": "target to source"}
        return {"flow": ArraySpec((*settings.size, 2), "i2", codec=Codec("zstd", 1), attributes=attributes)}

    def open(self, settings: Any) -> Body:
        """The body model."""
        return open_body(settings)

    def process(self, block: Block, settings: Any, state: Body) -> Result:
        """Carry each target pixel's barycentric weights over to the source's body."""
        points = posed_points(state, block)
        face, bary = block["surface.face"], block["surface.bary"]
        flow = np.empty((len(block), *settings.size, 2), np.int16)
        for i, (target, source) in enumerate(zip(block.target, block.source, strict=True)):
            flow[i] = encode_flow(flow_between(face[target], decode_bary(bary[target]), points[source], state.faces))
        return Result({"flow": flow})
