"""The methods that are compared: baselines that need no training, and whatever is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from ptx.evaluation.pairs import Flow, LabelledFlow, PairBatch, TestPairs
from ptx.evaluation.protocols import CPU, through_jpeg
from ptx.geometry.body import load_body
from ptx.geometry.labels import BACKGROUND
from ptx.inference.dressed_flow import CombinedOnTheSpot, DressedFlow
from ptx.inference.dresser import Dresser
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.painter import Painter, Regressor
from ptx.inference.systems import assemble
from ptx.models.flow_net import FlowNet
from ptx.models.part_affine import part_affine_flow
from ptx.models.warping import warp_pixels
from ptx.pipeline.errors import PtxError
from ptx.training.data import BatchField
from ptx.training.models import TrainedModels
from ptx.training.recipes.base import load_combined_flow
from ptx.training.systems import SystemName

Output = TypeVar("Output", covariant=True)


@dataclass(frozen=True)
class Method(Generic[Output]):
    """A row of the tables: a way to get flow, or pictures of the target, for a batch of pairs."""

    name: str
    run: Callable[[PairBatch], Output]
    needs: tuple[BatchField, ...] = ()
    """Fields without which a pair is not scored by it, beside pictures and keypoints."""


FlowMethod = Method[Flow]
"""Gives flow from target to source."""

ImageMethod = Method[Tensor]
"""Paints the targets: (B, 3, H, W) in -1..1."""

FLOW_NETWORKS = {"regressed (A)": "train-flow", "learned (B)": "train-pose-flow"}
"""Flow method → the training whose network gives the flow."""


class SystemMethod(NamedTuple):
    """A row that declares a trained system, or what paints in it before its last network, as a method."""

    name: str
    system: SystemName
    needs: str
    """The last training of what it uses; without its model the method is left out."""
    refined: bool
    """True with the system's last network."""


SYSTEM_METHODS = (
    SystemMethod("generator", "flow", "train-generator", refined=False),
    SystemMethod("generator + pixel warping", "flow", "train-pixel-warp", refined=True),
    SystemMethod("pose flow", "pose-flow", "train-synthesis", refined=True),
    SystemMethod("coarse view", "view", "train-coarse", refined=False),
    SystemMethod("view", "view", "train-refine", refined=True),
)
"""The trained systems, in the order of the tables."""


@dataclass(frozen=True)
class Methods:
    """The methods of a workspace, in the order of the tables."""

    baseline_flow: tuple[FlowMethod, ...]
    """Methods whose flow comes without visibility."""
    labelled_flow: tuple[Method[LabelledFlow], ...]
    """Methods that give flow with visibility."""
    baselines: tuple[ImageMethod, ...]
    """Methods that paint without a system: copying, warping, and the target itself as a control."""
    systems: tuple[ImageMethod, ...]
    """What paints people: the surface engine, where the stores have what it needs, then the trained systems, the simplest first."""

    @property
    def flow(self) -> tuple[FlowMethod, ...]:
        """All methods that give flow, the simplest first."""
        return (*self.baseline_flow, *self.labelled_flow)

    @property
    def images(self) -> tuple[ImageMethod, ...]:
        """All methods that paint."""
        return (*self.baselines, *self.systems)


def open_methods(
    models: TrainedModels,
    pairs: TestPairs,
    body: str,
    device: torch.device = CPU,
    surface: Method[Tensor] | None = None,
) -> Methods:
    """Open the baselines and whatever is trained; each network is read once.

    Args:
        models: the trained models.
        pairs: the pairs that methods will be asked for, which come with stored and with exact flow or without.
        body: the body model that is fitted to keypoints, as for `load_body`.
        device: where the networks run.
        surface: the surface engine, where it can paint.

    Raises:
        PtxError: nothing paints, or a model is stale or damaged.
    """
    labelled = open_flow_methods(models, pairs, body, device)
    systems = [
        Method(row.name, _painted_by(assemble(row.system, models, refined=row.refined).to(device)))
        for row in SYSTEM_METHODS
        if models.exists(row.needs)
    ]
    if surface is not None:
        systems.insert(0, surface)
    if not systems:
        raise PtxError(
            "there is no trained model to evaluate: `ptx run train-flow` and `ptx run train-generator` first"
        )
    exact = [Method("ground truth", _exact_flow)] if pairs.truth is not None else []
    warps = [Method(f"warp by {method.name}", _warped_by(method), method.needs) for method in (*labelled, *exact)]
    return Methods(
        baseline_flow=baseline_flow_methods(),
        labelled_flow=labelled,
        baselines=(Method("copy the source", _source), *warps, Method("the target as JPEG", _target_as_jpeg)),
        systems=tuple(systems),
    )


