"""What is compared: baselines that need no training, the trained models, and the exact truth of synthetic people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ptx.datasets.people import People
from ptx.evaluation.protocols import through_jpeg
from ptx.geometry.body import load_body
from ptx.geometry.correspondence import correspond
from ptx.geometry.labels import BACKGROUND
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.painter import Painter
from ptx.inference.systems import System, assemble
from ptx.models.part_affine import part_affine_flow
from ptx.models.warping import warp_pixels
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.stages.backends.data_sets import people
from ptx.training.data import TEST, Batch, PairData, pair_data
from ptx.training.recipes.base import asked
from ptx.training.run import load_network
from ptx.training.state import PARSED, PROJECTED, TRAININGS


class Flow(NamedTuple):
    """What a method says of a batch."""

    flow: Tensor
    """(B, 2, H, W) px, target to source."""
    visibility: Tensor | None
    """(B, 1, H, W) labels, where the method gives any."""


PaintBatch = Callable[[Batch], Tensor]
Flower = Callable[[Batch], Flow]


def flowers(pipeline: Pipeline) -> dict[str, Flower]:
    """Every method that gives flow, the simplest first, the flow of the stores last."""
    methods: dict[str, Flower] = {
        "zero flow": lambda batch: Flow(torch.zeros_like(batch["source"][:, :2]), None),
        "part-affine flow": lambda batch: Flow(_part_affine(batch), None),
    }
    for name, training in (("predicted flow", "train-flow"), ("learned flow", "train-pose-flow")):
        if trained(pipeline, training):
            methods[name] = _says(load_network(pipeline, training))
    methods["flow of fitted poses"] = _says(FittedFlow(load_body(pipeline.settings.body)))
    if _projected(pipeline):
        methods["fitted flow"] = lambda batch: Flow(batch["flow"], batch["visibility"])
    return methods


def _says(net: nn.Module) -> Flower:
    last: list[tuple[Batch, Flow]] = []  # asked for its own scores and for what it warps

    def flow(batch: Batch) -> Flow:
        if not last or last[0][0] is not batch:
            prediction = net(*asked(batch))
            last[:] = [(batch, Flow(prediction.dense, prediction.visibility))]
        return last[0][1]

    return flow


def _part_affine(batch: Batch) -> Tensor:
    return part_affine_flow(batch["source_keypoints"], batch["target_keypoints"], *batch["source"].shape[-2:])


def painters(pipeline: Pipeline, flows: Mapping[str, Flower]) -> dict[str, PaintBatch]:
    """Every method that paints the target: the baselines first, then the trained ones that are there.

    `flows`: what `flowers` gives.

    Raises:
        PtxError: none is trained, or one is stale.
    """
    methods: dict[str, PaintBatch] = {"copy the source": lambda batch: batch["source"]}
    for name, flow in flows.items():
        if name not in ("zero flow", "part-affine flow"):
            methods[f"warp by {name}"] = _warps(flow)
    if pipeline.settings.data.kind == "people":
        methods["warp by true flow"] = lambda batch: over_source(batch, batch["true_flow"], batch["true_visibility"])
    paint = systems(pipeline)
    if not paint:
        raise PtxError(
            "there is no trained model to evaluate: `ptx run train-flow` and `ptx run train-generator` first"
        )
    control = {"the target as JPEG": lambda batch: through_jpeg(batch["target"])}
    return methods | control | {name: _paints(system) for name, system in paint.items()}


SYSTEMS: dict[str, tuple[System, str, bool]] = {
    "generator": ("flow", "train-generator", False),
    "generator + pixel warping": ("flow", "train-pixel-warp", True),
    "pose flow": ("pose-flow", "train-synthesis", True),
    "coarse view": ("view", "train-coarse", False),
    "view": ("view", "train-refine", True),
}
"""Method → system, the last of the trainings that it needs, and whether that one ends the system."""


def systems(pipeline: Pipeline) -> dict[str, Painter]:
    """The trained systems, each as one network, and what paints in them before their last network."""
    models = _Trained(pipeline)
    return {
        name: assemble(system, models, refined=refined)
        for name, (system, last, refined) in SYSTEMS.items()
        if trained(pipeline, last)
    }


@dataclass(frozen=True)
class _Trained:
    """The networks of a workspace, none of them stale; each is read once."""

    pipeline: Pipeline
    known: dict[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return trained(self.pipeline, name)

    def read(self, name: str) -> tuple[Any, dict[str, Any]]:
        if name not in self.known:
            self.known[name] = load_network(self.pipeline, name)
        return self.known[name], getattr(self.pipeline.settings, TRAININGS[name].section).model_dump()

    def fitted(self) -> FittedFlow:
        return FittedFlow(load_body(self.pipeline.settings.body))


def trained(pipeline: Pipeline, name: str) -> bool:
    """Whether a training stage has left a model."""
    return (TRAININGS[name].folder(pipeline.results) / "model.json").exists()


def pairs_to_test(pipeline: Pipeline) -> PairData:
    """The test pairs, with all that the trained models read, and garments where they are known."""
    reads = [TRAININGS[name].reads for name in TRAININGS if trained(pipeline, name)] or [PROJECTED]
    if pipeline.plan(pipeline.stage("parse")).condition == "done":
        reads.append(PARSED)
    return pair_data(pipeline, TEST, tuple(dict.fromkeys(name for names in reads for name in names)))


def _projected(pipeline: Pipeline) -> bool:
    return any(trained(pipeline, name) and "synth-flow" in TRAININGS[name].reads for name in TRAININGS)


def _warps(flow: Flower) -> PaintBatch:
    return lambda batch: over_source(batch, *flow(batch))


def _paints(system: nn.Module) -> PaintBatch:
    return lambda batch: system(batch["source"], batch["source_keypoints"], batch["target_keypoints"]).picture


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
        flow, visible = correspond(*seen, faces, *self.size)
        return torch.from_numpy(flow.transpose(2, 0, 1).copy()), torch.from_numpy(visible)[None]
