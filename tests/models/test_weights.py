"""Weights that users bring: refused in one line where they are not what they should be, and never executed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ptx.models.vgg import Vgg19Features
from ptx.models.weights import file_hash, fill, read_weights
from ptx.pipeline.errors import PtxError


def test_what_is_not_vgg(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no such file; it should hold VGG-19"):
        Vgg19Features.load(tmp_path / "none.pth")
    save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors")
    with pytest.raises(PtxError, match="does not hold VGG-19"):
        Vgg19Features.load(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"hello")
    with pytest.raises(PtxError, match="cannot be read"):
        Vgg19Features.load(tmp_path / "b.safetensors")

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'marker'}",)

    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(PtxError, match="more than plain tensors"):
        Vgg19Features.load(tmp_path / "evil.pth")
    assert not (tmp_path / "marker").exists()


def test_weights_are_filled_in_and_frozen(tmp_path: Path) -> None:
    net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    state = {**net.state_dict(), "more": torch.zeros(1)}
    torch.save(state, tmp_path / "net.pth")
    fill(other, read_weights(tmp_path / "net.pth", "a layer"), tmp_path / "net.pth", "a layer")
    assert torch.equal(other.weight, net.weight)
    assert not other.weight.requires_grad
    with pytest.raises(PtxError, match="does not hold a layer: weight is missing or has another shape"):
        fill(nn.Linear(4, 2), state, tmp_path / "net.pth", "a layer")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(PtxError, match="holds no tensors by name"):
        read_weights(tmp_path / "list.pth", "a layer")


def test_a_hash_names_the_weights(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01"
