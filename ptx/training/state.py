"""The state of trainings, from the files of their models: manifests, checkpoints, scores. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ptx.datasets.attribute_files import annotation_digest
from ptx.models.variants import Precision
from ptx.pipeline.fingerprint import Json, differences, digest
from ptx.pipeline.storage.files import read_json, read_json_object
from ptx.training.context import TrainingContext
from ptx.training.settings import FORMER_SETTINGS, REMOVED_SETTINGS, RENAMED_SETTINGS, UNRECORDED_SETTINGS
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS
from ptx.training.weight_files import hash_weights, recorded_weights, weight_reasons

Manifest = Mapping[str, Json]
"""Everything that a model depends on."""

VALIDATION = "data.validation_fraction"
"""Key of the share of validation persons in a manifest; manifests of ptx before 0.2 are known by its absence."""


@dataclass(frozen=True)
class Form:
    """A form of manifests: what a model records depends on the ptx that trained it, and on the machine.

    Needed where a model is gone and only the digest of its manifest is known, from a model that was trained on it.
    """

    arithmetic: Precision = "auto"
    """What `precision: auto` came to; auto where that was not recorded."""
    age: Literal["now", "0.2 in the making", "0.1"] = "now"
    """Before now neither weights nor validation persons were recorded; in 0.1 settings had other names."""
    open_weights: bool = True
    """False where a model was begun without the weights whose use the settings leave open."""


FORMS = (
    *(Form(arithmetic, open_weights=used) for arithmetic in ("fp32", "bf16") for used in (True, False)),
    Form(age="0.2 in the making"),
    Form(age="0.1"),
)
"""All forms that the manifest of a model that is gone may have had."""


def needed_trainings(context: TrainingContext, training: Training) -> tuple[str, ...]:
    """Return the trainings whose models a training uses, that of its flow among them."""
    return (*training.needs, *context.settings(training).needs)


def stages_read(context: TrainingContext, training: Training) -> tuple[str, ...]:
    """Return the stages whose stores a training reads, those that its settings ask for among them."""
    settings = (context.settings(row) for row in (training, *(TRAININGS[name] for name in training.reads_as)))
    return tuple(dict.fromkeys((*training.reads, *(stage for own in settings for stage in own.reads))))


def manifest(context: TrainingContext, training: Training, form: Form | None = None) -> dict[str, Json]:
    """Return everything that a model that is begun now depends on.

    Args:
        context: of the trainings.
        training: of the model.
        form: of the manifest, those of the models below it included; that of now by default.
    """
    form = form or Form()
    document = _without_weights(context, training, form)
    settings = context.settings(training)
    settings = settings if form.open_weights else settings.as_begun(())
    weights = hash_weights(settings.weights) if form.age == "now" else {}
    return {**document, "weights": weights} if weights else document


def _without_weights(context: TrainingContext, training: Training, form: Form) -> dict[str, Json]:
    """Return a manifest without the hashes of weights, for which large files may have to be read."""
    pipeline = context.pipeline
    formerly = training.formerly_read if form.age != "now" else ()
    stages = dict.fromkeys((*stages_read(context, training), *formerly))
    inputs: dict[str, Json] = {name: digest(pipeline.manifest(pipeline.stage(name))) for name in stages}
    for name in needed_trainings(context, training):
        below = TRAININGS[name]
        inputs[name] = digest(current_manifest(context, below) or manifest(context, below, form))
    if training.annotated and context.attributes is not None:
        inputs["attributes"] = annotation_digest(context.attributes)
    document: dict[str, Json] = {
        "stage": training.name,
        "seed": context.seed,
        "size": list(context.size),
        "settings": {training.section: _settings(context, training, form)},
        "inputs": inputs,
    }
    return {**document, VALIDATION: context.validation_share} if form.age == "now" else document


def _settings(context: TrainingContext, training: Training, form: Form) -> dict[str, Json]:
    """Return the settings that a model depends on, as a form of manifests has them."""
    values = context.settings(training).manifest()
    if values["precision"] == "auto":
        values["precision"] = form.arithmetic
    if form.age == "now":
        return values
    known = {name: value for name, value in values.items() if name not in UNRECORDED_SETTINGS}
    known |= FORMER_SETTINGS.get(training.section, {})
    names = {now: old for old, now in RENAMED_SETTINGS.items()} if form.age == "0.1" else {}
    return {names.get(name, name): value for name, value in known.items()}


def current_manifest(context: TrainingContext, training: Training) -> Manifest | None:
    """Return the manifest that a model recorded itself; None where there is no model, or it is stale."""
    recorded = recorded_manifest(context.folder(training))
    return None if stale(context, training) else recorded


def recorded_meta(folder: Path) -> Mapping[str, Json]:
    """Return the JSON of the newest checkpoint of a model's folder; empty where there is none."""
    step = trained_step(folder)
    return read_json_object(folder / "checkpoints" / f"step-{step:08d}.json") if step else {}


def recorded_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in the newest checkpoint of a model's folder; None where there is none."""
    recorded = recorded_meta(folder).get("document")
    return recorded if isinstance(recorded, Mapping) else None


