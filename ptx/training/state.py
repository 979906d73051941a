"""The state of trainings, from the files of their models: manifests, checkpoints, scores. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ptx.datasets.attribute_files import annotation_digest
from ptx.pipeline.fingerprint import Json, differences, digest
from ptx.pipeline.storage.files import read_json
from ptx.training.context import TrainingContext
from ptx.training.settings import RENAMED_SETTINGS
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS

Manifest = Mapping[str, Json]
"""Everything that a model depends on."""


def needed_trainings(context: TrainingContext, training: Training) -> tuple[str, ...]:
    """Return the trainings whose models a training uses, that of its flow among them."""
    return (*training.needs, *context.settings(training).needs)


def stages_read(context: TrainingContext, training: Training) -> tuple[str, ...]:
    """Return the stages whose stores a training reads under the settings of now."""
    return (*training.reads, *context.settings(training).reads)


def manifest(context: TrainingContext, training: Training, *, old_names: bool = False) -> dict[str, Json]:
    """Return everything that the model depends on under the settings of now.

    Args:
        context: of the trainings.
        training: of the model.
        old_names: give settings, those of the models below it included, the names of ptx 0.1, and name the stages that it read.
    """
    pipeline = context.pipeline
    stages = dict.fromkeys((*stages_read(context, training), *(training.formerly_read if old_names else ())))
    inputs: dict[str, Json] = {name: digest(pipeline.manifest(pipeline.stage(name))) for name in stages}
    for name in needed_trainings(context, training):
        inputs[name] = digest(_made_from(context, TRAININGS[name], old_names=old_names))
    if training.annotated and context.attributes is not None:
        inputs["attributes"] = annotation_digest(context.attributes)
    names = {now: old for old, now in RENAMED_SETTINGS.items()} if old_names else {}
    settings = {names.get(name, name): value for name, value in context.settings(training).manifest().items()}
    return {
        "stage": training.name,
        "seed": context.seed,
        "size": list(context.size),
        "settings": {training.section: settings},
        "inputs": inputs,
    }


def _made_from(context: TrainingContext, training: Training, *, old_names: bool) -> Manifest:
    """Return the manifest that a model recorded itself, where it is not stale: settings that a newer ptx adds change nothing."""
    recorded = recorded_manifest(context.folder(training))
    if recorded is not None and not stale(context, training):
        return recorded
    return manifest(context, training, old_names=old_names)


def recorded_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in the newest checkpoint of a model's folder; None where there is none."""
    step = trained_step(folder)
    meta = read_json(folder / "checkpoints" / f"step-{step:08d}.json") if step else None
    recorded = meta.get("document") if isinstance(meta, Mapping) else None
    return recorded if isinstance(recorded, Mapping) else None


def stale(context: TrainingContext, training: Training) -> list[str]:
    """Return the reasons why the model on disk is not what the settings ask for; none where it is, or where there is no model."""
    recorded = recorded_manifest(context.folder(training))
    if recorded is None:
        return []
    now = manifest(context, training)
    section = recorded_settings(recorded, training)
    inputs = _renamed_inputs(context, training, recorded, now)
    return differences({**recorded, "settings": {training.section: section}, "inputs": inputs}, now)


def _renamed_inputs(context: TrainingContext, training: Training, recorded: Manifest, now: Manifest) -> dict[str, Json]:
    """Return the recorded digests of inputs; the ones of now where they differ by the settings' old names alone.

    Stages that are not read any more are left out.
    """
    new = _inputs(now)
    old = {
        name: value for name, value in _inputs(recorded).items() if name in new or name not in training.formerly_read
    }
    if old == new:
        return old
    before = _inputs(manifest(context, training, old_names=True))
    return {name: new[name] if name in new and value == before[name] else value for name, value in old.items()}


def _inputs(document: Manifest) -> dict[str, Json]:
    inputs = document.get("inputs")
    return dict(inputs) if isinstance(inputs, Mapping) else {}


def recorded_settings(recorded: Manifest, training: Training) -> dict[str, Json]:
    """Return the settings that a model was trained with, under their names of now.

    A setting that the model's ptx did not know yet had what is now its default.

    Raises:
        KeyError: the manifest holds no settings of this training.
    """
    settings = recorded["settings"]
    section = settings[training.section] if isinstance(settings, Mapping) else None
    if not isinstance(section, Mapping):
        raise KeyError(training.section)
    defaults = training.settings.model_construct().manifest()
    return {**defaults, **{RENAMED_SETTINGS.get(name, name): value for name, value in section.items()}}


def trained_step(folder: Path) -> int:
    """Return the number of steps that the model in a folder has been trained; 0 where there is none."""
    steps = [int(path.stem.removeprefix("step-")) for path in (folder / "checkpoints").glob("step-*.json")]
    return max(steps, default=0)


def best_scores(folder: Path) -> dict[str, float]:
    """Return the scores of the best model in a folder."""
    meta = read_json(folder / "model.json")
    best = meta.get("best") if isinstance(meta, Mapping) else None
    if not isinstance(best, Mapping):
        return {}
    return {name: float(value) for name, value in best.items() if isinstance(value, int | float)}
