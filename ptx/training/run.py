"""`ptx run train-...`: train, go on training, or find that there is nothing to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lightning_fabric import Fabric

from ptx.geometry.body import load_body
from ptx.pipeline.events import Listener, Silent
from ptx.pipeline.fingerprint import Json
from ptx.training.checkpoint import is_sound, rebuild_model
from ptx.training.context import TrainingContext
from ptx.training.hardware import arithmetic, join_processes
from ptx.training.kept import RunPlan, plan_run, put_aside, take_up
from ptx.training.loop import Trainer
from ptx.training.models import ProjectModels
from ptx.training.recipes.loading import load_recipe
from ptx.training.settings import TrainSettings
from ptx.training.splits import training_pairs
from ptx.training.state import (
    VALIDATION,
    Form,
    Manifest,
    begun_arithmetic,
    manifest,
    model_scores,
    recorded_manifest,
    recorded_meta,
)
from ptx.training.training import Training
from ptx.training.weight_files import recorded_weights, weights_meta


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training."""

    scores: dict[str, float]
    """Scores of the model on persons who were not trained on."""
    trained: bool
    """False where there was nothing to do."""
    leads: bool
    """False in processes that only help another one."""


def run_training(
    context: TrainingContext, training: Training, listener: Listener, *, force: bool = False
) -> TrainingResult:
    """Train, or go on training, to the number of steps that the settings ask for.

    A model that is not what the settings ask for is kept beside the new one, and taken up again when they are as they were.

    Raises:
        PtxError: what it reads is missing, or the loss is not finite.
        Interrupted: a signal came; everything is saved.
    """
    settings = context.settings(training)
    folder = context.folder(training)
    plan = plan_run(context, training, force=force)
    complete = plan.done >= settings.steps and not plan.anew
    if complete and plan.kept is None and is_sound(folder / "model"):
        return TrainingResult(model_scores(folder), trained=False, leads=True)
    begun = recorded_manifest(plan.kept or folder) if plan.done else None
    if begun is not None:
        settings = settings.as_begun(recorded_weights(begun))
    precision = arithmetic(settings.precision, begun_arithmetic(plan.kept or folder, training) if begun else "auto")
    if complete:  # of a model that is taken up, or whose file is lost
        fabric = join_processes(training.name, settings, precision)
        _prepare_folder(fabric, training, folder, plan, listener, complete=True)
        return TrainingResult(model_scores(folder), trained=False, leads=fabric.is_global_zero)
    document = begun or manifest(context, training, Form(precision))
    pairs = training_pairs(context, training, _validation_share(document))
    recipe = load_recipe(training).create(settings, context, ProjectModels.of(context))
    fabric = join_processes(
        training.name, settings, precision
    )  # from here on only the first of the processes writes and speaks
    listener = listener if fabric.is_global_zero else Silent()
    _prepare_folder(fabric, training, folder, plan, listener)
    if not settings.takes_last and not pairs.can_choose:
        listener.told(training.name, f"{training.name}: {_why_last(document)}: the last checkpoint becomes the model")
    trainer = Trainer(
        recipe,
        fabric,
        folder,
        document,
        _meta(context, settings),
        context.seed,
        settings.takes_last or not pairs.can_choose,
    )
    for network in recipe.frozen():
        network.to(fabric.device).eval().requires_grad_(False)
    for note in recipe.notes():
        listener.told(training.name, f"{training.name}: {note}")
    trainer.resume()
    return TrainingResult(trainer.run(pairs.train, pairs.held_out, listener), trained=True, leads=fabric.is_global_zero)


def _meta(context: TrainingContext, settings: TrainSettings) -> dict[str, Json]:
    """Return the facts that are written beside a manifest: what is needed to use the model, and to know files again."""
    return {
        "body": {"name": context.body, "digest": load_body(context.body).digest},
        "frame": context.frame,
        "weights": weights_meta(settings.weights),
    }


def _validation_share(document: Manifest) -> float:
    """Return the share of validation persons that a model was begun with; 0 for one of an older ptx, which set none apart."""
    share = document.get(VALIDATION, 0.0)
    return float(share) if isinstance(share, int | float) else 0.0


def _why_last(document: Manifest) -> str:
    if VALIDATION not in document:
        return "it was begun by an older ptx, without validation persons"
    if not _validation_share(document):
        return "no persons are set apart for validation"
    return f"too few persons for any validation person ({VALIDATION} {_validation_share(document):g})"


def _prepare_folder(
    fabric: Fabric, training: Training, folder: Path, plan: RunPlan, listener: Listener, *, complete: bool = False
) -> None:
    """Make the model's folder: a model of other settings is kept, one of these is taken up, a lost file is rebuilt.

    Raises:
        PtxError: the model's file is lost and no checkpoint holds its weights.
    """
    name = training.name
    if fabric.is_global_zero:
        stale = f"{name} is stale ({'; '.join(plan.reasons)})" if plan.reasons else name
        if plan.kept is not None:
            aside = take_up(folder, plan.kept)
            kept = f"; the other one is kept in {aside}" if aside else ""
            listener.told(
                name, f"{stale}: {plan.kept.name} is what the settings ask for, taken up at step {plan.done}{kept}"
            )
        elif plan.anew:
            listener.told(name, f"{stale}: starting anew, the old model is kept in {put_aside(folder)}")
        folder.mkdir(parents=True, exist_ok=True)
        if plan.done and (complete or recorded_meta(folder).get("best")) and not is_sound(folder / "model"):
            rebuild_model(folder, plan.done)
            listener.told(
                name,
                f"{name}: model.safetensors was missing or damaged, rebuilt from the averaged weights of step {plan.done}",
            )
    fabric.barrier()
