"""Checkpoints: tensors in safetensors, everything else in JSON beside them. Nothing in them is ever executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.durable import read_json, write_atomic, write_json


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds."""

    tensors: dict[str, Tensor]
    """By name, parts joined by slashes: networks, optimisers, moving averages, random states."""
    meta: dict[str, Any]
    """Step, what the model was made from, scores."""

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors below a prefix, without it."""
        return {k.removeprefix(f"{prefix}/"): v for k, v in self.tensors.items() if k.startswith(f"{prefix}/")}


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write `path`.safetensors, then `path`.json, each atomically: a checkpoint counts once its JSON is there."""
    write_atomic(path.with_suffix(".safetensors"), save({k: v.detach().cpu().contiguous() for k, v in tensors.items()}))
    write_json(path.with_suffix(".json"), dict(meta))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read both files.

    Raises:
        PtxError: a file is missing, damaged, or no safetensors (pickled weights are not read: they can run programs).
    """
    meta, file = read_json(path.with_suffix(".json")), path.with_suffix(".safetensors")
    if not isinstance(meta, dict) or not file.is_file():
        raise PtxError(f"{path}: no model is there: {file.name} and {path.with_suffix('.json').name} are needed")
    try:
        return Checkpoint(load(file.read_bytes()), meta)
    except (SafetensorError, OSError, ValueError) as error:
        raise PtxError(f"{file}: is no safetensors file, or damaged ({' '.join(str(error).split())[:100]})") from error


def flatten(prefix: str, module: torch.nn.Module) -> dict[str, Tensor]:
    """A module's state under a prefix."""
    return {f"{prefix}/{k}": v for k, v in module.state_dict().items()}


def restore(module: torch.nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Load a module's state.

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


def flatten_optimiser(prefix: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments under a prefix."""
    state = optimiser.state_dict()["state"]
    return {f"{prefix}/{i}/{k}": v for i, entry in state.items() for k, v in entry.items() if isinstance(v, Tensor)}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load an optimiser's moments; its rates come from the settings."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split("/")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
