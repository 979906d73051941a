"""`ptx study`: people choose between the pictures of two methods, and what their answers come to."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ptx.evaluation.methods import PaintBatch, batches, flowers, painters, pairs_to_test, systems
from ptx.evaluation.published_figures import FIGURES
from ptx.evaluation.study_page import page
from ptx.evaluation.tables import interval
from ptx.models.pixels import to_uint8
from ptx.pictures.draw import draw_skeleton
from ptx.pictures.png import encode_png
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.durable import write_atomic
from ptx.training.data import PairData

PHOTOGRAPH = "the photograph"
"""What shows the target as it is: against it people say what they take for real."""

LARGEST = 10_000_000
"""Bytes of a file of answers, at most."""


def write_study(pipeline: Pipeline, path: Path, count: int, seed: int, methods: Sequence[str] = ()) -> Path:
    """Write the page: `count` test pairs, spread evenly, each once, in an order and on sides that follow from the seed.

    Args:
        pipeline: the workspace of the trained models.
        path: the HTML file.
        count: pairs.
        seed: pages of other seeds ask the same in another order; their answers go together.
        methods: two names of `ptx evaluate`, or "the photograph"; the last two systems that are trained where none is given.

    Raises:
        PtxError: a method is not there, or a model is missing or stale.
    """
    known = painters(pipeline, flowers(pipeline)) | {PHOTOGRAPH: lambda batch: batch["target"]}
    trained = list(systems(pipeline))
    chosen = methods or (trained[-2:] if len(trained) > 1 else [*trained, PHOTOGRAPH])
    if len(set(chosen)) != 2 or not set(chosen) <= set(known):
        raise PtxError(f"--methods: two of {', '.join(known)} are needed, got {', '.join(chosen)}")
    if path.suffix.lower() != ".html":
        raise PtxError(f"{path}: the page is written as .html")
    data = pairs_to_test(pipeline).some(count)
    pictures = _pictures(pipeline, data, {name: known[name] for name in chosen})
    document = {"study": digest(pictures)[:16], "pictures": pictures, "trials": _trials(data, chosen, seed)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, page(document).encode())
    return path


def _pictures(pipeline: Pipeline, data: PairData, methods: Mapping[str, PaintBatch]) -> dict[str, str]:
    """PNGs as data URIs, `PAIR KIND`: the kind is source, pose, 0 or 1 (the number of the method)."""
    out: dict[str, str] = {}
    with torch.inference_mode():
        for batch in batches(pipeline, data):
            shown = {"source": to_uint8(batch["source"])}
            shown |= {str(number): to_uint8(paint(batch)) for number, paint in enumerate(methods.values())}
            paper = np.full(shown["source"].shape[1:], 255, np.uint8)
            shown["pose"] = np.stack([draw_skeleton(paper, one.numpy()) for one in batch["target_keypoints"]])
            for kind, images in shown.items():
                for pair, image in zip(batch["pair"].tolist(), images, strict=True):
                    code = base64.b64encode(encode_png(image)).decode()
                    out[f"{pair} {kind}"] = f"data:image/png;base64,{code}"
    return out


def _trials(data: PairData, methods: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Every pair once; each method is on the left half of the time."""
    rng = np.random.default_rng(seed)
    order, sides = rng.permutation(len(data)), rng.permutation(len(data)) % 2
    out = []
    for place, first in zip(order.tolist(), sides.tolist(), strict=True):
        pair, left, right = int(data.numbers[place]), first, 1 - first
        names = {
            "source": f"{pair} source",
            "pose": f"{pair} pose",
            "left": f"{pair} {left}",
            "right": f"{pair} {right}",
        }
        out.append({"pair": pair, "methods": [methods[left], methods[right]], **names})
    return out


class Answer(BaseModel):
    """One choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pair: int
    left: str = Field(max_length=100)
    right: str = Field(max_length=100)
    chosen: Literal["left", "right"]
    seconds: float = Field(ge=0)


class Answers(BaseModel):
    """What the page saves: one person's choices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field(max_length=100)
    answers: list[Answer]


def read_answers(path: Path) -> Answers:
    """One file of answers; it comes from somebody else, so nothing in it is believed.

    Raises:
        PtxError: it is not there, too large, or not what the page saves.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise PtxError(f"{path}: is larger than any file of answers")
        found = Answers.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PtxError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise PtxError(f"{path}: is no file of answers: {where}: {first['msg']}") from None
    if not found.answers:
        raise PtxError(f"{path}: holds no answers")
    return found


@dataclass(frozen=True)
class Preference:
    """What the answers of one study come to."""

    people: int
    answers: int
    votes: dict[str, NDArray[np.float64]]
    """Method → its share of the votes on each pair."""
    left: float
    """Share of answers that chose the left picture: far from a half, people did not look."""

    def lines(self) -> list[str]:
        """Rates with 95 % intervals, as Markdown."""
        pairs = len(next(iter(self.votes.values())))
        out = [
            f"{self.people} people, {self.answers} answers on {pairs} pairs; {self.left:.0%} chose the left picture",
            "",
        ]
        out += ["| method | preferred (95 %) |", "|---|---|"]
        out += ["| {} | {:.1%} ({:.1%} to {:.1%}) |".format(name, *interval(v)) for name, v in self.votes.items()]
        if PHOTOGRAPH in self.votes:
            out += [
                "",
                "Others, in studies of another design, on how many painted pictures were taken for photographs:",
                "",
            ]
            out += [
                f"- {f.value:.1%}: {f.method} on {f.data} ({f.source})" for f in FIGURES if f.metric == "taken_for_real"
            ]
        return out


def preference(files: Sequence[Answers]) -> Preference:
    """Score the answers of one or several people; the interval is over pairs, each with the share of its votes.

    Raises:
        PtxError: they are not of one study.
    """
    answers = [answer for one in files for answer in one.answers]
    methods = sorted({name for answer in answers for name in (answer.left, answer.right)})
    if len({one.study for one in files}) > 1 or len(methods) != 2 or any(a.left == a.right for a in answers):
        raise PtxError("these are answers of several studies: score each alone")
    votes: dict[int, list[int]] = {}
    for answer in answers:
        winner = answer.left if answer.chosen == "left" else answer.right
        votes.setdefault(answer.pair, []).append(methods.index(winner))
    second = np.array([np.mean(votes[pair]) for pair in sorted(votes)])
    left = float(np.mean([answer.chosen == "left" for answer in answers]))
    return Preference(len(files), len(answers), {methods[0]: 1 - second, methods[1]: second}, left)
