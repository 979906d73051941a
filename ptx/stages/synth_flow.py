"""`ptx run synth-flow`: dense appearance flow of every directed pair, from the fitted bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from ptx.geometry.quantization import FLOW_STEP, decode_bary
from ptx.pipeline.config import ADDED_LATER, Section
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.stage import ArraySpec, Block, Codec, Process, Result
from ptx.stages.backends.bodies import PosedStage


class FlowSettings(Section):
    """Dense appearance flow."""

    backend: Annotated[Literal["auto", "bodies", "released"], ADDED_LATER] = "auto"
    """bodies: made here, from fitted bodies; released: flow, visibility and body parts of a data pack of kind intrinsic-flow-release;
    auto is released for such a pack."""


def flow_spec(size: tuple[int, int]) -> ArraySpec:
    """Flow (H, W, 2) from target to source, 0 on the background."""
    attributes: dict[str, Json] = {"units": "px", "scale_factor": FLOW_STEP, "direction": "target to source"}
    return ArraySpec((*size, 2), "i2", codec=Codec("zstd", 1), attributes=attributes)


@dataclass(frozen=True)
class SynthFlow(PosedStage[FlowSettings]):
    """Find, for each body pixel of the target, where the source shows (or would show) the same point of the body (CVPR 2019, §3.2)."""

    name = "synth-flow"
    store = "flow"
    section = "synth_flow"
    over = "pairs"
    cost = 0.004

    @property
    def inputs(self) -> tuple[str, ...]:
        """The posed bodies, and what the target's pixels show of them."""
        return (*self.posed, "surface.face", "surface.bary")

    @property
    def outputs(self) -> Mapping[str, ArraySpec]:
        """flow (H, W, 2) int16 in 1/32 px, target to source, 0 on the background."""
        return {"flow": flow_spec(self.size)}

    def open(self) -> Process:
        """Load the body model."""
        from ptx.geometry.flow import encode_flow, flow_between

        drawn = self.drawn_body()

        def process(block: Block) -> Result:
            points = drawn.points(block)
            face = block.array("surface.face", np.int32)
            bary = block.array("surface.bary", np.uint16)
            flow = np.empty((len(block), *self.size, 2), np.int16)
            for i, (target, source) in enumerate(zip(block.target, block.source, strict=True)):
                weights = decode_bary(bary[target])
                flow[i] = encode_flow(flow_between(face[target], weights, points[source], drawn.body.faces))
            return Result({"flow": flow})

        return process