def stale(context: TrainingContext, training: Training, folder: Path | None = None) -> list[str]:
    """Return the reasons why a model on disk is not what the settings ask for; none where it is, or where there is no model.

    What the settings leave open is as the model was begun: the arithmetic where `precision` is auto, the loss where `without_vgg` is.
    And what a model of an older ptx did not record is taken for what it must have been: the checkpoint that became the model was
    chosen as its ptx did, no person was set apart for validation, and VGG-19's weights were used if its log has a perceptual loss
    (`weight_reasons`).

    Args:
        context: of the trainings.
        training: of the model.
        folder: of the model; by default that of the training's current one.
    """
    folder = folder or context.folder(training)
    recorded = recorded_manifest(folder)
    if recorded is None:
        return []
    now = _without_weights(context, training, Form())
    section = recorded_settings(recorded, training)
    wanted = _section(now, training)
    if wanted["precision"] == "auto":
        wanted["precision"] = section["precision"]
    for name in UNRECORDED_SETTINGS - _section(recorded, training).keys():
        section[name] = wanted[name]
    was: dict[str, Json] = {**recorded, "settings": {training.section: section}}
    is_now: dict[str, Json] = {**now, "settings": {training.section: wanted}}
    if VALIDATION not in recorded:
        del is_now[VALIDATION]
    was["inputs"], is_now["inputs"] = _comparable_inputs(context, training, recorded, now)
    was.pop("weights", None)
    files = context.settings(training).as_begun(recorded_weights(recorded)).weights
    return [
        *differences(was, is_now),
        *weight_reasons(folder, recorded_meta(folder), files, old=VALIDATION not in recorded),
    ]


def _section(document: Manifest, training: Training) -> dict[str, Json]:
    """Return a copy of the settings in a manifest."""
    settings = document["settings"]
    section = settings.get(training.section) if isinstance(settings, Mapping) else None
    return dict(section) if isinstance(section, Mapping) else {}


def _comparable_inputs(
    context: TrainingContext, training: Training, recorded: Manifest, now: Manifest
) -> tuple[Json, Json]:
    """Return the inputs of two manifests, alike where they mean the same.

    The digest of a model that is gone, or stale, may be that of any form of its manifest under the settings of now. And an older
    ptx also recorded models that another recorded model was trained on, and stages that the training does not read any more.
    """
    is_now = _inputs(now)
    was = {name: one for name, one in _inputs(recorded).items() if name in is_now or name not in training.formerly_read}
    if VALIDATION not in recorded:
        was = {name: value for name, value in was.items() if name in is_now or name not in TRAININGS}
    for name in needed_trainings(context, training):
        if name in was and was[name] in _possible_digests(context, TRAININGS[name]):
            is_now[name] = was[name]
    return was, is_now


def _possible_digests(context: TrainingContext, training: Training) -> set[str]:
    """Return the digests that the manifest of a model may have had that the settings of now ask for: one where it is there."""
    recorded = current_manifest(context, training)
    return {digest(recorded)} if recorded else {digest(manifest(context, training, form)) for form in FORMS}


def _inputs(document: Manifest) -> dict[str, Json]:
    inputs = document.get("inputs")
    return dict(inputs) if isinstance(inputs, Mapping) else {}


def recorded_settings(recorded: Manifest, training: Training) -> dict[str, Json]:
    """Return the settings that a model was trained with, under their names of now, without those that are gone.

    A setting that the model's ptx did not know yet had what is now its default.

    Raises:
        KeyError: the manifest holds no settings of this training.
    """
    section = _section(recorded, training)
    if not section:
        raise KeyError(training.section)
    gone = REMOVED_SETTINGS.get(training.section, {})
    named = {RENAMED_SETTINGS.get(name, name): value for name, value in section.items()}
    defaults = training.settings.model_construct().manifest()
    return {**defaults, **{name: value for name, value in named.items() if name not in gone}}


def begun_arithmetic(folder: Path, training: Training) -> Precision:
    """Return the arithmetic with which a model was begun; auto where it is not recorded, or there is no model."""
    recorded = recorded_manifest(folder)
    precision = recorded_settings(recorded, training)["precision"] if recorded is not None else "auto"
    return "fp32" if precision == "fp32" else "bf16" if precision == "bf16" else "auto"


def trained_step(folder: Path) -> int:
    """Return the number of steps that the model in a folder has been trained; 0 where there is none."""
    steps = [int(path.stem.removeprefix("step-")) for path in (folder / "checkpoints").glob("step-*.json")]
    return max(steps, default=0)


def model_problem(folder: Path) -> str | None:
    """Return what is wrong with the files of a model, as far as their sizes tell; None where they are there and whole."""
    file = folder / "model.safetensors"
    meta = read_json_object(folder / "model.json")
    if not meta or not file.is_file():
        return f"{file.name if meta else 'model.json'} is missing"
    size = meta.get("bytes", file.stat().st_size)
    return None if file.stat().st_size == size else f"{file.name} is damaged"


def model_scores(folder: Path) -> dict[str, float]:
    """Return the scores of the model in a folder."""
    meta = read_json(folder / "model.json")
    best = meta.get("best") if isinstance(meta, Mapping) else None
    if not isinstance(best, Mapping):
        return {}
    return {name: float(value) for name, value in best.items() if isinstance(value, int | float)}
