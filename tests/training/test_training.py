"""Training on a tiny workspace: exact resume, signals, losses that are not finite, staleness, what the models learn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ptx.evaluation.evaluate import evaluate
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.run import run_stage
from ptx.training.checkpoint import read_checkpoint
from ptx.training.loop import Interrupted, Trainer, decay
from ptx.training.recipes.base import TrainFlow
from ptx.training.run import run_training
from ptx.training.state import TRAININGS, describe_training, document, stale
from tests.training.tiny import QUIET, TINY, pipeline, train, weights

QUIET_BUT_KEPT = Console(width=200)


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Make SIGTERM arrive in the middle of a step, once."""
    plain = Trainer._step

    def interrupted(self: Trainer, batch: dict[str, torch.Tensor]) -> dict[str, float]:
        if self.step == step:
            monkeypatch.setattr(Trainer, "_step", plain)
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(self, batch)

    monkeypatch.setattr(Trainer, "_step", interrupted)


GAN = (
    "train_generator.flow=projected", "train_generator.adversarial=0.01", "train_generator.adversarial_from=2",
    "train_generator.save_every=3",
)  # fmt: skip


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
    assert "nothing to do" in train(work, name, 8, *more)
    logs = [(work / "models" / folder / "log.csv").read_text() for folder in ("whole", model)]
    assert [line for line in logs[0].splitlines() if "test/" not in line] == [
        line for line in logs[1].splitlines() if "test/" not in line
    ]


