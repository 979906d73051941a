"""Two processes with half a batch each compute what PyTorch computes of the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, multiprocessing, nn

from ptx.models.distributed import BatchNorm, draw_global, weighted_mean


def whole() -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (6, 4, 5, 5), far from zero mean, and what the outputs and pixels are weighted by, different in both halves."""
    torch.manual_seed(3)
    x = torch.randn(6, 4, 5, 5) * torch.tensor([1.0, 5.0, 0.1, 2.0])[:, None, None] + 10
    return x, torch.randn(6, 4, 5, 5), (torch.rand(6, 1, 5, 5) > 0.7).float() * torch.arange(6)[:, None, None, None]


def loss(norm: nn.Module, x: Tensor, factors: Tensor) -> Tensor:
    return (norm(x) * factors).square().mean()


def half(rank: int, folder: str) -> None:
    """What one of the two processes finds, as a file."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    x, factors, weight = (part[rank::2] for part in whole())
    x, norm = x.clone().requires_grad_(), BatchNorm(4)
    error = loss(norm, x, factors)
    error.backward()
    torch.manual_seed(7)
    found = {
        "out": norm.eval()(x), "x": x.grad, "mean": norm.running_mean, "variance": norm.running_var, "loss": error,
        "weight": norm.weight.grad, "weighted": weighted_mean(x, weight), "drawn": draw_global(lambda n: torch.rand(n, 2), 3),
    }  # fmt: skip
    torch.save({k: v.detach() for k, v in found.items() if v is not None}, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_two_halves_are_the_whole(tmp_path: Path) -> None:
    multiprocessing.spawn(half, (str(tmp_path),), nprocs=2)  # type: ignore[attr-defined]
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    x, factors, weight = whole()
    x, norm = x.requires_grad_(), nn.BatchNorm2d(4)
    loss(norm, x, factors).backward()
    assert x.grad is not None
    assert norm.weight.grad is not None
    torch.manual_seed(7)
    random, out = torch.rand(6, 2), norm.eval()(x)
    for rank, mine in enumerate(found):
        assert torch.equal(mine["drawn"], random[rank::2])
        torch.testing.assert_close(mine["mean"], norm.running_mean)
        torch.testing.assert_close(mine["variance"], norm.running_var)
        torch.testing.assert_close(mine["out"], out[rank::2].detach())
        torch.testing.assert_close(mine["x"] / 2, x.grad[rank::2], rtol=1e-3, atol=1e-6)  # the loss is the mean of both
    both = {k: (found[0][k] + found[1][k]) / 2 for k in ("weight", "weighted", "loss")}
    torch.testing.assert_close(both["weight"], norm.weight.grad)
    torch.testing.assert_close(both["weighted"], (x * weight).sum().detach() / weight.sum())
    norm.train()
    torch.testing.assert_close(both["loss"], loss(norm, x, factors).detach())
