"""`ptx export flow|keypoints|images|pairs`: what the stores hold, in files that other tools read.

Every function returns a line on what it wrote, and raises PtxError where the stores have nothing of the kind.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.flow_files import write_corr, write_flo, write_positions
from ptx.datasets.joint_names import COCO_17
from ptx.geometry.joints import keypoint
from ptx.geometry.keypoints import valid_keypoints
from ptx.pictures.png import encode_png, save_png
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Listener, progress
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.storage.files import write_atomic
from ptx.samples.reader import SampleReader

Pixels = Literal["original", "working"]
"""Pictures in whose px keypoints are written, and by whose names."""

FlowFormat = Literal["corr", "flo"]
"""Dense Intrinsic Appearance Flow's files, with visibility; or Middlebury's."""

COCO_VISIBLE = 2
"""COCO's mark of a keypoint that is labelled and visible."""


def export_flow(reader: SampleReader, output: Path, listener: Listener, form: FlowFormat = "corr") -> str:
    """Write the flow of every pair into a folder, as TARGET_SOURCE.corr or .flo (`pair_names`)."""
    numbers = _done(reader, ("synth-flow", "visibility"), "flow")
    names = pair_names(reader, numbers)
    with progress(listener, "export flow", len(numbers)) as advance:
        for number, name in zip(numbers, names, strict=True):
            path = output / f"{name}.{form}"
            if form == "flo":
                write_flo(path, reader.flow(number))
            elif reader.has_positions:  # the file as it came, bit for bit
                write_positions(path, reader.positions(number), reader.released_labels(number))
            else:
                write_corr(path, reader.flow(number), reader.visibility(number))
            advance(1)
    return f"{output}: {len(numbers)} pairs"


def export_keypoints(reader: SampleReader, output: Path, listener: Listener, pixels: Pixels = "original") -> str:
    """Write the keypoints of all images as one COCO JSON file, which says in `info` of which pictures its px are.

    `extract_keypoints.backend: coco-json` reads it back: what COCO's form has no place for, the neck and confidences, stands under
    `ptx` in every annotation.

    Raises:
        PtxError: the output does not end in .json, or there are no keypoints.
    """
    if output.suffix != ".json":
        raise PtxError(f"{output}: COCO keypoints are one .json file")
    first: dict[str, int] = {}
    images: list[Json] = []
    annotations: list[Json] = []
    indices = _done(reader, ("ingest", "extract-keypoints"), "keypoints")
    with progress(listener, "export keypoints", len(indices)) as advance:
        for index in indices:
            name, (height, width), keypoints = _keypoints_of(reader, index, pixels)
            image = first.setdefault(name, index)  # Panoptic Studio's persons share pictures
            if image == index:
                images.append({"id": index, "file_name": name, "width": width, "height": height})
            annotations.append(_coco_annotation(index, image, keypoints))
            advance(1)
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(COCO_17), "skeleton": []}
    info = {"description": f"keypoints by ptx, x and y in px of the {pixels} pictures", "pixels": pixels}
    document = {"info": info, "images": images, "annotations": annotations, "categories": [category]}
    write_atomic(output, json.dumps(document).encode())
    return f"{output}: {len(annotations)} persons, px of the {pixels} pictures"


def export_images(reader: SampleReader, output: Path, listener: Listener) -> str:
    """Write the working pictures as PNGs into a folder."""
    indices = _done(reader, ("ingest",), "picture")
    with progress(listener, "export images", len(indices)) as advance:
        for index in indices:
            save_png(reader.image(index), output / f"{reader.pipeline.listing.ids[index]}.png")
            advance(1)
    return f"{output}: {len(indices)} pictures"


