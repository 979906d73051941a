"""The training stages as `ptx status` sees them: what each reads, where its model lies, how far it is. Without torch."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ptx.datasets.attribute_files import stamp
from ptx.pipeline.fingerprint import differences, digest
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.durable import read_json
from ptx.training.settings import RENAMED_SETTINGS, with_new_names, with_old_names

PROJECTED = ("ingest", "extract-keypoints", "rasterize", "synth-flow", "visibility")
"""What system A reads: pictures, and flow from fitted bodies."""
PARSED = ("ingest", "extract-keypoints", "parse")
"""What system B reads: pictures and garments, no body model."""
REQUEUE = 75
"""Exit code (EX_TEMPFAIL) of a training after a signal: saved, to be queued again."""
STOPPING = (signal.SIGTERM, signal.SIGUSR1)
"""Signals on which a training saves and ends."""
FLOW_FROM = {"projected": None, "regressed": "train-flow", "learned": "train-pose-flow"}
"""Setting `flow` of what paints → the training whose model gives the flow."""


@dataclass(frozen=True)
class Training:
    """One training stage."""

    name: str
    section: str
    needs: tuple[str, ...] = ()
    """Training stages whose models it uses, besides the one that gives its flow."""
    reads: tuple[str, ...] = PROJECTED
    """Stages whose stores it reads."""
    annotated: bool = False
    """Whether it also reads what people wear (`attributes.path`)."""

    def folder(self, workspace: Path) -> Path:
        """Where its model lies."""
        return workspace / "models" / self.name.removeprefix("train-")


TRAININGS = {
    t.name: t
    for t in (
        Training("train-flow", "train_flow"),
        Training("train-generator", "train_generator"),
        Training("train-pixel-warp", "train_pixel_warp", ("train-generator",)),
        Training("train-pose-flow", "train_pose_flow", reads=PARSED),
        Training("train-garment", "train_garment", reads=PARSED),
        Training("train-synthesis", "train_synthesis", ("train-garment",), reads=PARSED),
        Training("train-coarse", "train_coarse"),
        Training("train-refine", "train_refine", ("train-coarse",)),
        Training("train-attributes", "train_attributes", reads=("ingest", "extract-keypoints"), annotated=True),
    )
}


def needs(pipeline: Pipeline, training: Training) -> tuple[str, ...]:
    """Training stages whose models a training uses, that of its flow among them."""
    flow = FLOW_FROM.get(getattr(getattr(pipeline.settings, training.section), "flow", ""))
    return (*training.needs, *((flow,) if flow else ()))


def document(pipeline: Pipeline, training: Training, *, old_names: bool = False) -> dict[str, Any]:
    """What the model depends on; `old_names`: in the words of a ptx from before `RENAMED_SETTINGS`."""
    settings = getattr(pipeline.settings, training.section)
    inputs = {name: digest(pipeline.document(pipeline.stage(name))) for name in training.reads}
    inputs |= {name: digest(_made_from(pipeline, TRAININGS[name], old_names)) for name in needs(pipeline, training)}
    if training.annotated and pipeline.settings.attributes.path is not None:
        inputs["attributes"] = digest(stamp(pipeline.settings.attributes.path))
    return {
        "stage": training.name,
        "seed": pipeline.settings.seed,
        "size": list(pipeline.settings.size),
        "settings": {training.section: with_old_names(settings.model()) if old_names else settings.model()},
        "inputs": inputs,
    }


def _made_from(pipeline: Pipeline, training: Training, old_names: bool) -> dict[str, Any]:
    """What a model was made from as its own files say it, where they are not stale: words that a newer ptx adds change nothing."""
    folder = training.folder(pipeline.results)
    step = trained_step(folder)
    if step and not stale(pipeline, training):
        return dict(_recorded(folder, step))
    return document(pipeline, training, old_names=old_names)


def _recorded(folder: Path, step: int) -> dict[str, Any]:
    return read_json(folder / "checkpoints" / f"step-{step:08d}.json")["document"]


def stale(pipeline: Pipeline, training: Training) -> list[str]:
    """Why the model on disk is not what the settings ask for; empty where it is, or where there is none."""
    folder = training.folder(pipeline.results)
    step = trained_step(folder)
    if not step:
        return []
    trained = _recorded(folder, step)
    # A setting that the model's ptx did not know yet had what is now its default.
    fields = type(getattr(pipeline.settings, training.section)).model_fields
    known = {name: one.default for name, one in fields.items() if not one.is_required()}
    recorded = trained["settings"][training.section]
    now = document(pipeline, training, old_names=bool(RENAMED_SETTINGS.keys() & recorded.keys()))
    now["settings"] = {training.section: getattr(pipeline.settings, training.section).model()}
    section = {k: known[k] for k in now["settings"][training.section] if k in known} | with_new_names(recorded)
    return differences({**trained, "settings": {training.section: section}}, now)


def trained_step(folder: Path) -> int:
    """Steps that a model in this folder has been trained; 0 where there is none."""
    steps = [int(p.stem.removeprefix("step-")) for p in (folder / "checkpoints").glob("step-*.json")]
    return max(steps, default=0)


def best_scores(folder: Path) -> dict[str, float]:
    """Scores of the best model in this folder."""
    meta = read_json(folder / "model.json")
    return dict(meta["best"]) if isinstance(meta, dict) else {}


@dataclass(frozen=True)
class TrainingStatus:
    """Where one training stands."""

    stage: str
    condition: str
    """absent, stale, partial or done."""
    reasons: Sequence[str]
    """Why it is stale."""
    step: int
    steps: int
    scores: dict[str, float]
    """Of the best model on held-out persons."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def describe_training(pipeline: Pipeline, training: Training) -> TrainingStatus:
    """The state of a training from its newest checkpoint."""
    folder = training.folder(pipeline.results)
    step, steps = trained_step(folder), getattr(pipeline.settings, training.section).steps
    why = stale(pipeline, training)
    condition = "absent" if not step else "stale" if why else "partial" if step < steps else "done"
    return TrainingStatus(training.name, condition, why, step, steps, best_scores(folder))
