"""Training on a tiny workspace: exact resume, signals, losses that are not finite, staleness, what the models learn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.stages import STAGES, load_settings
from ptx.training.loop import Interrupted, Trainer
from ptx.training.recipes import TrainFlow, gradient_loss
from ptx.training.run import run_training
from ptx.training.state import TRAININGS, describe_training, stale

QUIET = Console(quiet=True)
TINY = [
    "run.executor=serial", "body=small", "size=[64, 64]", "data.persons=6", "data.images_per_person=3",
    *(f"{section}.{setting}" for section in ("train_flow", "train_generator", "train_pixel_warp")
      for setting in ("base=8", "most=16", "scales=3", "batch=4", "save_every=4", "workers=0", "validate_pairs=6")),
    "train_generator.warped_scales=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the data pipeline done."""
    folder = tmp_path_factory.mktemp("data")
    chosen = pipeline(folder)
    for stage in chosen.active:
        run_stage(chosen, stage, QUIET)
    return folder


def pipeline(workspace: Path, *more: str) -> Pipeline:
    return Pipeline(STAGES, load_settings(Path(os.devnull), [f"workspace={workspace}", *TINY, *more]))


@pytest.fixture
def work(data: Path, tmp_path: Path) -> Path:
    """The same stores in a workspace of the test's own."""
    for path in data.iterdir():
        if path.name != "models":
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def weights(workspace: Path, model: str, step: int) -> dict[str, torch.Tensor]:
    return load_file(workspace / "models" / model / "checkpoints" / f"step-{step:08d}.safetensors")


def train(workspace: Path, name: str, steps: int, *more: str) -> str:
    section = name.replace("-", "_")
    return run_training(pipeline(workspace, f"{section}.steps={steps}", *more), TRAININGS[name], QUIET)


def test_interrupted_and_resumed_is_uninterrupted(work: Path) -> None:
    """Bit for bit: weights, moments, averages, random state."""
    train(work, "train-flow", 8)
    whole = weights(work, "flow", 8)
    (work / "models" / "flow").rename(work / "models" / "whole")
    train(work, "train-flow", 4)
    train(work, "train-flow", 8)
    assert all(torch.equal(value, whole[name]) for name, value in weights(work, "flow", 8).items())
    assert "nothing to do" in train(work, "train-flow", 8)


def test_gan_resumes_exactly_too(work: Path) -> None:
    gan = ["train_generator.flow=fitted", "train_generator.adversarial=0.01", "train_generator.adversarial_from=2"]
    train(work, "train-generator", 6, *gan, "train_generator.save_every=3")
    whole = weights(work, "generator", 6)
    assert any(name.startswith("optimiser/discriminator") for name in whole)
    (work / "models" / "generator").rename(work / "models" / "whole")
    for steps in (3, 6):
        train(work, "train-generator", steps, *gan, "train_generator.save_every=3")
    assert all(torch.equal(value, whole[name]) for name, value in weights(work, "generator", 6).items())


def test_a_signal_saves_and_asks_for_requeue(work: Path) -> None:
    """The true command: SIGTERM while it trains, exit code 75, the next run goes on."""
    settings = [f"workspace={work}", *TINY, "train_flow.steps=100000"]
    command = [sys.executable, "-m", "ptx.cli", "run", "train-flow", "-c", os.devnull]
    process = subprocess.Popen(
        [*command, *(x for s in settings for x in ("--set", s))], stderr=subprocess.PIPE, text=True
    )
    log = work / "models" / "flow" / "log.csv"
    while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) > 10):
        pass
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 75
    assert process.stderr is not None
    assert "the same command goes on from here" in process.stderr.read()
    steps = sorted((work / "models" / "flow" / "checkpoints").glob("*.json"))
    assert steps


def test_all_three_stages_in_order(work: Path) -> None:
    with pytest.raises(PtxError, match="no trained model of train-flow: `ptx run train-flow` first"):
        train(work, "train-generator", 4)
    assert "epe" in train(work, "train-flow", 4)
    assert "ssim" in train(work, "train-generator", 4)
    assert "ssim" in train(work, "train-pixel-warp", 4)
    assert list((work / "models" / "generator" / "samples").glob("*.png"))
    chosen = pipeline(work, *(f"{t.section}.steps=4" for t in TRAININGS.values()))
    found = [describe_training(chosen, training) for training in TRAININGS.values()]
    assert [(t.condition, t.step) for t in found] == [("done", 4)] * 3


def test_a_setting_makes_a_model_stale_and_steps_do_not(work: Path) -> None:
    train(work, "train-flow", 4)
    assert stale(pipeline(work, "train_flow.steps=9"), TRAININGS["train-flow"]) == []
    why = stale(pipeline(work, "train_flow.base=12"), TRAININGS["train-flow"])
    assert why == ["train_flow.base was 8, now 12"]
    train(work, "train-flow", 4, "train_flow.base=12")
    assert (work / "models" / "flow.old" / "model.json").exists()


def test_loss_that_is_not_finite_names_the_pairs_and_keeps_the_checkpoint(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(work, "train-flow", 4)
    before = weights(work, "flow", 4)
    plain = TrainFlow.losses

    def broken(self: TrainFlow, nets: object, batch: dict[str, torch.Tensor], step: int) -> object:
        losses = plain(self, nets, batch, step)  # type: ignore[arg-type]
        return {"flow": {"flow": losses["flow"]["flow"] * (float("nan") if step == 6 else 1)}}

    monkeypatch.setattr(TrainFlow, "losses", broken)
    with pytest.raises(PtxError, match=r"the loss of flow is nan at step 6 \(pairs \[.*last good checkpoint is step 4"):
        train(work, "train-flow", 8)
    assert all(torch.equal(value, before[name]) for name, value in weights(work, "flow", 4).items())


def test_old_checkpoints_go(work: Path) -> None:
    train(work, "train-flow", 10, "train_flow.save_every=2", "train_flow.keep=3")
    assert len(list((work / "models" / "flow" / "checkpoints").glob("*.safetensors"))) == 3


def test_accumulated_gradients_are_those_of_the_whole_batch(work: Path) -> None:
    """Without batch normalisation's statistics nothing depends on how a batch is cut; here the parts' mean loss is close."""
    assert "epe" in train(work, "train-flow", 4, "train_flow.accumulate=2")


def test_interrupt_is_no_error() -> None:
    assert not issubclass(Interrupted, PtxError)
    assert Trainer.run.__doc__


def test_gradient_loss_ignores_a_constant_and_sees_a_blur() -> None:
    x = torch.rand(2, 3, 32, 32)
    assert gradient_loss(x, x + 0.2) < 1e-6
    assert gradient_loss(torch.nn.functional.avg_pool2d(x, 3, 1, 1), x) > 0.1
