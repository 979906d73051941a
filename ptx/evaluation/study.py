"""`ptx study`: a page on which people choose between the pictures of two methods."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ptx.evaluation.methods import ImageMethod, Methods
from ptx.evaluation.pairs import PairBatch, TestPairs
from ptx.evaluation.scores import PHOTOGRAPH
from ptx.evaluation.study_page import Study, Trial, study_page
from ptx.models.pixels import to_uint8
from ptx.pictures.draw import draw_skeleton
from ptx.pictures.png import encode_png
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.storage.files import write_atomic

Image = NDArray[np.uint8]

TARGET = ImageMethod(PHOTOGRAPH, lambda batch: batch.rows["target"])
"""Method that shows the photograph of the target."""

NAME_DIGITS = 16
"""Hexadecimal digits of a study's name."""

WHITE = 255
"""8-bit value of a white pixel."""


def write_study(
    path: Path, methods: Methods, pairs: TestPairs, count: int, seed: int, names: Sequence[str] = ()
) -> Path:
    """Write the page: test pairs, each once, in an order and with sides that follow from the seed; returns its path.

    Args:
        path: the HTML file.
        methods: the methods of the workspace.
        pairs: its test pairs.
        count: most pairs that are asked about, spread evenly.
        seed: pages with other seeds ask the same in another order; their answers go together.
        names: two methods that paint, or "the photograph"; without names the last two systems that are trained.

    Raises:
        PtxError: there is no such method, or the path does not end with .html.
    """
    chosen = _choose_methods(methods, names)
    if path.suffix.lower() != ".html":
        raise PtxError(f"{path}: the page is written as .html")
    pairs = pairs.complete.spread(count)
    pictures: dict[str, str] = {}
    with torch.inference_mode():
        for batch in pairs.batches():
            pictures |= dict(_draw_pictures(batch, chosen))
    trials = _draw_trials(pairs.numbers.tolist(), pairs.persons.tolist(), [method.name for method in chosen], seed)
    study = Study(study=digest(pictures)[:NAME_DIGITS], pictures=pictures, trials=trials)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, study_page(study).encode())
    return path


def _choose_methods(methods: Methods, names: Sequence[str]) -> list[ImageMethod]:
    """The two methods of these names; the last two systems where there are none."""
    known = {method.name: method for method in (*methods.images, TARGET)}
    systems = methods.systems
    default = systems[-2:] if len(systems) > 1 else (*systems, TARGET)
    wanted = names or [method.name for method in default]
    if len(wanted) != 2 or len(set(wanted)) != 2 or not set(wanted) <= set(known):
        raise PtxError(f"--methods: two of {', '.join(known)} are needed, got {', '.join(wanted)}")
    return [known[name] for name in wanted]


def _draw_pictures(batch: PairBatch, methods: Sequence[ImageMethod]) -> Iterator[tuple[str, str]]:
    """Yield the pictures of a batch as name and data URI.

    A name is `PAIR KIND`; the kind is source, pose, or the number of a method.
    """
    columns = {"source": to_uint8(batch.rows["source"])}
    columns |= {str(number): to_uint8(method.run(batch)) for number, method in enumerate(methods)}
    paper = np.full(columns["source"].shape[1:], WHITE, np.uint8)
    columns["pose"] = np.stack([draw_skeleton(paper, pose.numpy()) for pose in batch.rows["target_keypoints"]])
    for kind, pictures in columns.items():
        for pair, picture in zip(batch.rows["pair"].tolist(), pictures, strict=True):
            yield f"{pair} {kind}", _data_uri(picture)


def _data_uri(picture: Image) -> str:
    """A picture (H, W, 3) as a PNG within a page."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(picture)).decode()}"


def _draw_trials(pairs: Sequence[int], persons: Sequence[int], methods: Sequence[str], seed: int) -> list[Trial]:
    """List every pair, of one person each, once, in a random order; each method is on the left half of the time."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pairs))
    left_methods = rng.permutation(len(pairs)) % 2
    trials: list[Trial] = []
    for position, left in zip(order.tolist(), left_methods.tolist(), strict=True):
        pair = pairs[position]
        right = 1 - left
        trials.append(
            Trial(
                pair=pair,
                person=persons[position],
                methods=[methods[left], methods[right]],
                source=f"{pair} source",
                pose=f"{pair} pose",
                left=f"{pair} {left}",
                right=f"{pair} {right}",
            )
        )
    return trials
