"""The training loop on a tiny workspace: exact resume, signals, losses that are not finite, what is the best model."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.pipeline.signals import REQUEUE, Interrupted
from ptx.training.data import Batch
from ptx.training.loop import Trainer, learning_rate_factor
from ptx.training.recipes.appearance_flow import FlowRecipe
from ptx.training.recipes.base import Losses
from tests.training.tiny import TINY, train, weights


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Make SIGTERM arrive in the middle of a step, once."""
    plain = Trainer.take_step

    def interrupted(self: Trainer, batch: Batch) -> dict[str, float]:
        if self.step == step:
            monkeypatch.setattr(Trainer, "take_step", plain)
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(self, batch)

    monkeypatch.setattr(Trainer, "take_step", interrupted)


GAN = (
    "train_generator.flow=projected", "train_generator.adversarial=0.01", "train_generator.adversarial_from=2",
    "train_generator.save_every=3",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "more"), [("train-flow", ("train_flow.shift=[9, 5]",)), ("train-generator", GAN)])
def test_interrupted_and_resumed_is_uninterrupted(
    work: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: tuple[str, ...]
) -> None:
    """Bit for bit: weights, moments, averages, random state; with a rate that falls and targets moved at random."""
    model = name.removeprefix("train-")
    train(work, name, 8, *more)
    whole = weights(work, model, 8)
    assert any(key.startswith("optimiser/discriminator") for key in whole) == (more is GAN)
    (work / "models" / model).rename(work / "models" / "whole")
    interrupt(monkeypatch, 4)
    with pytest.raises(Interrupted):
        train(work, name, 8, *more)
    train(work, name, 8, *more)
    assert all(torch.equal(value, whole[key]) for key, value in weights(work, model, 8).items())
    assert not train(work, name, 8, *more).trained
    logs = [(work / "models" / folder / "log.csv").read_text() for folder in ("whole", model)]
    assert [line for line in logs[0].splitlines() if "validation/" not in line] == [
        line for line in logs[1].splitlines() if "validation/" not in line
    ]


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 5])
def test_no_score_is_left_out_for_a_signal(work: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Steps 4 and 6 are validated, which a signal in the middle of them puts off or cannot: the last one is not come back to."""
    more = ("train_flow.save_every=4",)
    train(work, "train-flow", 6, *more)
    whole = (work / "models" / "flow" / "log.csv").read_text()
    assert any(line.startswith("4,validation/") for line in whole.splitlines())
    (work / "models" / "flow").rename(work / "models" / "whole")
    interrupt(monkeypatch, step)
    with pytest.raises(Interrupted):
        train(work, "train-flow", 6, *more)
    train(work, "train-flow", 6, *more)
    assert (work / "models" / "flow" / "log.csv").read_text() == whole


@pytest.mark.slow
def test_a_signal_saves_and_asks_for_requeue(work: Path) -> None:
    """The true command: SIGTERM to all its processes, as SLURM sends it, exit code 75, the next run goes on."""
    settings = [
        f"workspace={work}",
        "cluster.kind=serial",
        "body=small",
        *TINY,
        "train_flow.steps=100000",
        "train_flow.workers=1",
    ]
    command = [sys.executable, "-m", "ptx.cli", "run", "train-flow", "-c", os.devnull]
    process = subprocess.Popen(
        [*command, *(x for s in settings for x in ("--set", s))],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    log = work / "models" / "flow" / "log.csv"
    while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) > 10):
        pass
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == REQUEUE == 75
    assert process.stderr is not None
    assert "the same command goes on from here" in process.stderr.read()
    assert list((work / "models" / "flow" / "checkpoints").glob("*.json"))


def test_full_gpu_ends_in_one_line(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(FlowRecipe, "losses", full)
    with pytest.raises(
        PtxError, match=r"memory is full at step 0: raise accumulate \(now 1\), or lower batch or base_channels"
    ):
        train(work, "train-flow", 4)


@pytest.mark.slow
def test_loss_that_is_not_finite_names_the_pairs_and_keeps_the_checkpoint(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(work, "train-flow", 4)
    before = weights(work, "flow", 4)
    plain = FlowRecipe.losses

    def broken(self: FlowRecipe, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        losses = plain(self, nets, batch, step)
        return {"flow": {"flow": losses["flow"]["flow"] * (float("nan") if step == 6 else 1)}}

    monkeypatch.setattr(FlowRecipe, "losses", broken)
    with pytest.raises(PtxError, match=r"the loss of flow is nan at step 6 \(pairs \[.*last good checkpoint is step 4"):
        train(work, "train-flow", 8)
    assert all(torch.equal(value, before[name]) for name, value in weights(work, "flow", 4).items())


@pytest.mark.slow
def test_old_checkpoints_go(work: Path) -> None:
    train(work, "train-flow", 10, "train_flow.save_every=2", "train_flow.keep=3")
    assert len(list((work / "models" / "flow" / "checkpoints").glob("*.safetensors"))) == 3


class Counting(Silent):
    """A listener that counts the steps."""

    def __init__(self) -> None:
        self.total, self.before, self.done = 0, 0, 0

    def started(self, step: str, total: int, done: int) -> None:
        """Remember how many there are."""
        self.total, self.before = total, done

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Count them."""
        self.done += count


def test_every_step_is_told_once(work: Path) -> None:
    """Those of before too, where it goes on."""
    first, second = Counting(), Counting()
    train(work, "train-flow", 2, listener=first)
    train(work, "train-flow", 3, listener=second)
    assert (first.total, first.before, first.done) == (2, 0, 2)
    assert (second.total, second.before, second.done) == (3, 2, 1)


def test_a_batch_is_trained_in_parts(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of it, with its own share of the loss; batch normalisation alone tells the parts from the whole."""
    sizes: list[int] = []
    plain = FlowRecipe.losses

    def watched(self: FlowRecipe, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        sizes.append(len(batch["pair"]))
        return plain(self, nets, batch, step)

    monkeypatch.setattr(FlowRecipe, "losses", watched)
    assert "epe" in train(work, "train-flow", 2, "train_flow.accumulate=3").scores
    assert sizes == [2, 2] * 2


def test_scores_are_means_over_all_pairs(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which the last batch has fewer than the others."""
    given: list[torch.Tensor] = []

    def scored(_: FlowRecipe, __: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        given.append(torch.arange(len(batch["pair"])) + 10.0 * len(given))
        return {"epe": given[-1]}

    monkeypatch.setattr(FlowRecipe, "scores", scored)
    scores = train(work, "train-flow", 1).scores
    assert [len(values) for values in given] == [4, 2]
    assert scores == {"epe": pytest.approx((0 + 1 + 2 + 3 + 10 + 11) / 6)}


@pytest.mark.slow
def test_a_network_with_a_loss_in_one_part_alone_is_trained(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The discriminator's terms come with the first part of each batch only: its weights move all the same."""
    from ptx.training.recipes.generator import GeneratorRecipe

    plain = GeneratorRecipe.losses
    calls: list[int] = []

    def first_only(self: GeneratorRecipe, nets: Mapping[str, nn.Module], batch: Batch, step: int) -> Losses:
        losses = plain(self, nets, batch, step)
        calls.append(step)
        if calls.count(step) > 1:
            del losses["discriminator"]
        return losses

    monkeypatch.setattr(GeneratorRecipe, "losses", first_only)
    gan = "train_generator.flow=projected", "train_generator.adversarial=0.01", "train_generator.accumulate=2"
    train(work, "train-generator", 2, *gan)
    assert "optimiser/discriminator/0/exp_avg" in weights(work, "generator", 2)


@pytest.mark.slow
def test_the_best_model_is_the_one_of_the_monitored_score(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([{"epe": 3.0}, {"epe": 1.0}, {"epe": 2.0}])
    monkeypatch.setattr(Trainer, "validate", lambda self, data: next(scores))
    assert train(work, "train-flow", 6, "train_flow.save_every=2").scores == {"epe": 1.0}
    meta = json.loads((work / "models" / "flow" / "model.json").read_text())
    assert (meta["step"], meta["best"], meta["scores"]) == (4, {"epe": 1.0}, {"epe": 1.0})
    newest = json.loads((work / "models" / "flow" / "checkpoints" / "step-00000006.json").read_text())
    assert (newest["best"], newest["scores"]) == ({"epe": 1.0}, {"epe": 2.0})


@pytest.mark.slow
def test_everything_is_written_beside_the_model(work: Path) -> None:
    train(work, "train-flow", 8)
    folder = work / "models" / "flow"
    assert {path.name for path in folder.iterdir()} == {
        "checkpoints", "model.json", "model.safetensors", "log.csv", "rate.json", "samples", "events",
    }  # fmt: skip
    with (folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["step"], row["term"]) for row in rows if row["term"].startswith("validation/")} == {
        (step, f"validation/{name}") for step in ("4", "8") for name in ("epe", "epe_of_zero", "visibility")
    }
    assert json.loads((folder / "rate.json").read_text())["seconds"] > 0
    assert {path.name for path in (folder / "samples").iterdir()} == {"step-00000004.png", "step-00000008.png"}


def test_learning_rates_halve_and_cool_down() -> None:
    assert [learning_rate_factor(step, 100, 0, 0.5) for step in (0, 50, 75, 99)] == pytest.approx([1, 1, 0.5, 0.02])
    assert [learning_rate_factor(step, 100, 30, 0) for step in (0, 29, 30, 60, 99)] == [1, 1, 0.5, 0.25, 0.125]


def test_interrupt_is_no_error() -> None:
    assert not issubclass(Interrupted, PtxError)
