"""LPIPS with weights drawn at random: its formula, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ptx.evaluation.lpips import Lpips
from ptx.pipeline.errors import PtxError


def test_version_0_0_shows_pictures_as_they_are(tmp_path: Path) -> None:
    """Version 0.1 of pictures that are shifted and scaled by hand is 0.0 of the pictures."""
    torch.manual_seed(0)
    first = Lpips("0.0")
    weights = {f"lin{i}.model.1.weight": torch.rand_like(w) for i, w in enumerate(first.linear)}
    save_file(weights, tmp_path / "lin.safetensors")
    save_file({k: v for k, v in first.state_dict().items() if k.startswith("features")}, tmp_path / "alex.safetensors")
    files = tmp_path / "alex.safetensors", tmp_path / "lin.safetensors"
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    scale, shift = (torch.tensor(v)[:, None, None] for v in ((0.458, 0.448, 0.450), (-0.030, -0.088, -0.188)))
    old, new = Lpips.load(*files, "0.0"), Lpips.load(*files, "0.1")
    assert old(a, b).tolist() == pytest.approx(new(a * scale + shift, b * scale + shift).tolist(), rel=1e-4)
    assert abs(old(a, b) - new(a, b)).min() > 1e-3


def test_lpips_by_definition(tmp_path: Path) -> None:
    """Equal pictures are 0 apart; one level of features, by hand."""
    torch.manual_seed(0)
    plain = Lpips()
    weights = {f"lin{i}.model.1.weight": torch.rand_like(w) * (i == 0) for i, w in enumerate(plain.linear)}
    save_file(weights, tmp_path / "lin.safetensors")
    save_file({k: v for k, v in plain.state_dict().items() if k.startswith("features")}, tmp_path / "alex.safetensors")
    net = Lpips.load(tmp_path / "alex.safetensors", tmp_path / "lin.safetensors")
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    assert net(a, a).tolist() == [0, 0]
    first = net.features["0"]
    x, y = (torch.relu(first((p - net.shift) / net.scale)) for p in (a, b))
    x, y = (p / p.norm(dim=1, keepdim=True) for p in (x, y))
    wanted = torch.einsum("bchw,c->bhw", (x - y) ** 2, net.linear[0].flatten()).mean((1, 2))
    assert net(a, b).tolist() == pytest.approx(wanted.tolist(), rel=1e-4)
    with pytest.raises(PtxError, match="does not hold AlexNet"):
        Lpips.load(tmp_path / "lin.safetensors", tmp_path / "lin.safetensors")