def test_two_processes_train_together(work: Path) -> None:
    """The true command with gloo: both see their half of each batch and end with one model."""
    settings = [f"workspace={work}", *TINY, "train_flow.steps=4", "train_flow.devices=2", "train_flow.precision=fp32"]
    command = [sys.executable, "-m", "ptx.cli", "run", "train-flow", "-c", os.devnull]
    done = subprocess.run(
        [*command, *(x for s in settings for x in ("--set", s))], capture_output=True, text=True, timeout=300,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "train-flow: done" in done.stdout
    train(work, "train-flow", 4)  # the same model, whoever trains it
    assert sorted(p.name for p in (work / "models" / "flow" / "checkpoints").glob("*.json")) == ["step-00000004.json"]


def test_full_gpu_ends_in_one_line(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TrainFlow, "losses", full)
    with pytest.raises(PtxError, match=r"memory is full at step 0: raise accumulate \(now 1\), or lower batch"):
        train(work, "train-flow", 4)


def test_decay() -> None:
    assert [decay(step, 100, 0, 0.5) for step in (0, 50, 75, 99)] == pytest.approx([1, 1, 0.5, 0.02])
    assert [decay(step, 100, 30, 0) for step in (0, 29, 30, 60, 99)] == [1, 1, 0.5, 0.25, 0.125]


def test_events_for_tensorboard(work: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(work, "train-flow", 4)
    events = EventAccumulator(str(work / "models" / "flow" / "events"))
    events.Reload()
    assert {"flow/flow", "flow/visibility", "test/epe"} <= set(events.Tags()["scalars"])
    assert [e.step for e in events.Scalars("flow/flow")] == [1, 2, 3, 4]


def test_a_signal_saves_and_asks_for_requeue(work: Path) -> None:
    """The true command: SIGTERM to all its processes, as SLURM sends it, exit code 75, the next run goes on."""
    settings = [f"workspace={work}", *TINY, "train_flow.steps=100000", "train_flow.workers=1"]
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
    assert process.wait(60) == 75
    assert process.stderr is not None
    assert "the same command goes on from here" in process.stderr.read()
    steps = sorted((work / "models" / "flow" / "checkpoints").glob("*.json"))
    assert steps


def test_all_three_stages_in_order(work: Path) -> None:
    with pytest.raises(PtxError, match="no trained model of train-flow: `ptx run train-flow` first"):
        train(work, "train-generator", 4)
    assert "epe" in train(work, "train-flow", 4)
    with QUIET_BUT_KEPT.capture() as said:
        chosen = pipeline(work, "train_flow.steps=4", "train_generator.steps=4")
        assert "ssim" in run_training(chosen, TRAININGS["train-generator"], QUIET_BUT_KEPT)
    assert "no VGG-19 weights (train_generator.vgg), so no perceptual loss" in said.get()
    assert "ssim" in train(work, "train-pixel-warp", 4)
    assert list((work / "models" / "generator" / "samples").glob("*.png"))
    chosen = pipeline(work, *(f"{t.section}.steps=4" for t in TRAININGS.values()))
    found = [describe_training(chosen, training) for training in TRAININGS.values()]
    assert [(t.condition, t.step) for t in found] == [("done", 4)] * 3 + [("absent", 0)] * (len(TRAININGS) - 3)


def test_pose_flow_needs_no_body(tmp_path: Path) -> None:
    """System B from pictures, keypoints and garments alone; its garments and flow are frozen where they are used."""
    chosen = pipeline(tmp_path)
    for name in ("ingest", "extract-keypoints", "parse"):
        run_stage(chosen, chosen.stage(name), QUIET)
    with pytest.raises(PtxError, match="no trained model of train-pose-flow"):
        train(tmp_path, "train-garment", 4)
    assert "warped_ssim" in train(tmp_path, "train-pose-flow", 4)
    assert "iou" in train(tmp_path, "train-garment", 4, "train_pose_flow.steps=4")
    before = weights(tmp_path, "pose-flow", 4), weights(tmp_path, "garment", 4)
    steps = "train_pose_flow.steps=4", "train_garment.steps=4"
    assert "ssim" in train(tmp_path, "train-synthesis", 4, *steps)
    after = weights(tmp_path, "pose-flow", 4), weights(tmp_path, "garment", 4)
    assert all(torch.equal(a[k], b[k]) for a, b in zip(before, after, strict=True) for k in a)
    with pytest.raises(PtxError, match="training reads rasterize, which is absent: `ptx run all` first"):
        train(tmp_path, "train-flow", 4)
    chosen = pipeline(tmp_path, "train_generator.flow=learned", *steps)
    assert "train-pose-flow" in document(chosen, TRAININGS["train-generator"])["inputs"]
    done = evaluate(pipeline(tmp_path, *steps, "train_synthesis.steps=4"), QUIET, count=3)
    assert "pose flow" in done.values
    assert {"garment_ssim", "body_ssim"} <= set(done.values["pose flow"])
    assert "epe" in done.values["learned flow"]
    assert "fitted flow" not in done.values


def test_view_stages_in_order(work: Path) -> None:
    """System C: the coarse net is frozen where the refining one is trained, with a discriminator and with warped texture."""
    with pytest.raises(PtxError, match="no trained model of train-coarse"):
        train(work, "train-refine", 4)
    assert "ssim" in train(work, "train-coarse", 4)
    before = weights(work, "coarse", 4)
    done = "train_coarse.steps=4", "train_refine.adversarial=1", "train_refine.texture=true"
    assert "ssim" in train(work, "train-refine", 4, *done)
    after = weights(work, "coarse", 4)
    assert all(torch.equal(before[k], after[k]) for k in before)
    saved = weights(work, "refine", 4)
    assert any(name.startswith("net/discriminator") for name in saved)
    scored = evaluate(pipeline(work, *done, "train_refine.steps=4"), QUIET, count=3)
    assert {"coarse view", "view"} <= set(scored.values)


def test_a_setting_makes_a_model_stale_and_steps_do_not(work: Path) -> None:
    train(work, "train-flow", 4)
    assert stale(pipeline(work, "train_flow.steps=9"), TRAININGS["train-flow"]) == []
    why = stale(pipeline(work, "train_flow.base_channels=12"), TRAININGS["train-flow"])
    assert why == ["train_flow.base_channels was 8, now 12"]
    path = work / "models" / "flow" / "checkpoints" / "step-00000004.json"
    known = json.loads(path.read_text())
    del known["document"]["settings"]["train_flow"]["part_weight"]  # as an older ptx would have written it
    path.write_text(json.dumps(known))
    assert stale(pipeline(work, "train_flow.steps=9"), TRAININGS["train-flow"]) == []
    train(work, "train-generator", 4, "train_flow.steps=4")
    made_from = read_checkpoint(work / "models" / "generator" / "model").meta["document"]["inputs"]["train-flow"]
    assert made_from == digest(known["document"])  # what builds on it goes by its own words too
    assert stale(pipeline(work), TRAININGS["train-generator"]) == []
    assert stale(pipeline(work, "train_flow.part_weight=2"), TRAININGS["train-generator"]) != []
    assert stale(pipeline(work, "train_flow.part_weight=2"), TRAININGS["train-flow"]) != []
    train(work, "train-flow", 4, "train_flow.base_channels=12")
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
