"""LPIPS with weights drawn at random: its formula, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

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


def torchvisions_alexnet() -> nn.Sequential:
    """`alexnet().features` without its last pooling: pytorch/vision, torchvision/models/alexnet.py."""
    return nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(64, 192, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(192, 384, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, kernel_size=3, padding=1),
        nn.ReLU(),
    )


@pytest.mark.parametrize("gain", [1, 1e-9])
def test_lpips_is_that_of_its_code(gain: float, tmp_path: Path) -> None:
    """richzhang/PerceptualSimilarity: the slices of lpips/pretrained_networks.py (features up to every ReLU), `normalize_tensor` of
    lpips/__init__.py (adds 1e-10 to the norm, which tiny features notice), the scaling layer and the sum over levels of lpips/lpips.py.
    """
    torch.manual_seed(0)
    alexnet = torchvisions_alexnet()
    with torch.no_grad():
        alexnet[0].weight.mul_(gain)
        for layer in alexnet:
            if isinstance(layer, nn.Conv2d):
                layer.bias.mul_(gain)
    linear = [torch.rand(1, channels, 1, 1) for channels in (64, 192, 384, 256, 256)]
    save_file({f"features.{name}": weight for name, weight in alexnet.state_dict().items()}, tmp_path / "a.safetensors")
    save_file({f"lin{i}.model.1.weight": weight for i, weight in enumerate(linear)}, tmp_path / "l.safetensors")
    a, b = torch.rand(2, 1, 3, 64, 48) * 2 - 1
    shift, scale = (torch.tensor(v)[:, None, None] for v in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))
    x, y = ((picture - shift) / scale for picture in (a, b))
    total = torch.zeros(1)
    with torch.no_grad():
        for number, layer in enumerate(alexnet):
            x, y = layer(x), layer(y)
            if isinstance(layer, nn.ReLU):
                weight = linear[(1, 4, 7, 9, 11).index(number)]
                one, other = (f / (f.pow(2).sum(dim=1, keepdim=True).sqrt() + 1e-10) for f in (x, y))
                total += ((one - other) ** 2 * weight).sum(dim=1).mean()
        found = Lpips.load(tmp_path / "a.safetensors", tmp_path / "l.safetensors")(a, b)
    assert found.tolist() == pytest.approx(total.tolist(), rel=1e-4)
