"""The systems that paint, put together from trained networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from ptx.inference.dressed_flow import CombinedOnTheSpot, DressedFlow
from ptx.inference.dresser import Dresser
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.painter import FlowPainter, Painter, PoseFlowPainter, Regressor, ViewPainter
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.training.models import TrainedModels
from ptx.training.recipes.base import load_combined_flow
from ptx.training.settings import FLOW_TRAININGS, GivenFlowSettings, PoseMapSettings
from ptx.training.systems import SystemName, find_system

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class PainterRow:
    """A row of `PAINTERS`: how a system's networks are joined."""

    needs: tuple[str, ...]
    """Trainings without whose models it does not paint, besides the one that gives the flow; the first is the main one."""
    optional: tuple[str, ...]
    """Trainings whose models it uses where they are there."""
    build: Callable[[TrainedModels, bool], Painter]
    """Joins the networks; with False, those that paint before the last one."""


def assemble(system: SystemName, models: TrainedModels, *, refined: bool = True) -> Painter:
    """Join the networks of a system, frozen, ready for use.

    Args:
        system: its name.
        models: gives the trained networks.
        refined: False leaves out the system's last network.

    Raises:
        PtxError: there is no such system; or a model is missing, damaged, stale or of another architecture.
    """
    return PAINTERS[find_system(system).name].build(models, refined).eval().requires_grad_(False)


def _build_flow(models: TrainedModels, refined: bool) -> Painter:
    generator = _network(models, "train-generator", Generator)
    use_mixer = refined and models.exists("train-pixel-warp")
    mixer = _network(models, "train-pixel-warp", PixelWarp) if use_mixer else None
    flow, radius = _flow(models, "train-generator"), _radius(models, "train-generator")
    dresser = Dresser(models.body("train-generator")) if generator.surface else None
    return FlowPainter(flow, generator, mixer, radius, dresser)


def _build_pose_flow(models: TrainedModels, refined: bool) -> Painter:
    if not refined:
        raise ValueError("pose-flow paints with its last network only")
    garments = _network(models, "train-garment", GarmentNet)
    synthesis = _network(models, "train-synthesis", SynthesisNet)
    flow = _flow(models, "train-synthesis")
    return PoseFlowPainter(flow, garments, synthesis, _radius(models, "train-garment"))


def _build_view(models: TrainedModels, refined: bool) -> Painter:
    last = "train-refine" if refined else "train-coarse"
    coarse = _network(models, "train-coarse", CoarseNet)
    refine = _network(models, "train-refine", RefineNet) if refined else None
    return ViewPainter(_flow(models, last), coarse, refine, _radius(models, "train-coarse"))


PAINTERS: dict[SystemName, PainterRow] = {
    "flow": PainterRow(("train-generator",), ("train-pixel-warp",), _build_flow),
    "pose-flow": PainterRow(("train-synthesis", "train-garment"), (), _build_pose_flow),
    "view": PainterRow(("train-refine", "train-coarse"), (), _build_view),
}
"""System → row."""


def _network(models: TrainedModels, training: str, kind: type[N]) -> N:
    """Return the network of a training, whose class is known to be `kind`."""
    network = models.network(training)
    if not isinstance(network, kind):
        raise TypeError(f"{training} trains a {type(network).__name__}, not a {kind.__name__}")
    return network


def _radius(models: TrainedModels, training: str) -> float:
    """Return the radius of the discs in the pose maps of a training whose network sees such, px."""
    settings = models.settings(training)
    if not isinstance(settings, PoseMapSettings):
        raise TypeError(f"{training} draws no pose maps")
    return settings.radius


def _flow(models: TrainedModels, painting: str) -> Regressor:
    """Return what gives the flow that the network of a training paints by: a trained network, or bodies fitted on the spot."""
    settings = models.settings(painting)
    source = settings.flow if isinstance(settings, GivenFlowSettings) else "projected"
    training = FLOW_TRAININGS[source]
    if source == "combined":
        return CombinedOnTheSpot(DressedFlow(Dresser(models.body("train-combined-flow"))), load_combined_flow(models))
    return _network(models, training, FlowNet) if training else FittedFlow(models.body(painting))
