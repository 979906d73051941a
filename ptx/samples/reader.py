"""Single samples of the stores, read and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.flow import decode_flow, warp
from ptx.geometry.labels import HIDDEN
from ptx.geometry.skinning import pose_vertices
from ptx.pictures.draw import blend, draw_body, draw_parts, draw_skeleton, draw_visibility
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.records import OK
from ptx.stages.backends.bodies import decode_bary, open_body


@dataclass(frozen=True)
class SampleReader:
    """Reads single samples from the stores and draws them."""

    pipeline: Pipeline

    @cached_property
    def _body(self) -> Body:
        return open_body(self.pipeline.settings)

    @cached_property
    def _states(self) -> dict[str, NDArray[np.uint8]]:
        return {}

    def states(self, stage: str) -> NDArray[np.uint8]:
        """(N,) state of every sample of a stage."""
        if stage not in self._states:
            self._states[stage] = self.pipeline.plan(self.pipeline.stage(stage)).states
        return self._states[stage]

    def has(self, stage: str, index: int) -> bool:
        """Whether a sample is done."""
        return any(s.name == stage for s in self.pipeline.stages) and bool(self.states(stage)[index] == OK)

    def need(self, stage: str, index: int) -> None:
        """Raise PtxError, with the reason where there is one, unless the sample is done."""
        if self.has(stage, index):
            return
        plan = self.pipeline.plan(self.pipeline.stage(stage))
        if plan.condition == "stale":
            raise PtxError(f"{stage} is stale ({'; '.join(plan.stale)}); `ptx run {stage}` computes it again")
        what = "image" if plan.stage.over == "images" else "pair"
        reason = plan.problems.get(index) or "not computed, or an earlier stage quarantined it: `ptx status --problems`"
        raise PtxError(f"{what} {index} has no {plan.stage.store}: {reason}")

    def read(self, stage: str, array: str, index: int) -> NDArray[Any]:
        """One row."""
        self.need(stage, index)
        store = self.pipeline.store(self.pipeline.stage(stage))
        return store.read(array, np.array([index]))[0]

    def story(self, index: int) -> str:
        """What became of an image, in one line."""
        for stage in self.pipeline.stages:
            plan = self.pipeline.plan(stage)
            if stage.over == "images" and index in plan.problems:
                return f"quarantined by {stage.name}: {plan.problems[index]}"
        if not self.has("fit-smpl", index):
            return "no body was fitted"
        residual = self.read("fit-smpl", "residual", index)
        seen = np.isfinite(residual)
        return f"{seen.sum()} of 18 keypoints, median residual {np.median(residual[seen]):.1f} px"

    def image(self, index: int) -> NDArray[np.uint8]:
        """The working picture."""
        return self.read("ingest", "image", index)

    def skeleton(self, index: int) -> NDArray[np.uint8]:
        """Keypoints over the picture, where there are some."""
        if not self.has("extract-keypoints", index):
            return self.image(index)
        return draw_skeleton(self.image(index), self.read("extract-keypoints", "keypoints", index))

    def body_over(self, index: int) -> NDArray[np.uint8]:
        """The fitted body over the picture, where one was fitted."""
        if not self.has("fit-smpl", index):
            return self.image(index)
        face, bary = self._surface(index)
        pose, betas, camera = (self.read("fit-smpl", name, index) for name in ("pose", "betas", "camera"))
        points = project(camera, pose_vertices(self._body, pose[None], betas[None])[0]).astype(np.float32)
        return draw_body(self.image(index), face, bary, points, camera, self._body.faces)

    def _surface(self, index: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        return self.read("rasterize", "face", index), decode_bary(self.read("rasterize", "bary", index))

    def body_mask(self, index: int) -> NDArray[np.bool_]:
        """Pixels of the body."""
        return np.asarray(self.read("rasterize", "part", index) > 0)

    def parts(self, index: int) -> NDArray[np.uint8]:
        """Part colours, faintly over the picture."""
        part = self.read("rasterize", "part", index)
        return blend(self.image(index), draw_parts(part), 0.8)

    def flow(self, pair: int) -> NDArray[np.float32]:
        """Flow in px."""
        return decode_flow(self.read("synth-flow", "flow", pair))

    def visibility(self, pair: int) -> NDArray[np.uint8]:
        """Visibility in colours; blank where it was not computed."""
        if not self.has("visibility", pair):
            return np.full((*self.pipeline.settings.size, 3), 255, np.uint8)
        return draw_visibility(self.read("visibility", "visibility", pair))

    def warped(self, pair: int) -> NDArray[np.uint8]:
        """The source's pixels where the flow brings them; what the source does not show is grey."""
        target, source = (int(i) for i in self.pipeline.pairs()[pair])
        out = warp(self.image(source), self.flow(pair), (235, 235, 235))
        out[~self.body_mask(target)] = 255
        if self.has("visibility", pair):
            out[self.read("visibility", "visibility", pair) == HIDDEN] = (205, 205, 210)
        return out


def image_index(pipeline: Pipeline, name: str) -> int:
    """Number of an image from its id or number.

    Raises:
        PtxError: there is no such image; names near ones.
    """
    from difflib import get_close_matches

    ids = list(pipeline.listing.ids)
    if name in ids:
        return ids.index(name)
    if name.isdigit() and int(name) < len(ids):
        return int(name)
    near = get_close_matches(name, ids, 3)
    raise PtxError(f"no image '{name}' among {len(ids)}" + (f": did you mean {', '.join(near)}?" if near else ""))


def pair_index(pipeline: Pipeline, name: str) -> int:
    """Number of a directed pair from its number or `TARGET:SOURCE`.

    Raises:
        PtxError: there is no such pair.
    """
    pairs = pipeline.pairs()
    if name.isdigit():
        if int(name) < len(pairs):
            return int(name)
        raise PtxError(f"no pair {name}: there are {len(pairs)}, counted from 0")
    target, _, source = name.partition(":")
    wanted = (image_index(pipeline, target), image_index(pipeline, source))
    rows = np.flatnonzero((pairs == wanted).all(1))
    if not len(rows):
        raise PtxError(f"{target} and {source} are no pair of this data set")
    return int(rows[0])
