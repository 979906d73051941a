"""The base class of recipes, and what several of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from ptx.models.combined_flow import CarriedFlow, CombinedFlow, CombinedPrediction, FlowBlend
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.ssim import ssim
from ptx.training.augment import mirror_some
from ptx.training.context import NetworkFacts, TrainingContext
from ptx.training.data import Batch, flow_inputs
from ptx.training.settings import FLOW_TRAININGS, GivenFlowSettings, TrainSettings

S = TypeVar("S", bound=TrainSettings)
Network = TypeVar("Network", bound=nn.Module)

Losses = dict[str, dict[str, Tensor]]
"""Name of the network that a loss trains → its terms (scalars) by name."""


class TrainedNetworks(Protocol):
    """Networks that trainings have left (`ptx.training.models`)."""

    def settings(self, name: str) -> TrainSettings:
        """Return the settings that a model was trained with."""
        ...

    def network(self, name: str) -> nn.Module:
        """Return the network of a training, frozen, ready for use."""
        ...


class Recipe(ABC, Generic[S]):
    """The networks, losses and scores of a training.

    Args:
        settings: the training's section.
        facts: sizes that its networks' shapes depend on besides.
    """

    name: ClassVar[str]
    """Name as in `ptx run NAME`."""
    monitor: ClassVar[str]
    """The score that decides which checkpoint is best."""
    higher_is_better: ClassVar[bool]
    """True where the best checkpoint is the one of the highest score, False where of the lowest."""
    main: ClassVar[str]
    """Name, in `networks()`, of the network that is used after training; any others only help to train it."""

    def __init__(self, settings: S, facts: NetworkFacts) -> None:
        self.settings = settings
        self.facts = facts

    @classmethod
    def create(cls, settings: S, context: TrainingContext, models: TrainedNetworks) -> Self:
        """Make the recipe, with the trained networks that it uses.

        Raises:
            PtxError: a model that it needs is not there, or stale.
        """
        return cls(settings, NetworkFacts(context.size))

    @classmethod
    @abstractmethod
    def network(cls, settings: S, facts: NetworkFacts) -> nn.Module:
        """Return the main network, freshly initialised."""

    def networks(self) -> dict[str, nn.Module]:
        """Return all networks that are trained, freshly initialised, by name."""
        return {self.main: self.network(self.settings, self.facts)}

    def frozen(self) -> list[nn.Module]:
        """Return the trained networks that it uses, which stay as they are."""
        return []

    def notes(self) -> list[str]:
        """Return sentences for the user before training begins."""
        return []

    def vary(self, batch: Batch) -> Batch:
        """Vary a batch at random, as the settings say, before its losses: `flips` of its pairs are mirrored."""
        return mirror_some(batch, self.settings.flips)

    @abstractmethod
    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        """Return the terms of each network that is trained in this step, on the batch as `vary` gives it; their sum is minimised."""

    @abstractmethod
    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return scores (B,) of the averaged main network, by name."""

    @abstractmethod
    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        """Return the columns of a sample sheet, each (B, 3, H, W) in -1..1."""

    def optimiser(self, name: str, net: nn.Module) -> torch.optim.Adam:
        """Return Adam for one of the networks; its rate is the one before any decay."""
        s = self.settings
        return torch.optim.Adam(net.parameters(), s.learning_rate, s.betas, weight_decay=s.weight_decay, fused=True)


def load_network(models: TrainedNetworks, training: str, kind: type[Network]) -> Network:
    """Return the trained network of another training, which is of a known class.

    Raises:
        PtxError: there is none, or it is stale.
    """
    network = models.network(training)
    assert isinstance(network, kind)
    return network


def trained_settings(models: TrainedNetworks, training: str, kind: type[S]) -> S:
    """Return the settings of another training's model, which are of a known class.

    Raises:
        PtxError: there is none, or it is stale.
    """
    settings = models.settings(training)
    assert isinstance(settings, kind)
    return settings


def load_flow_network(models: TrainedNetworks, settings: GivenFlowSettings) -> FlowNet | CombinedFlow | None:
    """Return the trained network that gives the flow; None where it comes from the stores (`flow: projected`).

    Raises:
        PtxError: there is none, or it is stale.
    """
    if settings.flow == "combined":
        return load_combined_flow(models)
    training = FLOW_TRAININGS[settings.flow]
    return load_network(models, training, FlowNet) if training else None


def load_combined_flow(models: TrainedNetworks) -> CombinedFlow:
    """Return the networks of combined flow.

    Raises:
        PtxError: one of them is not there, or stale.
    """
    blend = load_network(models, "train-combined-flow", FlowBlend)
    return CombinedFlow(load_network(models, "train-pose-flow", FlowNet), blend)


def carried_flow(batch: Batch) -> CarriedFlow:
    """Flow and visibility of dressed bodies, of a batch that comes with them."""
    return CarriedFlow(batch["carried_flow"], batch["carried_visibility"])


def given_flow(flow_net: FlowNet | CombinedFlow | None, batch: Batch) -> tuple[Tensor, Tensor]:
    """Flow (B, 2, H, W) px and visibility (B, 1, H, W) labels from a frozen network, or those of the stores where there is none."""
    if flow_net is None:
        return batch["flow"], batch["visibility"]
    inputs = flow_inputs(batch)
    with torch.no_grad():
        prediction: FlowPrediction | CombinedPrediction
        prediction = flow_net(carried_flow(batch), *inputs) if isinstance(flow_net, CombinedFlow) else flow_net(*inputs)
    return prediction.flow, prediction.visibility


def picture_scores(painted: Tensor, batch: Batch) -> dict[str, Tensor]:
    """SSIM and L1 (0..1) of a painted picture (B, 3, H, W) in -1..1, and SSIM of copying the source: (B,) each."""
    target = batch["target"]
    return {
        "ssim": ssim(painted, target),
        "ssim_of_copy": ssim(batch["source"], target),
        "l1": (painted - target).abs().mean((1, 2, 3)) / 2,
    }


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """Sum of a network's terms: a scalar."""
    return torch.stack(list(terms.values())).sum()
