"""The networks of a training with their optimisers and the moving average of the main one: the state that checkpoints hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ptx.training.checkpoint import Checkpoint, flatten, flatten_optimiser, restore, restore_optimiser
from ptx.training.recipes.base import Recipe
from ptx.training.settings import TrainSettings

Tensors = tuple[Tensor, ...] | list[Tensor]

Average = Callable[[Tensors, Tensors, Tensor | int], None]
"""Moves averages (first) towards values (second) in place, after a number of updates (third)."""


class Learner:
    """The state of a training, made ready for the processes that train together.

    Args:
        recipe: makes the networks and their optimisers.
        fabric: the processes; each holds the same state.
        seed: of the initial weights and of everything that is drawn later; the same everywhere, since each process draws for all.
    """

    def __init__(self, recipe: Recipe[TrainSettings], fabric: Fabric, seed: int) -> None:
        torch.manual_seed(seed)
        self.main = recipe.main
        self.networks = recipe.networks()
        """The bare networks, by name."""
        average = _moving_average(recipe.settings.ema)
        self.average = AveragedModel(self.networks[self.main], multi_avg_fn=average, use_buffers=True)
        """Moving average of the main network, which is what is used after training."""
        self.average.to(fabric.device)
        self.prepared: dict[str, nn.Module] = {}
        """The networks as losses call them: on their device, in their precision, shared between processes."""
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        for name, network in self.networks.items():
            if fabric.device.type == "cuda":  # on a CPU, 16-bit normalisation is slow in this layout
                _to_channels_last(network)
            optimiser = recipe.optimiser(name, network)
            trained = _compiled(network) if recipe.settings.compile else network
            self.prepared[name], self.optimisers[name] = fabric.setup(trained, optimiser)
        self._rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in self.optimisers.items()}

    @property
    def averaged(self) -> nn.Module:
        """The main network with averaged weights."""
        return self.average.module

    def begin_step(self, rate_factor: float) -> None:
        """Clear the gradients, set the learning rates to a factor of those before any decay, switch to training mode."""
        for network in self.prepared.values():
            network.train()
        for name, optimiser in self.optimisers.items():
            optimiser.zero_grad(set_to_none=True)
            for group in optimiser.param_groups:
                group["lr"] = self._rates[name] * rate_factor

    def end_step(self, trained: Iterable[str]) -> None:
        """Update the networks that had a loss, then the moving average."""
        for name in trained:
            self.optimisers[name].step()
        self.average.update_parameters(self.networks[self.main])

    def tensors(self) -> dict[str, Tensor]:
        """The whole state with the random state of torch, by the names that checkpoints have."""
        tensors: dict[str, Tensor] = {"random/torch": torch.get_rng_state()}
        for name, network in self.networks.items():
            tensors |= flatten(f"net/{name}", network)
            tensors |= flatten_optimiser(f"optimiser/{name}", self.optimisers[name])
        return tensors | flatten("average", self.average)

    def load(self, checkpoint: Checkpoint, where: str) -> None:
        """Load the state of a checkpoint; `where` names it in messages.

        Raises:
            PtxError: it is of another architecture.
        """
        for name, network in self.networks.items():
            restore(network, checkpoint.section(f"net/{name}"), where)
            restore_optimiser(self.optimisers[name], checkpoint.section(f"optimiser/{name}"))
        restore(self.average, checkpoint.section("average"), where)
        torch.set_rng_state(checkpoint.tensors["random/torch"])


def _moving_average(most: float) -> Average:
    """A moving average that forgets its first steps faster: after n steps, (1 + n) / (10 + n) of it stays, `most` in the end."""

    def update(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
        n = float(count)
        get_ema_multi_avg_fn(min(most, (1 + n) / (10 + n)))(averages, values, count)

    return update


def _to_channels_last(network: nn.Module) -> None:
    """Lay out all four-dimensional tensors of a network with channels last in memory."""
    for values in (*network.parameters(), *network.buffers()):
        if values.dim() == 4:
            values.data = values.data.contiguous(memory_format=torch.channels_last)


def _compiled(network: nn.Module) -> nn.Module:
    """Compile a network when it is first called."""
    compiled = torch.compile(network)
    assert isinstance(compiled, nn.Module)
    return compiled
