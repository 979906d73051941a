"""Batch norm, means and random draws over the global batch, so that results do not depend on the number of processes.

Every rank holds every `world_size()`-th pair of the batch and starts with the same random state. On one process all of this is what
torch does by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch import distributed as group
from torch.autograd.function import FunctionCtx


def world_size() -> int:
    """Number of processes that train together."""
    return group.get_world_size() if group.is_available() and group.is_initialized() else 1


def draw_global(draw: Callable[[int], Tensor], count: int) -> Tensor:
    """Random rows (count, ...) for this rank's share of the batch; `draw(n)` gives rows (n, ...) for the whole of it.

    Every rank draws for all, so that their random states stay the same.
    """
    if world_size() == 1:
        return draw(count)
    return draw(count * world_size())[group.get_rank() :: world_size()]


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Sum of values * weight over the sum of weights (at least 1): a scalar whose mean over ranks is that of the global batch."""
    total = weight.sum() if world_size() == 1 else _all_reduce(weight.sum()) / world_size()
    return (values * weight).sum() / total.clamp(min=1 / world_size())


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation over the global batch, of which every rank has the same share; torch's own does this on GPUs only."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape and type; statistics are float32."""
        if not self.training or world_size() == 1:
            return super().forward(x)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        wide = x.float()
        own = torch.stack(torch.var_mean(wide, (0, 2, 3), correction=0))  # (2, C)
        variances, means = _gather(own).unbind(1)  # (ranks, C) each
        mean = means.mean(0)
        variance = (variances + (means - mean).square()).mean(0)
        count = x.numel() // x.shape[1] * world_size()
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        normalised = (wide - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]
        return normalised.to(x.dtype)


def _gather(own: Tensor) -> Tensor:
    """(...) of each rank → (ranks, ...) on every rank; gradients flow back to where they belong."""
    slots = own.new_zeros(world_size(), *own.shape)
    slots[group.get_rank()] = own
    gathered: Tensor = _AllReduce.apply(slots)
    return gathered


class _AllReduce(torch.autograd.Function):
    """Sum over ranks, whose gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:  # noqa: ARG004
        return _all_reduce(x)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        return _all_reduce(gradients[0])


def _all_reduce(x: Tensor) -> Tensor:
    total = x.detach().clone(memory_format=torch.contiguous_format)
    group.all_reduce(total)
    return total
