"""What is compared: baselines that need no training, the trained models, and the exact truth of synthetic people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ptx.datasets.people import People
from ptx.geometry.flow import flow_between
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact
from ptx.models.generator import warp_pixels
from ptx.models.part_affine import part_affine_flow
from ptx.models.poses import pose_map
from ptx.models.warping import BACKGROUND
from ptx.pipeline.plan import Pipeline
from ptx.stages.sources import people
from ptx.training.data import Batch, PairData
from ptx.training.recipes import poses
from ptx.training.run import load_generator, load_pixel_warp, load_regressor
from ptx.training.state import TRAININGS


class Flow(NamedTuple):
    """What a method says of a batch."""

    flow: Tensor
    """(B, 2, H, W) px, target to source."""
    visibility: Tensor | None
    """(B, 1, H, W) labels, where the method gives any."""


Painter = Callable[[Batch], Tensor]
Flower = Callable[[Batch], Flow]


def flowers(pipeline: Pipeline) -> dict[str, Flower]:
    """Every method that gives flow, the simplest first."""
    regressor = load_regressor(pipeline)

    def predicted(batch: Batch) -> Flow:
        prediction = regressor(*poses(batch))
        return Flow(prediction.dense, prediction.visibility)

    return {
        "zero flow": lambda batch: Flow(torch.zeros_like(batch["flow"]), None),
        "part-affine flow": lambda batch: Flow(part_affine_flow(*poses(batch)), None),
        "predicted flow": predicted,
        "fitted flow": lambda batch: Flow(batch["flow"], batch["visibility"]),
    }


def painters(pipeline: Pipeline) -> dict[str, Painter]:
    """Every method that paints the target: the baselines first, then the trained ones that are there."""
    regressor = load_regressor(pipeline)
    generator, radius = load_generator(pipeline), pipeline.settings.train_generator.radius

    def predicted(batch: Batch) -> Flow:
        prediction = regressor(*poses(batch))
        return Flow(prediction.flow, prediction.visibility)

    def generate(batch: Batch) -> Tensor:
        pose = pose_map(batch["target_keypoints"], *batch["source"].shape[-2:], radius)
        return generator(batch["source"], pose, *predicted(batch))

    methods: dict[str, Painter] = {
        "copy the source": lambda batch: batch["source"],
        "warp by predicted flow": lambda batch: over_source(batch, *predicted(batch)),
        "warp by fitted flow": lambda batch: over_source(batch, batch["flow"], batch["visibility"]),
    }
    if pipeline.settings.data.kind == "people":
        methods["warp by true flow"] = lambda batch: over_source(batch, batch["true_flow"], batch["true_visibility"])
    methods["generator"] = generate
    if (TRAININGS["train-pixel-warp"].folder(pipeline.workspace) / "model.json").exists():
        mixer = load_pixel_warp(pipeline)
        methods["generator + pixel warping"] = lambda batch: mixer(generate(batch), batch["source"], *predicted(batch))[
            0
        ]
    return methods


def over_source(batch: Batch, flow: Tensor, visibility: Tensor | None) -> Tensor:
    """The source with its own body pixels brought where the flow says, the rest left as it is."""
    assert visibility is not None
    return torch.where(visibility < BACKGROUND, warp_pixels(batch["source"], flow, visibility), batch["source"])


def batches(pipeline: Pipeline, data: PairData, size: int = 8) -> Iterator[Batch]:
    """The pairs in order, with `true_flow` and `true_visibility` where the persons are synthetic."""
    truth = (
        Truth(people(pipeline.settings), tuple(pipeline.settings.size))
        if pipeline.settings.data.kind == "people"
        else None
    )
    for first in range(0, len(data), size):
        rows = [data[i] for i in range(first, min(first + size, len(data)))]
        batch = {k: torch.stack([row[k] for row in rows]) for k in rows[0]}
        if truth is not None:
            exact = [truth.flow(*data.pairs[first + i].tolist()) for i in range(len(rows))]
            batch["true_flow"], batch["true_visibility"] = (torch.stack([pair[k] for pair in exact]) for k in (0, 1))
        yield batch


@dataclass(frozen=True)
class Truth:
    """Exact flow of synthetic people as they are painted, with hair and loose clothes, which no stage has seen."""

    people: People
    size: tuple[int, int]

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor]:
        """Flow (2, H, W) px and visibility (1, H, W) of a pair of images."""
        faces = self.people.wearer(target).body.faces
        seen = [self.people.places(index) for index in (target, source)]
        face, bary, _ = rasterize(seen[0], faces, *self.size)
        flow = flow_between(face, bary, seen[1], faces)
        visible = visible_exact(face, bary, seen[1], faces)
        return torch.from_numpy(flow.transpose(2, 0, 1).copy()), torch.from_numpy(visible)[None]
