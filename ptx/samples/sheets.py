"""`ptx show`: what the stages stored, as one PNG to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ptx.pictures.draw import (
    draw_flow,
    draw_garments,
    draw_wheel,
)  # fmt: skip
from ptx.pictures.png import save_png
from ptx.pictures.sheet import PANEL_HEIGHT, Panel, sheet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.records import OK
from ptx.samples.reader import SampleReader, image_index, pair_index

if TYPE_CHECKING:
    pass


def show_sample(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """One image: picture, skeleton, fitted body over it, parts. Returns the PNG's path.

    Raises:
        PtxError: there is no such image, or not even its picture was stored.
    """
    index = image_index(pipeline, name)
    view = SampleReader(pipeline)
    panels = [Panel(view.image(index), "picture"), Panel(view.skeleton(index), "keypoints")]
    if view.has("rasterize", index):
        panels += [Panel(view.body_over(index), "fitted body"), Panel(view.parts(index), "parts")]
    if view.has("parse", index):
        panels.append(Panel(draw_garments(view.read("parse", "labels", index)), "garments"))
    name = pipeline.listing.ids[index]
    page = sheet([panels], f"{name}\n{view.story(index)}", height=PANEL_HEIGHT)
    return save_png(page, output or pipeline.results / "show" / f"{_file_name(name)}.png")


def show_pair(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """One directed pair: both images with skeleton and body; parts, flow, visibility, the source warped to the target.

    Raises:
        PtxError: there is no such pair, or its flow was not computed.
    """
    number = pair_index(pipeline, name)
    target, source = (int(i) for i in pipeline.pairs()[number])
    view = SampleReader(pipeline)
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
    return save_png(sheet(rows, title, height=PANEL_HEIGHT), output or pipeline.results / "show" / f"pair_{number}.png")


def show_grid(pipeline: Pipeline, count: int, output: Path | None) -> Path:
    """Many pairs, spread over the data set: source, target, body, flow, visibility, warped source.

    Raises:
        PtxError: no pair's flow was computed.
    """
    view = SampleReader(pipeline)
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
    return save_png(sheet(pages, height=PANEL_HEIGHT // 2), output or pipeline.results / "show" / "grid.png")


def _file_name(text: str) -> str:
    """An id as one file's name: ids of photographs hold slashes."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)
