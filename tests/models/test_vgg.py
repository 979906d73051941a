"""The perceptual loss: weights by name, refused in one line where they are not what they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ptx.models.vgg import Perceptual
from ptx.pipeline.errors import PtxError


@pytest.mark.parametrize("name", ["vgg.safetensors", "vgg.pth"])
def test_weights_by_name(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    net, x = Perceptual(), torch.rand(1, 3, 32, 32)
    state = dict(net.state_dict())
    assert list(state)[-1] == "features.28.bias"
    save = save_file if name.endswith("safetensors") else torch.save
    save(state, tmp_path / name)
    loaded = Perceptual.load(tmp_path / name)
    assert loaded(x, x) == 0
    assert torch.equal(loaded(x, 1 - x), net(x, 1 - x))


def test_what_is_not_vgg(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no such file; it should hold VGG-19"):
        Perceptual.load(tmp_path / "none.pth")
    save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors")
    with pytest.raises(PtxError, match="does not hold VGG-19"):
        Perceptual.load(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"hello")
    with pytest.raises(PtxError, match="cannot be read"):
        Perceptual.load(tmp_path / "b.safetensors")

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'marker'}",)

    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(PtxError, match="more than plain tensors"):
        Perceptual.load(tmp_path / "evil.pth")
    assert not (tmp_path / "marker").exists()
