"""Models that are kept beside the current one: `models/flow.1`, `models/flow.2`. Other settings never delete an older model.

Without torch.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import sync_folder
from ptx.training.context import TrainingContext
from ptx.training.state import model_scores, recorded_manifest, stale, trained_step
from ptx.training.training import Training
from ptx.training.trainings import TRAININGS

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


# --- what is there, and what is removed ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelEntry:
    """A model on disk, current or kept."""

    training: str
    folder: Path
    current: bool
    """False for a kept model."""
    step: int
    """Steps that it has been trained."""
    bytes: int
    """Bytes on disk, checkpoints included."""
    changed: datetime
    """When it was last trained; local time."""
    scores: dict[str, float]
    reasons: list[str]
    """Differences to what the settings of now ask for; none where it is that."""


def list_models(context: TrainingContext) -> list[ModelEntry]:
    """Return all models of a project, each current one before those that are kept beside it, oldest first."""
    return [
        _entry(context, training, folder)
        for training in TRAININGS.values()
        for folder in (context.folder(training), *kept_folders(context.folder(training)))
        if holds_model(folder)
    ]


def _entry(context: TrainingContext, training: Training, folder: Path) -> ModelEntry:
    times = [path.stat().st_mtime for path in (*folder.glob("model.json"), *folder.glob("checkpoints/step-*.json"))]
    return ModelEntry(
        training.name,
        folder,
        folder == context.folder(training),
        trained_step(folder),
        folder_bytes(folder),
        datetime.fromtimestamp(max(times)),
        model_scores(folder),
        stale(context, training, folder),
    )


def prune(context: TrainingContext, names: Sequence[str], keep: int) -> Iterator[tuple[str, int]]:
    """Remove kept models, never a current one; yields the name and the bytes of each that was removed.

    Args:
        context: of the trainings.
        names: trainings, or single kept models such as `flow.1`; none: all trainings.
        keep: kept models of a training that stay, the newest; single ones that are named go all the same.

    Raises:
        PtxError: a name is no training's and no kept model's.
    """
    chosen: dict[Path, None] = {}
    for training in TRAININGS.values():
        folders = kept_folders(context.folder(training))
        whole = not names or not {training.name, context.folder(training).name}.isdisjoint(names)
        chosen |= dict.fromkeys(folders[: max(0, len(folders) - keep)] if whole else [])
        chosen |= {folder: None for folder in folders if folder.name in names}
    known = {*TRAININGS, *(context.folder(training).name for training in TRAININGS.values())}
    if unknown := [name for name in names if name not in known and name not in {folder.name for folder in chosen}]:
        raise PtxError(f"no training and no kept model '{unknown[0]}': `ptx models` lists them")
    for folder in chosen:
        size = folder_bytes(folder)
        _remove(folder)
        yield folder.name, size


def _remove(folder: Path) -> None:
    """Remove a folder; killed meanwhile, it is no kept model any more. Of a link only the link goes."""
    if folder.is_symlink():
        folder.unlink()
        return
    going = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(going, ignore_errors=True)
    folder.rename(going)
    shutil.rmtree(going)


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder; 0 where it is a link, or not there."""
    if folder.is_symlink():
        return 0
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
