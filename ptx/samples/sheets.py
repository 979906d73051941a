"""`ptx show`: what the stages stored of images and pairs, as one PNG to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ptx.datasets.images import Image
from ptx.datasets.spread import spread
from ptx.geometry.flow import warp
from ptx.geometry.labels import HIDDEN
from ptx.geometry.quantization import decode_bary
from ptx.pictures.draw import (
    blend,
    cut_out,
    draw_body,
    draw_flow,
    draw_garments,
    draw_parts,
    draw_points,
    draw_skeleton,
    draw_visibility,
    draw_wheel,
)
from ptx.pictures.png import save_png
from ptx.pictures.sheet import PANEL_HEIGHT, Panel, sheet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.samples.reader import SampleReader, image_index, pair_index
from ptx.stages.backends.bodies import BodyStage, open_body

PART_OPACITY = 0.8
"""Opacity of part colours over the picture."""

LEFT_OUT_COLOUR = (235, 235, 235)
"""RGB of a warped picture where the flow leads out of the source."""

BACKGROUND_COLOUR = (255, 255, 255)
"""RGB of a warped picture off the body."""

HIDDEN_COLOUR = (205, 205, 210)
"""RGB of a warped picture where the source hides the body."""

LONGEST_PERCENTILE = 99
"""Percentile of the flow's lengths that its caption calls the longest."""

MAX_SINGLE_COLUMN = 3
"""Most pairs of a contact sheet that stand in one column."""


