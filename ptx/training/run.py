"""`ptx run train-...`: train, go on training, or say that there is nothing to do; and load what was trained."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

from rich.console import Console
from torch import nn

from ptx.models.flow_net import FlowNet
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.training.checkpoint import read_checkpoint, restore
from ptx.training.data import TEST, TRAIN, clothes, pair_data
from ptx.training.hardware import join
from ptx.training.loop import Trainer
from ptx.training.networks import NETWORKS, build
from ptx.training.recipes.attributes import TrainAttributes
from ptx.training.recipes.base import Recipe, TrainFlow, TrainGenerator, TrainPixelWarp
from ptx.training.recipes.pose_flow import TrainGarment, TrainPoseFlow, TrainSynthesis
from ptx.training.recipes.view import TrainCoarse, TrainRefine
from ptx.training.settings import FlowSource
from ptx.training.state import FLOW_FROM, TRAININGS, Training, best_scores, document, stale, trained_step


def run_training(pipeline: Pipeline, training: Training, console: Console, *, force: bool = False) -> str:
    """Train, or go on training, to the number of steps that the settings ask for; returns a line on the outcome,
    empty in processes that only help.

    Raises:
        PtxError: what it reads is missing, or the loss is not finite.
        Interrupted: a signal came; everything is saved.
    """
    settings = getattr(pipeline.settings, training.section)
    folder, why = training.folder(pipeline.results), stale(pipeline, training)
    anew = bool(why) or (force and folder.exists())
    if trained_step(folder) >= settings.steps and not anew:
        return f"[bold]{training.name}[/bold]: done, nothing to do; {_words(best_scores(folder))}"
    data, test = (pair_data(pipeline, split, training.reads) for split in (TRAIN, TEST))
    if training.annotated:
        data, test = (replace(part.targets(), clothes=clothes(pipeline)) for part in (data, test))
    recipe = build_recipe(pipeline, training)
    fabric = join(training.name, settings)  # from here on only the first of the processes writes and speaks
    console = console if fabric.is_global_zero else Console(quiet=True)
    if why:
        console.print(
            f"{training.name} is stale ({'; '.join(why)}): starting anew, the old model is kept in {folder}.old"
        )
    if fabric.is_global_zero:
        if anew:
            shutil.rmtree(folder.with_name(folder.name + ".old"), ignore_errors=True)
            folder.rename(folder.with_name(folder.name + ".old"))
        folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe, fabric, folder, document(pipeline, training), pipeline.settings.seed)
    for frozen in vars(recipe).values():
        if isinstance(frozen, nn.Module):
            frozen.to(fabric.device).eval().requires_grad_(False)
    if getattr(settings, "vgg", "") is None:
        instead = "the loss on differences of neighbouring pixels stands in" if settings.gradients else "there is none"
        console.print(f"{training.name}: no VGG-19 weights ({training.section}.vgg), so no perceptual loss; {instead}")
    trainer.resume()
    scores = trainer.run(data, test, console)
    return f"[bold]{training.name}[/bold]: done, {_words(scores)}" if fabric.is_global_zero else ""


def _words(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items())


"""Training → the network that is used later."""


def build_recipe(pipeline: Pipeline, training: Training) -> Recipe:
    """The recipe with the frozen networks that it needs."""
    settings = getattr(pipeline.settings, training.section)
    if training.name == "train-flow":
        return TrainFlow(settings)
    if training.name == "train-pose-flow":
        return TrainPoseFlow(settings)
    if training.name == "train-coarse":
        return TrainCoarse(settings, pipeline.settings.size)
    if training.name == "train-attributes":
        return TrainAttributes(settings, clothes(pipeline))
    regressor = load_flow(pipeline, settings.flow)
    if training.name == "train-garment":
        return TrainGarment(settings, regressor)
    if training.name == "train-refine":
        return TrainRefine(settings, pipeline.settings.size, regressor, load_network(pipeline, "train-coarse"))
    features = None
    if settings.vgg is not None:
        from ptx.models.vgg import Vgg19Features

        features = Vgg19Features.load(settings.vgg)
    if training.name == "train-generator":
        return TrainGenerator(settings, regressor, features)
    if training.name == "train-pixel-warp":
        return TrainPixelWarp(settings, regressor, features, load_network(pipeline, "train-generator"))
    return TrainSynthesis(settings, regressor, features, load_network(pipeline, "train-garment"))


def load_flow(pipeline: Pipeline, source: FlowSource) -> FlowNet | None:
    """The trained network that gives flow; None where it comes from the stores."""
    name = FLOW_FROM[source]
    return load_network(pipeline, name) if name else None


def load_network(pipeline: Pipeline, name: str) -> Any:
    """The network that a training stage of this workspace has trained, ready for use.

    Raises:
        PtxError: there is none, it is stale, or of another architecture.
    """
    training = TRAININGS[name]
    folder = training.folder(pipeline.results)
    if not (folder / "model.json").exists():
        raise PtxError(f"there is no trained model of {name}: `ptx run {name}` first")
    if why := stale(pipeline, training):
        raise PtxError(f"{name} is stale ({'; '.join(why)}): `ptx run {name}` first")
    given = getattr(pipeline.settings, training.section).model_dump() | {"size": pipeline.settings.size}
    if training.annotated:
        known = clothes(pipeline)
        given |= {"categories": len(known.kinds), "attributes": len(known.names)}
    net = build(NETWORKS[name], given)
    restore(net, read_checkpoint(folder / "model").tensors, str(folder / "model"))
    return net.eval().requires_grad_(False)
