"""Weights that users bring, by path. Nothing in such a file is ever executed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ptx.pipeline.errors import PtxError, one_line


def read_weights(path: Path, what: str) -> dict[str, Tensor]:
    """Read tensors by name from safetensors, or from a .pth of plain tensors.

    Args:
        path: the file.
        what: what it should hold and where to get it, for the message where it is missing.

    Raises:
        PtxError: there is no such file, or it holds something else; one line.
    """
    if not path.is_file():
        raise PtxError(f"{path}: no such file; it should hold {what}")
    try:
        plain = path.suffix == ".safetensors"
        state = load_file(path) if plain else torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, ValueError, RuntimeError, EOFError, ModuleNotFoundError) as error:
        raise PtxError(f"{path}: cannot be read as plain tensors ({one_line(error, 100)})") from error
    except Exception as error:  # torch's own UnpicklingError: something other than tensors was in it
        raise PtxError(f"{path}: holds more than plain tensors and was not read; use safetensors") from error
    if not isinstance(state, dict):
        raise PtxError(f"{path}: holds no tensors by name")
    return {str(name): value for name, value in state.items() if isinstance(value, Tensor)}


def fill(net: nn.Module, state: Mapping[str, Tensor], path: Path, what: str) -> None:
    """Put weights into a network that uses the same names; what the file holds beyond them is left out. Freezes it.

    Raises:
        PtxError: a tensor is missing or has another shape.
    """
    own = net.state_dict()
    wrong = next((name for name, value in own.items() if name not in state or state[name].shape != value.shape), None)
    if wrong is not None:
        raise PtxError(f"{path}: does not hold {what}: {wrong} is missing or has another shape")
    net.load_state_dict({name: state[name] for name in own})
    net.eval().requires_grad_(False)


def file_hash(path: Path) -> str:
    """The first 12 hexadecimal digits of a file's SHA-256, by which reports name the weights of a network."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
