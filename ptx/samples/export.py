"""`ptx export flow|keypoints|images|pairs`: what the stores hold, in files that other tools read."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from rich.console import Console

from ptx.datasets.coco_files import COCO_17
from ptx.datasets.flow_files import write_corr, write_flo, write_positions
from ptx.geometry.joints import keypoint
from ptx.pictures.png import encode_png, save_png
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.progress import progress
from ptx.pipeline.storage.durable import write_atomic
from ptx.pipeline.storage.records import OK
from ptx.samples.reader import SampleReader

FORMATS = {
    "flow": ("corr", "flo"),
    "keypoints": ("coco",),
    "images": ("png",),
    "pairs": ("tar",),
}
"""What can be exported, and as what; the first is the default."""


def export_data(pipeline: Pipeline, what: str, form: str | None, output: Path, console: Console) -> str:
    """Write what the stores hold; returns a line on it.

    flow: one file a pair in a folder, TARGET_SOURCE.corr (system A's, with visibility) or .flo; keypoints: one COCO JSON; images:
    PNGs of the working pictures; pairs: a tar for WebDataset with source and target, flow, visibility and keypoints of each pair.

    Raises:
        PtxError: there is no such thing or format, or the stores lack it.
    """
    if what not in FORMATS:
        raise PtxError(f"no '{what}' to export: model, {', '.join(FORMATS)}")
    form = form or FORMATS[what][0]
    if form not in FORMATS[what]:
        raise PtxError(f"{what} is written as {' or '.join(FORMATS[what])}, not {form}")
    return WRITERS[what](SampleReader(pipeline), form, output, console)


def _done(view: SampleReader, stages: tuple[str, ...], what: str) -> list[int]:
    """Samples that all of these stages have; of pairs where the last is over pairs."""
    states = [view.states(stage) for stage in stages]
    found = np.flatnonzero(np.logical_and.reduce([s == OK for s in states])).tolist()
    if not found:
        raise PtxError(f"there is no {what} to export: `ptx run all` first")
    return found


def _flows(view: SampleReader, form: str, output: Path, console: Console) -> str:
    pairs, ids = view.pipeline.pairs(), view.pipeline.listing.ids
    numbers = _done(view, ("synth-flow", "visibility"), "flow")
    released = "places" in view.pipeline.stage("synth-flow").outputs(view.pipeline.settings)
    with progress("export flow", len(numbers), 0, console) as advance:
        for number in numbers:
            target, source = (str(ids[i]).replace("/", "_") for i in pairs[number])
            path = output / f"{target}_{source}.{form}"
            if form == "flo":
                write_flo(path, view.flow(number))
            elif released:  # as it came, bit for bit
                places = view.read("synth-flow", "places", number)
                write_positions(path, places, view.read("visibility", "visibility", number))
            else:
                write_corr(path, view.flow(number), view.read("visibility", "visibility", number))
            advance(1, 0)
    return f"{output}: {len(numbers)} pairs"


def _keypoints(view: SampleReader, form: str, output: Path, console: Console) -> str:
    del form, console
    if output.suffix != ".json":
        raise PtxError(f"{output}: COCO keypoints are one .json file")
    height, width = view.pipeline.settings.size
    images, annotations = [], []
    for index in _done(view, ("extract-keypoints",), "keypoints"):
        points = view.read("extract-keypoints", "keypoints", index)[[keypoint(name) for name in COCO_17]]
        there = points[:, 2] > 0
        flat = [
            v
            for (x, y, _), seen in zip(points.tolist(), there, strict=True)
            for v in ((x, y, 2) if seen else (0, 0, 0))
        ]
        x0, y0 = points[there, :2].min(0).tolist()
        x1, y1 = points[there, :2].max(0).tolist()
        images.append(
            {"id": index, "file_name": f"{view.pipeline.listing.ids[index]}.png", "width": width, "height": height}
        )
        annotations.append(
            {
                "id": index, "image_id": index, "category_id": 1, "iscrowd": 0, "keypoints": flat, "num_keypoints": int(there.sum()),
                "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0),
            }
        )  # fmt: skip
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(COCO_17), "skeleton": []}
    document = {"info": {"description": "ptx"}, "images": images, "annotations": annotations, "categories": [category]}
    write_atomic(output, json.dumps(document).encode())
    return f"{output}: {len(images)} persons"


def _images(view: SampleReader, form: str, output: Path, console: Console) -> str:
    indices = _done(view, ("ingest",), "picture")
    with progress("export images", len(indices), 0, console) as advance:
        for index in indices:
            save_png(view.image(index), output / f"{view.pipeline.listing.ids[index]}.{form}")
            advance(1, 0)
    return f"{output}: {len(indices)} pictures"


def _pairs(view: SampleReader, form: str, output: Path, console: Console) -> str:
    if output.suffix != f".{form}":
        raise PtxError(f"{output}: pairs are one .{form} file")
    output.parent.mkdir(parents=True, exist_ok=True)
    numbers = _done(view, ("synth-flow", "visibility"), "pair")
    half = output.with_name(output.name + ".half")
    with tarfile.open(half, "w") as tar, progress("export pairs", len(numbers), 0, console) as advance:
        for number in numbers:
            for ending, content in _members(view, number):
                member = tarfile.TarInfo(f"{number:08d}.{ending}")
                member.size = len(content)
                tar.addfile(member, BytesIO(content))
            advance(1, 0)
    half.replace(output)
    return f"{output}: {len(numbers)} pairs"


def _members(view: SampleReader, number: int) -> Iterator[tuple[str, bytes]]:
    target, source = (int(i) for i in view.pipeline.pairs()[number])
    ids = view.pipeline.listing.ids
    for name, index in (("source", source), ("target", target)):
        yield f"{name}.png", encode_png(view.image(index))
    for name, array in (
        ("flow.npy", view.flow(number)),
        ("visibility.npy", view.read("visibility", "visibility", number)),
    ):
        memory = BytesIO()
        np.save(memory, array, allow_pickle=False)
        yield name, memory.getvalue()
    poses = {
        name: [
            [None if np.isnan(v) else v for v in row] for row in view.read("extract-keypoints", "keypoints", i).tolist()
        ]
        for name, i in (("source_keypoints", source), ("target_keypoints", target))
    }
    yield "json", json.dumps({"source": ids[source], "target": ids[target], **poses}).encode()


WRITERS: dict[str, Callable[[SampleReader, str, Path, Console], str]] = {
    "flow": _flows,
    "keypoints": _keypoints,
    "images": _images,
    "pairs": _pairs,
}
