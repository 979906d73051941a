"""`ptx show`: what the stages stored, as one PNG to look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.flow import decode_flow, warp
from ptx.geometry.skinning import pose_vertices
from ptx.pictures.draw import (
    blend,
    draw_body,
    draw_flow,
    draw_garments,
    draw_parts,
    draw_skeleton,
    draw_visibility,
    draw_wheel,
)  # fmt: skip
from ptx.pictures.sheet import Panel, sheet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.status import image_index, pair_index
from ptx.pipeline.storage.durable import write_atomic
from ptx.pipeline.storage.records import OK
from ptx.stages.backends.bodies import decode_bary, open_body

if TYPE_CHECKING:
    from ptx.inference.model import Model

HEIGHT = 320
"""Pixels of the panels of one sample or pair; a contact sheet's are half."""


def show_sample(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """One image: picture, skeleton, fitted body over it, parts. Returns the PNG's path.

    Raises:
        PtxError: there is no such image, or not even its picture was stored.
    """
    index = image_index(pipeline, name)
    view = View(pipeline)
    panels = [Panel(view.image(index), "picture"), Panel(view.skeleton(index), "keypoints")]
    if view.has("rasterize", index):
        panels += [Panel(view.body_over(index), "fitted body"), Panel(view.parts(index), "parts")]
    if view.has("parse", index):
        panels.append(Panel(draw_garments(view.read("parse", "labels", index)), "garments"))
    name = pipeline.listing.ids[index]
    page = sheet([panels], f"{name}\n{view.story(index)}", height=HEIGHT)
    return save_png(page, output or pipeline.results / "show" / f"{_file_name(name)}.png")


def show_pair(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """One directed pair: both images with skeleton and body; parts, flow, visibility, the source warped to the target.

    Raises:
        PtxError: there is no such pair, or its flow was not computed.
    """
    number = pair_index(pipeline, name)
    target, source = (int(i) for i in pipeline.pairs()[number])
    view = View(pipeline)
    view.need("synth-flow", number)
    ids = pipeline.listing.ids
    rows = []
    for index, what in ((source, "source"), (target, "target")):
        rows.append(
            [
                Panel(view.image(index), f"{what} {ids[index]}"),
                Panel(view.skeleton(index), "keypoints"),
                Panel(view.body_over(index), "fitted body"),
                Panel(view.parts(index), "parts"),
            ]
        )
    flow, body = view.flow(number), view.body_mask(target)
    longest = np.percentile(np.linalg.norm(flow[body], axis=-1), 99) if body.any() else 0
    rows.append(
        [
            Panel(draw_flow(flow, body), f"flow, up to {longest:.0f} px"),
            Panel(draw_wheel(flow.shape[0]), "colours of the flow"),
            Panel(view.visibility(number), "green: the source shows it"),
            Panel(view.warped(number), "source warped to the target"),
        ]
    )
    title = f"pair {number}: {ids[target]} from {ids[source]}\n{view.story(target)}"
    return save_png(sheet(rows, title, height=HEIGHT), output or pipeline.results / "show" / f"pair_{number}.png")


def show_grid(pipeline: Pipeline, count: int, output: Path | None) -> Path:
    """Many pairs, spread over the data set: source, target, body, flow, visibility, warped source.

    Raises:
        PtxError: no pair's flow was computed.
    """
    view = View(pipeline)
    done = np.flatnonzero(view.states("synth-flow") == OK)
    if not len(done):
        raise PtxError("no pair's flow is there yet; `ptx run all` computes it")
    chosen = done[np.unique(np.linspace(0, len(done) - 1, min(count, len(done))).round().astype(int))]
    ids, rows = pipeline.listing.ids, []
    for number in chosen.tolist():
        target, source = (int(i) for i in pipeline.pairs()[number])
        rows.append(
            [
                Panel(view.image(source), f"{number}: {ids[source]}"),
                Panel(view.skeleton(target), ids[target]),
                Panel(view.body_over(target), "body"),
                Panel(draw_flow(view.flow(number), view.body_mask(target)), "flow"),
                Panel(view.visibility(number), "visible"),
                Panel(view.warped(number), "warped"),
            ]
        )
    half = (len(rows) + 1) // 2 if len(rows) > 3 else len(rows)
    pages = [left + (rows[half + i] if half + i < len(rows) else []) for i, left in enumerate(rows[:half])]
    return save_png(sheet(pages, height=HEIGHT // 2), output or pipeline.results / "show" / "grid.png")


Look = Literal["picture", "paste", "sheet"]
"""What is written of a transfer: the picture, the photograph with it, or the picture beside what it was made from."""


def show_transfer(model: Model, source: Path, pose: Path, output: Path, look: Look = "picture") -> Path:
    """Paint the person of `source` in a pose; returns the PNG's path.

    Raises:
        PtxError: there is no model, nobody in a picture, or no pose in a file.
    """
    done = model.transfer(source, pose)
    if look != "sheet":
        return save_png(done.picture if look == "picture" else done.pasted, output)
    person = done.person
    panels = [
        Panel(draw_skeleton(person.image, person.keypoints), "source"),
        Panel(draw_skeleton(np.full_like(person.image, 255), done.pose), "wanted pose"),
        Panel(done.warped, "source, warped"),
        *([] if done.garments is None else [Panel(draw_garments(done.garments), "garments")]),
        Panel(done.picture, "painted"),
    ]
    return save_png(sheet([panels], f"{source.name} in the pose of {pose.name}", height=HEIGHT), output)


@dataclass(frozen=True)
class View:
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
            out[self.read("visibility", "visibility", pair) == 1] = (205, 205, 210)
        return out


def _file_name(text: str) -> str:
    """An id as one file's name: ids of photographs hold slashes."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)


def save_png(page: NDArray[np.uint8], path: Path) -> Path:
    """Write a picture (H, W, 3); returns its path.

    Raises:
        PtxError: another ending than .png.
    """
    if path.suffix.lower() != ".png":
        raise PtxError(f"{path}: pictures are written as .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, encode_png(page))
    return path


def encode_png(page: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as a PNG file holds it."""
    memory = BytesIO()
    Pillow.fromarray(page).save(memory, "PNG")
    return memory.getvalue()
