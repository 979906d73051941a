"""Checkpoints: tensors in safetensors, everything else in JSON beside them. Nothing in them is ever executed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn, optim

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.fingerprint import Json
from ptx.pipeline.storage.files import read_json, write_atomic, write_json


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a checkpoint or of a model."""

    tensors: dict[str, Tensor]
    """By name, levels joined by slashes: networks, optimisers, moving average, random state."""
    meta: Mapping[str, Json]
    """Step, manifest (`document`), scores, body model."""

    def section(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with a prefix and a slash, without these."""
        return {k.removeprefix(f"{prefix}/"): v for k, v in self.tensors.items() if k.startswith(f"{prefix}/")}


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Json]) -> None:
    """Write `path`.safetensors, then `path`.json, each atomically: a checkpoint counts once its JSON is there."""
    data = save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})
    write_atomic(path.with_suffix(".safetensors"), data)
    write_json(path.with_suffix(".json"), {**meta, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})


def read_meta(path: Path) -> Mapping[str, Json]:
    """Read the JSON of a checkpoint or of a model, without its tensors; `path` without ending.

    Raises:
        PtxError: a file is missing.
    """
    meta = read_json(path.with_suffix(".json"))
    file = path.with_suffix(".safetensors")
    if not isinstance(meta, Mapping) or not file.is_file():
        raise PtxError(f"{path}: no model is there: {file.name} and {path.with_suffix('.json').name} are needed")
    return meta


def read_checkpoint(path: Path) -> Checkpoint:
    """Read both files of a checkpoint or of a model; `path` without ending.

    Raises:
        PtxError: a file is missing, damaged, or no safetensors (pickled weights are not read: they can run programs).
    """
    meta = read_meta(path)
    file = path.with_suffix(".safetensors")
    try:
        data = file.read_bytes()
        if hashlib.sha256(data).hexdigest() != meta.get("sha256", hashlib.sha256(data).hexdigest()):
            raise ValueError("its checksum is another")
        return Checkpoint(load(data), meta)
    except (SafetensorError, OSError, ValueError) as error:
        raise PtxError(f"{file}: is no safetensors file, or damaged ({one_line(error, 100)})") from error


def is_sound(path: Path) -> bool:
    """Return True where both files of a checkpoint or of a model can be read, and hold what was written."""
    try:
        read_checkpoint(path)
    except PtxError:
        return False
    return True


def rebuild_model(folder: Path, step: int) -> None:
    """Write a model that is lost again, from the moving average in the checkpoint of a step.

    Raises:
        PtxError: the checkpoint is lost as well.
    """
    path = folder / "model"
    try:
        checkpoint = read_checkpoint(CheckpointFolder(folder / "checkpoints").path(step))
    except PtxError as error:
        raise PtxError(
            f"{path}.safetensors is missing or damaged, and its newest checkpoint too ({error}): `--force` trains anew"
        ) from None
    average = checkpoint.section("average")
    weights = {name.removeprefix("module."): value for name, value in average.items() if name.startswith("module.")}
    write_checkpoint(path, weights, {**checkpoint.meta, "best": checkpoint.meta.get("scores", {})})


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoints of one training, `step-00000200.json` and `.safetensors` for each."""

    folder: Path

    def path(self, step: int) -> Path:
        """Path of a step's checkpoint, without ending."""
        return self.folder / f"step-{step:08d}"

    def steps(self) -> list[int]:
        """Steps of the checkpoints that are whole, in order."""
        return sorted(int(file.stem.removeprefix("step-")) for file in self.folder.glob("step-*.json"))

    def keep(self, count: int) -> None:
        """Remove all but the newest checkpoints."""
        for step in self.steps()[:-count]:
            self.path(step).with_suffix(".json").unlink()  # first: without it the other file is no checkpoint
            self.path(step).with_suffix(".safetensors").unlink(missing_ok=True)


def flatten(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """A module's state by name, after a prefix and a slash."""
    return {f"{prefix}/{name}": value for name, value in module.state_dict().items()}


def restore(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Load a module's state; `what` names its file in messages.

    Raises:
        PtxError: it is of another architecture; names the first difference.
    """
    own = module.state_dict()
    for name in (*own, *tensors):
        ours, theirs = (tuple(t[name].shape) if name in t else None for t in (own, tensors))
        if ours != theirs:
            shapes = " and ".join("nothing" if s is None else str(s) for s in (theirs, ours))
            raise PtxError(f"{what} is of another architecture: {name} is {shapes} here; check its settings")
    module.load_state_dict(dict(tensors))


def flatten_optimiser(prefix: str, optimiser: optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments by parameter number and name, after a prefix and a slash."""
    state = optimiser.state_dict()["state"]
    return {f"{prefix}/{i}/{k}": v for i, entry in state.items() for k, v in entry.items() if isinstance(v, Tensor)}


def restore_optimiser(optimiser: optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load an optimiser's moments; its rates come from the settings."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split("/")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