def baseline_flow_methods() -> tuple[FlowMethod, ...]:
    """Return the methods whose flow needs neither a network nor a body."""
    return (Method("zero flow", _zero_flow), Method("part-affine flow", _part_affine_flow))


def open_flow_methods(
    models: TrainedModels, pairs: TestPairs, body: str, device: torch.device = CPU
) -> tuple[Method[LabelledFlow], ...]:
    """Open the methods that give flow with visibility, that of the stores last; arguments as for `open_methods`.

    Raises:
        PtxError: a model is stale or damaged.
    """
    methods = [
        Method(name, _predicted_by(_flow_net(models, training).to(device)))
        for name, training in FLOW_NETWORKS.items()
        if models.exists(training)
    ]
    fitted = load_body(body)
    if models.exists("train-combined-flow"):
        dressed = DressedFlow(Dresser(fitted))
        combined = CombinedOnTheSpot(dressed, load_combined_flow(models)).to(device)
        methods.append(Method("projected from dressed fits", _predicted_by(dressed)))
        methods.append(Method("combined", _predicted_by(combined)))
    methods.append(Method("projected from fits to keypoints", _predicted_by(FittedFlow(fitted))))
    if pairs.has_stored_flow:
        methods.append(Method("projected, stored", _stored_flow, ("flow", "visibility")))
    return tuple(methods)


def warp_body(source: Tensor, flow: LabelledFlow) -> Tensor:
    """Move the body pixels of the source (B, 3, H, W) to where the flow says; the rest is left as it is."""
    warped = warp_pixels(source, flow.flow, flow.visibility)
    return torch.where(flow.visibility < BACKGROUND, warped, source)


def _flow_net(models: TrainedModels, training: str) -> FlowNet:
    network = models.network(training)
    if not isinstance(network, FlowNet):
        raise TypeError(f"{training} trains a {type(network).__name__}, not a FlowNet")
    return network


def _zero_flow(batch: PairBatch) -> Flow:
    return Flow(torch.zeros_like(batch.rows["source"][:, :2]), None)


def _part_affine_flow(batch: PairBatch) -> Flow:
    rows = batch.rows
    size = rows["source"].shape[-2:]
    return Flow(part_affine_flow(rows["source_keypoints"], rows["target_keypoints"], *size), None)


def _predicted_by(network: Regressor) -> Callable[[PairBatch], LabelledFlow]:
    def run(batch: PairBatch) -> LabelledFlow:
        prediction = batch.predict(network)
        return LabelledFlow(prediction.dense, prediction.visibility)

    return run


def _stored_flow(batch: PairBatch) -> LabelledFlow:
    return LabelledFlow(batch.rows["flow"], batch.rows["visibility"])


def _exact_flow(batch: PairBatch) -> LabelledFlow:
    if batch.truth is None:
        raise ValueError("the batch has no exact flow")
    return batch.truth


def _source(batch: PairBatch) -> Tensor:
    return batch.rows["source"]


def _target_as_jpeg(batch: PairBatch) -> Tensor:
    return through_jpeg(batch.rows["target"])


def _warped_by(method: Method[LabelledFlow]) -> Callable[[PairBatch], Tensor]:
    def run(batch: PairBatch) -> Tensor:
        return warp_body(batch.rows["source"], method.run(batch))

    return run


def _painted_by(painter: Painter) -> Callable[[PairBatch], Tensor]:
    def run(batch: PairBatch) -> Tensor:
        rows = batch.rows
        flow = batch.predict(painter.regressor)
        inputs = (rows["source"], rows["source_keypoints"], rows["target_keypoints"])
        picture, _ = painter.picture(*inputs, flow.flow, flow.visibility)
        return picture

    return run
