"""`ptx run train-...`: train, go on training, or find that there is nothing to do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lightning_fabric import Fabric

from ptx.geometry.body import load_body
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.fingerprint import Json
from ptx.training.context import TrainingContext
from ptx.training.data import TEST, TRAIN, PairData, clothes, pair_data
from ptx.training.hardware import join_processes
from ptx.training.loop import Trainer
from ptx.training.models import ProjectModels
from ptx.training.recipes.loading import load_recipe
from ptx.training.state import best_scores, manifest, stages_read, stale, trained_step
from ptx.training.training import Training


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training."""

    scores: dict[str, float]
    """Scores of the best model on held-out persons."""
    trained: bool
    """False where there was nothing to do."""
    leads: bool
    """False in processes that only help another one."""


def run_training(
    context: TrainingContext, training: Training, listener: Listener, *, force: bool = False
) -> TrainingResult:
    """Train, or go on training, to the number of steps that the settings ask for.

    Raises:
        PtxError: what it reads is missing, or the loss is not finite.
        Interrupted: a signal came; everything is saved.
    """
    settings = context.settings(training)
    folder = context.folder(training)
    reasons = stale(context, training)
    anew = bool(reasons) or (force and folder.exists())
    if trained_step(folder) >= settings.steps and not anew:
        return TrainingResult(best_scores(folder), trained=False, leads=True)
    train = training_pairs(context, training, TRAIN)
    test = training_pairs(context, training, TEST)
    recipe = load_recipe(training).create(settings, context, ProjectModels.of(context))
    fabric = join_processes(training.name, settings)  # from here on only the first of the processes writes and speaks
    listener = listener if fabric.is_global_zero else Silent()
    if reasons:
        listener.told(
            training.name,
            f"{training.name} is stale ({'; '.join(reasons)}): starting anew, the old model is kept in {folder}.old",
        )
    _prepare_folder(fabric, folder, anew)
    meta: dict[str, Json] = {"body": {"name": context.body, "digest": load_body(context.body).digest}}
    trainer = Trainer(recipe, fabric, folder, manifest(context, training), meta, context.seed)
    for network in recipe.frozen():
        network.to(fabric.device).eval().requires_grad_(False)
    for note in recipe.notes():
        listener.told(training.name, f"{training.name}: {note}")
    trainer.resume()
    return TrainingResult(trainer.run(train, test, listener), trained=True, leads=fabric.is_global_zero)


def training_pairs(context: TrainingContext, training: Training, split: int) -> PairData:
    """Return the pairs of a split that a training reads; one of every target where it reads annotation of clothes."""
    data = pair_data(context.pipeline, split, stages_read(context, training))
    return replace(data.targets(), clothes=clothes(context)) if training.annotated else data


def _prepare_folder(fabric: Fabric, folder: Path, anew: bool) -> None:
    """Make the model's folder; an old model is put aside."""
    if not fabric.is_global_zero:
        return
    if anew:
        aside = folder.with_name(folder.name + ".old")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    folder.mkdir(parents=True, exist_ok=True)
