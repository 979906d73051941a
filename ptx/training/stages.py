"""The training stages: what each reads, where its model lies, whether it still fits its settings and inputs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator
from ptx.pipeline.durable import read_json
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import differences, digest
from ptx.pipeline.plan import Pipeline
from ptx.training.checkpoint import read_checkpoint, restore
from ptx.training.data import TEST, TRAIN, pair_data
from ptx.training.loop import Trainer, best_scores, trained_step
from ptx.training.recipes import Recipe, TrainFlow, TrainGenerator, TrainPixelWarp

READS = ("ingest", "extract-keypoints", "rasterize", "synth-flow", "visibility")


@dataclass(frozen=True)
class Training:
    """One training stage."""

    name: str
    section: str
    needs: tuple[str, ...] = ()
    """Training stages whose models it uses."""

    def folder(self, workspace: Path) -> Path:
        """Where its model lies."""
        return workspace / "models" / self.name.removeprefix("train-")


TRAININGS = {
    t.name: t
    for t in (
        Training("train-flow", "train_flow"),
        Training("train-generator", "train_generator", ("train-flow",)),
        Training("train-pixel-warp", "train_pixel_warp", ("train-flow", "train-generator")),
    )
}


def document(pipeline: Pipeline, training: Training) -> dict[str, Any]:
    """What the model depends on."""
    settings = getattr(pipeline.settings, training.section)
    needs = [n for n in training.needs if not (n == "train-flow" and getattr(settings, "flow", "") == "fitted")]
    inputs = {name: digest(pipeline.document(pipeline.stage(name))) for name in READS}
    inputs |= {name: digest(document(pipeline, TRAININGS[name])) for name in needs}
    return {
        "stage": training.name,
        "seed": pipeline.settings.seed,
        "size": list(pipeline.settings.size),
        "settings": {training.section: settings.model()},
        "inputs": inputs,
    }


def stale(pipeline: Pipeline, training: Training) -> list[str]:
    """Why the model on disk is not what the settings ask for; empty where it is, or where there is none."""
    folder = training.folder(pipeline.workspace)
    step = trained_step(folder)
    if not step:
        return []
    meta = read_json(folder / "checkpoints" / f"step-{step:08d}.json")
    return differences(meta["document"], document(pipeline, training))


def run_training(pipeline: Pipeline, training: Training, console: Console, *, force: bool = False) -> str:
    """Train, or go on training, to the number of steps that the settings ask for; returns a line on the outcome.

    Raises:
        PtxError: what it reads is missing, or the loss is not finite.
        Interrupted: a signal came; everything is saved.
    """
    settings = getattr(pipeline.settings, training.section)
    folder, why = training.folder(pipeline.workspace), stale(pipeline, training)
    if why:
        console.print(
            f"{training.name} is stale ({'; '.join(why)}): starting anew, the old model is kept in {folder}.old"
        )
    if why or (force and folder.exists()):
        shutil.rmtree(folder.with_name(folder.name + ".old"), ignore_errors=True)
        folder.rename(folder.with_name(folder.name + ".old"))
    if trained_step(folder) >= settings.steps:
        return f"[bold]{training.name}[/bold]: done, nothing to do; {_words(best_scores(folder))}"
    data, test = pair_data(pipeline, TRAIN), pair_data(pipeline, TEST)
    recipe = build_recipe(pipeline, training)
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe, folder, document(pipeline, training), pipeline.settings.seed)
    for frozen in ("regressor", "painter", "features"):
        if isinstance(net := getattr(recipe, frozen, None), torch.nn.Module):
            net.to(trainer.fabric.device).eval().requires_grad_(False)
    trainer.resume()
    return f"[bold]{training.name}[/bold]: done, {_words(trainer.run(data, test, console))}"


def _words(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())


def build_recipe(pipeline: Pipeline, training: Training) -> Recipe:
    """The recipe with the frozen networks that it needs."""
    settings = getattr(pipeline.settings, training.section)
    if training.name == "train-flow":
        return TrainFlow(settings)
    regressor = load_regressor(pipeline) if settings.flow == "predicted" else None
    features = None
    if settings.vgg is not None:
        from ptx.models.vgg import Perceptual

        features = Perceptual.load(settings.vgg)
    if training.name == "train-generator":
        return TrainGenerator(settings, regressor, features)
    return TrainPixelWarp(settings, regressor, features, load_generator(pipeline))


def load_regressor(pipeline: Pipeline) -> FlowNet:
    """The trained flow regressor of this workspace."""
    s = pipeline.settings.train_flow
    return _load(pipeline, "train-flow", FlowNet(s.base, s.most, s.scales))


def load_generator(pipeline: Pipeline) -> Generator:
    """The trained generator of this workspace."""
    s = pipeline.settings.train_generator
    return _load(pipeline, "train-generator", Generator(s.base, s.most, s.scales, s.warped_scales, s.fusion))


def _load(pipeline: Pipeline, name: str, net: Any) -> Any:
    training = TRAININGS[name]
    folder = training.folder(pipeline.workspace)
    if not (folder / "model.json").exists():
        raise PtxError(f"there is no trained model of {name}: `ptx run {name}` first")
    if why := stale(pipeline, training):
        raise PtxError(f"{name} is stale ({'; '.join(why)}): `ptx run {name}` first")
    restore(net, read_checkpoint(folder / "model").tensors, str(folder / "model"))
    return net.eval().requires_grad_(False)
