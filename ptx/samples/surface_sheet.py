"""`ptx show --surface`: a person's surface as the surface engine fills it from one picture, as one PNG to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.quantization import decode_bary
from ptx.pictures.draw import cut_out, draw_body
from ptx.pictures.png import save_png
from ptx.pictures.sheet import PANEL_HEIGHT, Panel, sheet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.samples.reader import SampleReader, image_index
from ptx.samples.sheets import file_name
from ptx.stages.backends.bodies import BodyStage, open_body
from ptx.surface.layers import NOTHING, Image, Layer
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import Provenance, SurfaceStore
from ptx.surface.transfer import fill

PROVENANCE_COLOURS: dict[Provenance, tuple[str, tuple[int, int, int]]] = {
    Provenance.OWN: ("green: the picture shows it", (90, 180, 110)),
    Provenance.UNDER_ARMS: ("blue: filled under an arm", (70, 130, 220)),
    Provenance.MIRRORED: ("yellow: its mirror image", (240, 205, 70)),
    Provenance.OPPOSITE: ("orange: the other side", (240, 145, 60)),
    Provenance.REFLECTED: ("red: reflected from beside", (215, 80, 80)),
    Provenance.PATCHED: ("violet: cloth from elsewhere", (150, 90, 190)),
    Provenance.MADE_UP: ("grey: made up", (150, 150, 156)),
    Provenance.NOTHING: ("", (255, 255, 255)),
}
"""Provenance of a texel → its words and its colour."""


def show_surface(pipeline: Pipeline, name: str, output: Path | None) -> Path:
    """Draw the filled surface of one image's person: dressed body, layers with their confidence, texture, confidence, provenance.

    Args:
        pipeline: of the stores.
        name: id or number of the image.
        output: the PNG to write; None: below the folder `show` of the results.

    Returns:
        The PNG's path.

    Raises:
        PtxError: there is no such image, it has no silhouette or no dressed body, or bodies are not dressed here.
    """
    index = image_index(pipeline, name)
    reader = SampleReader(pipeline)
    if not reader.dressed:
        raise PtxError(
            "--surface: bodies are not dressed here, so there is no surface to fill: it takes silhouettes (silhouette.backend) and "
            "rasterize.surface: dressed"
        )
    for stage in ("silhouette", "dress", "rasterize"):
        reader.require(stage, index)
    body = open_body(next(stage.body for stage in reader.pipeline.stages if isinstance(stage, BodyStage)))
    fitted = reader.fitted(body, index)
    picture, face = reader.image(index), reader.face_points(index)
    mask = np.asarray(reader.silhouette(index) / np.float32(255), np.float32)
    store = fill(MaskedPhotograph(picture, mask, face), fitted)
    seen, under = store.source.seen, store.source.under_arms
    faces, bary = reader.surface(index)
    drawn = draw_body(picture, faces, decode_bary(bary), fitted.points, fitted.camera, fitted.body.faces)
    rows = [
        [
            Panel(picture, "picture"),
            Panel(drawn, "dressed body"),
            Panel(_layer(seen), "layer: seen"),
            Panel(_grey(seen.confidence), "its confidence"),
            Panel(_layer(under), "layer: under arms"),
            Panel(_grey(under.confidence), "its confidence"),
        ],
        [
            Panel(store.colours, "texture"),
            Panel(_grey(store.confidence / 255), "confidence"),
            Panel(_provenance(store), "provenance"),
        ],
    ]
    words = [words for words, _ in PROVENANCE_COLOURS.values() if words]
    image_id = pipeline.listing.ids[index]
    page = sheet(rows, "\n".join([image_id, ", ".join(words[:3]), ", ".join(words[3:])]), height=PANEL_HEIGHT)
    return save_png(page, output or pipeline.results / "show" / f"{file_name(image_id)}_surface.png")


def _layer(layer: Layer) -> Image:
    """Colours of a layer where there is a body, over white."""
    return cut_out(layer.image, np.where(layer.depth < NOTHING, np.uint8(255), np.uint8(0)))


def _grey(values: NDArray[np.floating]) -> Image:
    """Values (H, W), 0 to 1, as grey."""
    return np.repeat(np.asarray(np.rint(255 * np.clip(values, 0, 1)), np.uint8)[..., None], 3, axis=2)


def _provenance(store: SurfaceStore) -> Image:
    out = np.zeros_like(store.colours)
    for kind, (_, colour) in PROVENANCE_COLOURS.items():
        out[store.provenance == kind] = colour
    return out
