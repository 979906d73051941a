"""What processes that train one network on shares of one batch need of each other, so that they compute what one would.

A process takes every so many-th pair of the batch. What is normalised or averaged over the whole batch is so over all shares,
and what is drawn at random is drawn for the whole batch by each. With one process everything here does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as group


def processes() -> int:
    """How many processes train together."""
    return group.get_world_size() if group.is_available() and group.is_initialized() else 1


def drawn(draw: Callable[[int], Tensor], count: int) -> Tensor:
    """Random rows (count, ...) of this process's pairs: `draw` gives so many for all processes, whose random state is the same."""
    if processes() == 1:
        return draw(count)
    return draw(count * processes())[group.get_rank() :: processes()]


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Sum of values * weight over the sum of weights, at least 1: a scalar whose mean over processes is that of the whole batch."""
    total = weight.sum() if processes() == 1 else _summed(weight.sum()) / processes()
    return (values * weight).sum() / total.clamp(min=1 / processes())


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the pairs of all processes; every one has as many (PyTorch's own does this on GPUs only)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same, in its own type; statistics are 32-bit."""
        if not self.training or processes() == 1:
            return super().forward(x)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        wide = x.float()
        own = torch.stack(torch.var_mean(wide, (0, 2, 3), correction=0))
        variances, means = _of_all(own).unbind(1)  # (processes, C) each
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        count = x.numel() // x.shape[1] * processes()
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        shaped = (v[:, None, None] for v in (mean, scale, self.bias))
        middle, factor, offset = shaped
        return ((wide - middle) * factor + offset).to(x.dtype)


def _of_all(own: Tensor) -> Tensor:
    """(...) of each process → (processes, ...), through which gradients flow back."""
    places = own.new_zeros(processes(), *own.shape)
    places[group.get_rank()] = own
    return _Sum.apply(places)


class _Sum(torch.autograd.Function):
    """Sum over processes, whose gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ARG004
        return _summed(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ARG004
        return _summed(gradient)


def _summed(x: Tensor) -> Tensor:
    total = x.detach().clone(memory_format=torch.contiguous_format)
    group.all_reduce(total)
    return total
