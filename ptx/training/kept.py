"""Models that are kept beside the current one: `models/flow.1`, `models/flow.2`. Other settings never delete an older model.

Without torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.storage.files import sync_folder
from ptx.training.context import TrainingContext
from ptx.training.state import recorded_manifest, stale, trained_step
from ptx.training.training import Training

FORMER_SUFFIX = "old"
"""Ending of the one folder in which ptx before 0.2 kept a model."""


@dataclass(frozen=True)
class RunPlan:
    """What a run of a training goes on from."""

    reasons: list[str]
    """Reasons why the current model is stale."""
    kept: Path | None
    """Folder of a kept model that is what the settings ask for, where the current one is not; the two change places."""
    anew: bool
    """True where training starts anew beside a current model, which is kept."""
    done: int
    """Steps that the model has been trained that is gone on with."""


def plan_run(context: TrainingContext, training: Training, *, force: bool = False) -> RunPlan:
    """Return what a run would go on from; with `force`, from nothing. Writes nothing."""
    folder = context.folder(training)
    reasons = stale(context, training)
    if force:
        return RunPlan(reasons, None, holds_model(folder), 0)
    if trained_step(folder) and not reasons:
        return RunPlan([], None, anew=False, done=trained_step(folder))
    for kept in reversed(kept_folders(folder)):
        if recorded_manifest(kept) is not None and not stale(context, training, kept):
            return RunPlan(reasons, kept, anew=False, done=trained_step(kept))
    return RunPlan(reasons, None, holds_model(folder), 0)


def holds_model(folder: Path) -> bool:
    """Return True where a folder holds a model, or a checkpoint of one."""
    return (folder / "model.json").exists() or trained_step(folder) > 0


def kept_folders(folder: Path) -> list[Path]:
    """Return the folders of the models that are kept beside a current one, oldest first."""
    former = folder.with_name(f"{folder.name}.{FORMER_SUFFIX}")
    numbers = sorted(_number(path) for path in folder.parent.glob(f"{folder.name}.*") if _number(path))
    return [*([former] if former.is_dir() else []), *(folder.with_name(f"{folder.name}.{n}") for n in numbers)]


def _number(folder: Path) -> int:
    """Return the number of a kept model's folder; 0 where it is none."""
    ending = folder.suffix.removeprefix(".")
    return int(ending) if ending.isdecimal() and folder.is_dir() else 0


def put_aside(folder: Path) -> Path:
    """Keep the current model under the next free number; returns its new folder."""
    last = max((_number(path) for path in kept_folders(folder)), default=0)
    aside = folder.with_name(f"{folder.name}.{last + 1}")
    folder.rename(aside)
    sync_folder(folder.parent)
    return aside


def take_up(folder: Path, kept: Path) -> Path | None:
    """Make a kept model the current one; returns where the current one is kept now, None where there was none.

    Two renames: killed between them, there is no current model, and the next run takes the kept one up.
    """
    aside = put_aside(folder) if folder.exists() else None
    kept.rename(folder)
    sync_folder(folder.parent)
    return aside