def export_pairs(reader: SampleReader, output: Path, listener: Listener) -> str:
    """Write source and target, flow, visibility and keypoints of every pair into one tar for WebDataset.

    Raises:
        PtxError: the output does not end in .tar, or there are no pairs.
    """
    if output.suffix != ".tar":
        raise PtxError(f"{output}: pairs are one .tar file")
    numbers = _done(reader, ("synth-flow", "visibility"), "pair")
    output.parent.mkdir(parents=True, exist_ok=True)
    half = output.with_name(output.name + ".half")
    with tarfile.open(half, "w") as tar, progress(listener, "export pairs", len(numbers)) as advance:
        for number in numbers:
            for ending, content in _pair_files(reader, number):
                member = tarfile.TarInfo(f"{number:08d}.{ending}")
                member.size = len(content)
                tar.addfile(member, BytesIO(content))
            advance(1)
    half.replace(output)
    return f"{output}: {len(numbers)} pairs"


def _done(reader: SampleReader, stages: tuple[str, ...], name: str) -> list[int]:
    """Return the samples that all of these stages have; raises PtxError where there is none, which it calls `name`."""
    done = reader.done(*stages)
    if not done:
        raise PtxError(f"there is no {name} to export: `ptx run all` first")
    return done


def pair_names(reader: SampleReader, numbers: Sequence[int]) -> list[str]:
    """Return TARGET_SOURCE of every pair; the names that several have (`a/b` and `a_b` are one) end in the pair's number."""
    ids = [name.replace("/", "_") for name in reader.pipeline.listing.ids]
    names = [f"{ids[target]}_{ids[source]}" for target, source in reader.pipeline.pairs().tolist()]
    count = Counter(names)
    return [names[number] if count[names[number]] == 1 else f"{names[number]}_pair{number}" for number in numbers]


def _keypoints_of(reader: SampleReader, index: int, pixels: Pixels) -> tuple[str, tuple[int, int], NDArray[np.float64]]:
    """Return the file name of a picture, its height and width, and the keypoints (18, 3) in its px."""
    keypoints = reader.keypoints(index).astype(np.float64)
    path = reader.pipeline.listing.paths[index].split("#")[0]
    working = f"{reader.pipeline.listing.ids[index]}.png"
    if pixels == "working":
        return working, reader.image_size, keypoints
    transform = reader.read("ingest", "transform", index, np.float32).astype(np.float64)
    height, width = reader.read("ingest", "original", index, np.int32).tolist()
    keypoints[:, :2] = (keypoints[:, :2] - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    return path or working, (height, width), keypoints


def _coco_annotation(index: int, image: int, keypoints: NDArray[np.float64]) -> Mapping[str, Json]:
    """Return COCO's annotation of a person with keypoints (18, 3), in its order; the neck and the confidences beside it."""
    points = keypoints[[keypoint(name) for name in COCO_17]]
    valid = valid_keypoints(points)
    triples = [
        (x, y, COCO_VISIBLE) if known else (0, 0, 0) for (x, y, _), known in zip(points.tolist(), valid, strict=True)
    ]
    x0, y0 = points[valid, :2].min(0).tolist()
    x1, y1 = points[valid, :2].max(0).tolist()
    return {
        "id": index,
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "keypoints": [value for triple in triples for value in triple],
        "num_keypoints": int(valid.sum()),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": (x1 - x0) * (y1 - y0),
        "ptx": {"neck": _null_missing(keypoints)[keypoint("neck")][:2], "confidence": keypoints[:, 2].tolist()},
    }


def _pair_files(reader: SampleReader, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield ending and content of the files of a pair."""
    target, source = reader.pair(number)
    ids = reader.pipeline.listing.ids
    yield "source.png", encode_png(reader.image(source))
    yield "target.png", encode_png(reader.image(target))
    yield "flow.npy", _encode_npy(reader.flow(number))
    yield "visibility.npy", _encode_npy(reader.visibility(number))
    document = {
        "source": ids[source],
        "target": ids[target],
        "source_keypoints": _null_missing(reader.keypoints(source)),
        "target_keypoints": _null_missing(reader.keypoints(target)),
    }
    yield "json", json.dumps(document).encode()


def _encode_npy(array: NDArray[np.generic]) -> bytes:
    memory = BytesIO()
    np.save(memory, array, allow_pickle=False)
    return memory.getvalue()


def _null_missing(keypoints: NDArray[np.floating]) -> list[list[float | None]]:
    """Return keypoints as lists of numbers, null for NaN."""
    return [[None if np.isnan(value) else value for value in row] for row in keypoints.tolist()]
