"""The state of trainings, from the files of their models: manifests, checkpoints, scores. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ptx.datasets.attribute_files import annotation_files
from ptx.pipeline.fingerprint import Json, differences, digest, file_stamp
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


def manifest(context: TrainingContext, training: Training) -> dict[str, Json]:
    """Return everything that the model depends on under the settings of now."""
    pipeline = context.pipeline
    inputs: dict[str, Json] = {name: digest(pipeline.manifest(pipeline.stage(name))) for name in training.reads}
    for name in needed_trainings(context, training):
        inputs[name] = digest(_made_from(context, TRAININGS[name]))
    if training.annotated and context.attributes is not None:
        inputs["attributes"] = digest([file_stamp(file) for file in annotation_files(context.attributes)])
    return {
        "stage": training.name,
        "seed": context.seed,
        "size": list(context.size),
        "settings": {training.section: context.settings(training).manifest()},
        "inputs": inputs,
    }


def _made_from(context: TrainingContext, training: Training) -> Manifest:
    """Return the manifest that a model recorded itself, where it is not stale: settings that a newer ptx adds change nothing."""
    recorded = recorded_manifest(context.folder(training))
    if recorded is not None and not stale(context, training):
        return recorded
    return manifest(context, training)


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
    return differences({**recorded, "settings": {training.section: section}}, now)


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
