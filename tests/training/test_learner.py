"""Networks, optimisers and moving average: their state comes back bit for bit, and what a step changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import read_checkpoint, write_checkpoint
from ptx.training.context import NetworkFacts
from ptx.training.data import Batch
from ptx.training.learner import Learner, _to_channels_last
from ptx.training.recipes.base import Losses, Recipe, total
from ptx.training.settings import TrainSettings


class TwoNetworks(Recipe[TrainSettings]):
    """Two small networks, of which the first is used later."""

    name = "train-two"
    monitor = "loss"
    higher_is_better = False
    main = "first"

    @classmethod
    def network(cls, settings: TrainSettings, facts: NetworkFacts) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, settings.base_channels, 3, padding=1), nn.BatchNorm2d(settings.base_channels))

    def networks(self) -> dict[str, nn.Module]:
        return super().networks() | {"second": nn.Conv2d(3, 1, 1)}

    def losses(self, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        out: Losses = {"first": {"square": nets["first"](batch["target"]).square().mean()}}
        if step > 0:
            out["second"] = {"square": nets["second"](batch["target"]).square().mean()}
        return out

    def scores(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return {"loss": net(batch["target"]).square().mean((1, 2, 3))}

    def pictures(self, net: nn.Module, batch: Batch) -> list[Tensor]:
        return [batch["target"]]


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def learner(fabric: Fabric, seed: int = 0, **settings: object) -> tuple[TwoNetworks, Learner]:
    recipe = TwoNetworks(TrainSettings.model_validate({"base_channels": 4, **settings}), NetworkFacts((8, 8)))
    return recipe, Learner(recipe, fabric, seed)


def step(recipe: TwoNetworks, state: Learner, number: int, factor: float = 1.0) -> None:
    batch: Batch = {"target": torch.randn(2, 3, 8, 8)}
    state.begin_step(factor)
    losses = recipe.losses(state.prepared, batch, number)
    for terms in losses.values():
        total(terms).backward()
    state.end_step(losses)


def test_a_loaded_state_goes_on_bit_for_bit(tmp_path: Path, fabric: Fabric) -> None:
    recipe, state = learner(fabric)
    for number in range(3):
        step(recipe, state, number)
    write_checkpoint(tmp_path / "c", state.tensors(), {})
    step(recipe, state, 3)
    _, other = learner(fabric, seed=1)
    other.load(read_checkpoint(tmp_path / "c"), "c")
    step(recipe, other, 3)
    assert all(torch.equal(value, other.tensors()[name]) for name, value in state.tensors().items())
    _, larger = learner(fabric, base_channels=5)
    with pytest.raises(PtxError, match="c is of another architecture"):
        larger.load(read_checkpoint(tmp_path / "c"), "c")


def test_the_seed_gives_the_initial_weights(fabric: Fabric) -> None:
    first, second, other = (learner(fabric, seed)[1].tensors() for seed in (0, 0, 1))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert not torch.equal(first["net/first/0.weight"], other["net/first/0.weight"])


def test_a_network_without_a_loss_stays_as_it_is(fabric: Fabric) -> None:
    recipe, state = learner(fabric)
    before = {name: value.clone() for name, value in state.tensors().items()}
    step(recipe, state, 0)
    after = state.tensors()
    assert torch.equal(before["net/second/weight"], after["net/second/weight"])
    assert not torch.equal(before["net/first/0.weight"], after["net/first/0.weight"])


def test_a_weight_that_no_loss_reaches_in_a_step_stays_as_it_is(fabric: Fabric) -> None:
    """Adam's momentum of steps before does not move it: its gradient is none, not 0."""
    recipe, state = learner(fabric)
    step(recipe, state, 0)
    before = state.tensors()["net/first/0.weight"].clone()
    state.begin_step(1.0)
    state.networks["first"].get_parameter("1.weight").sum().backward()
    state.end_step(["first"])
    assert torch.equal(before, state.tensors()["net/first/0.weight"])


def test_the_average_follows_the_main_network(fabric: Fabric) -> None:
    """Faster at first: after n updates (1 + n) / (10 + n) of it stays; `ema` of it in the end."""
    recipe, state = learner(fabric, ema=0.5)
    expected = None
    for number in range(12):
        step(recipe, state, number)
        weight = state.networks["first"][0].weight.detach()  # type: ignore[index]
        kept = min(0.5, (1 + number) / (10 + number))
        expected = weight.clone() if expected is None else expected + (weight - expected) * (1 - kept)
    averaged = state.averaged[0].weight  # type: ignore[index]
    torch.testing.assert_close(averaged, expected)


def test_channels_last_is_torchs_own_layout() -> None:
    make = lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 2))  # noqa: E731
    ours, theirs = make(), make().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _to_channels_last(ours)
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert a.stride() == b.stride()


def test_rates_are_fractions_of_the_first_ones(fabric: Fabric) -> None:
    recipe, state = learner(fabric, learning_rate=0.1)
    for factor in (0.5, 0.25):
        step(recipe, state, 0, factor)
        assert [group["lr"] for group in state.optimisers["first"].param_groups] == [0.1 * factor]