def show_sample(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """Draw one image: picture, skeleton, fitted body over it, parts, garments.

    Args:
        pipeline: of the stores.
        name: id or number of the image.
        output: the PNG to write; None: below the folder `show` of the results.

    Returns:
        The PNG's path.

    Raises:
        PtxError: there is no such image, or not even its picture was stored.
    """
    index = image_index(pipeline, name)
    reader = SampleReader(pipeline)
    panels = [Panel(reader.image(index), "picture"), Panel(_skeleton(reader, index), "keypoints")]
    if reader.has("silhouette", index):
        panels.append(Panel(cut_out(reader.image(index), reader.silhouette(index)), "silhouette"))
    if reader.has("rasterize", index):
        panels += [
            Panel(_body(reader, index), "dressed body" if reader.dressed else "fitted body"),
            Panel(_parts(reader, index), "parts"),
        ]
    if reader.has("parse", index):
        panels.append(Panel(draw_garments(reader.garments(index)), "garments"))
    image_id = pipeline.listing.ids[index]
    page = sheet([panels], f"{image_id}\n{reader.summary(index)}", height=PANEL_HEIGHT)
    return save_png(page, output or pipeline.results / "show" / f"{file_name(image_id)}.png")


def show_pair(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """Draw one directed pair: both images with skeleton and body; parts, flow, visibility, the source warped to the target.

    Args:
        pipeline: of the stores.
        name: number of the pair, or TARGET:SOURCE.
        output: the PNG to write; None: below the folder `show` of the results.

    Returns:
        The PNG's path.

    Raises:
        PtxError: there is no such pair, or its flow was not computed.
    """
    number = pair_index(pipeline, name)
    reader = SampleReader(pipeline)
    target, source = reader.pair(number)
    reader.require("synth-flow", number)
    ids = pipeline.listing.ids
    rows = [
        _image_panels(reader, source, f"source {ids[source]}"),
        _image_panels(reader, target, f"target {ids[target]}"),
    ]
    flow = reader.flow(number)
    body = reader.part(target) > 0
    longest = np.percentile(np.linalg.norm(flow[body], axis=-1), LONGEST_PERCENTILE) if body.any() else 0
    rows.append(
        [
            Panel(draw_flow(flow, body), f"flow, up to {longest:.0f} px"),
            Panel(draw_wheel(flow.shape[0]), "colours of the flow"),
            Panel(_visibility(reader, number), "green: the source shows it"),
            Panel(_warped(reader, number), "source warped to the target"),
        ]
    )
    title = f"pair {number}: {ids[target]} from {ids[source]}\n{reader.summary(target)}"
    return save_png(sheet(rows, title, height=PANEL_HEIGHT), output or pipeline.results / "show" / f"pair_{number}.png")


def show_grid(pipeline: Pipeline, count: int, output: Path | None) -> Path:
    """Draw many pairs, spread over the data set: source, target, body, flow, visibility, warped source.

    Args:
        pipeline: of the stores.
        count: pairs at most.
        output: the PNG to write; None: below the folder `show` of the results.

    Returns:
        The PNG's path.

    Raises:
        PtxError: no pair's flow was computed.
    """
    reader = SampleReader(pipeline)
    done = np.array(reader.done("synth-flow"), np.int64)
    if not len(done):
        raise PtxError("no pair's flow is there yet; `ptx run all` computes it")
    rows = [_pair_panels(reader, number) for number in done[spread(len(done), count)].tolist()]
    page = sheet(_two_columns(rows), height=PANEL_HEIGHT // 2)
    return save_png(page, output or pipeline.results / "show" / "grid.png")


def _image_panels(reader: SampleReader, index: int, caption: str) -> list[Panel]:
    return [
        Panel(reader.image(index), caption),
        Panel(_skeleton(reader, index), "keypoints"),
        Panel(_body(reader, index), "dressed body" if reader.dressed else "fitted body"),
        Panel(_parts(reader, index), "parts"),
    ]


def _pair_panels(reader: SampleReader, number: int) -> list[Panel]:
    ids = reader.pipeline.listing.ids
    target, source = reader.pair(number)
    return [
        Panel(reader.image(source), f"{number}: {ids[source]}"),
        Panel(_skeleton(reader, target), ids[target]),
        Panel(_body(reader, target), "body"),
        Panel(draw_flow(reader.flow(number), reader.part(target) > 0), "flow"),
        Panel(_visibility(reader, number), "visible"),
        Panel(_warped(reader, number), "warped"),
    ]


def _two_columns(rows: list[list[Panel]]) -> list[list[Panel]]:
    """Put the second half of many rows beside the first."""
    if len(rows) <= MAX_SINGLE_COLUMN:
        return rows
    half = (len(rows) + 1) // 2
    return [left + right for left, right in zip(rows[:half], [*rows[half:], []], strict=False)]


def _skeleton(reader: SampleReader, index: int) -> Image:
    """Draw keypoints over the picture, and the points of face and hands where there are any."""
    image = reader.image(index)
    if not reader.has("extract-keypoints", index):
        return image
    if reader.has_details:
        image = draw_points(image, reader.details(index))
    return draw_skeleton(image, reader.keypoints(index))


def _body(reader: SampleReader, index: int) -> Image:
    """Draw the fitted body over the picture, where one was fitted."""
    image = reader.image(index)
    if not reader.has("dress" if reader.dressed else "fit-smpl", index):
        return image
    body = open_body(next(stage.body for stage in reader.pipeline.stages if isinstance(stage, BodyStage)))
    face, bary = reader.surface(index)
    fitted = reader.fitted(body, index)
    return draw_body(image, face, decode_bary(bary), fitted.points, fitted.camera, fitted.body.faces)


def _parts(reader: SampleReader, index: int) -> Image:
    return blend(reader.image(index), draw_parts(reader.part(index)), PART_OPACITY)


def _visibility(reader: SampleReader, number: int) -> Image:
    """Draw visibility in colours; white where it was not computed."""
    if reader.has("visibility", number):
        return draw_visibility(reader.visibility(number))
    return np.full_like(reader.image(reader.pair(number)[0]), 255)


def _warped(reader: SampleReader, number: int) -> Image:
    """Draw the source's pixels where the flow brings them; what the source does not show is grey."""
    target, source = reader.pair(number)
    out = warp(reader.image(source), reader.flow(number), LEFT_OUT_COLOUR)
    out[reader.part(target) == 0] = BACKGROUND_COLOUR
    if reader.has("visibility", number):
        out[reader.visibility(number) == HIDDEN] = HIDDEN_COLOUR
    return out


def file_name(text: str) -> str:
    """Return an id as the name of one file: ids of photographs hold slashes."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)
