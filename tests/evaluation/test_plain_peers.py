"""Judging networks against NumPy's of the same published definitions, with the same weights: where torchvision and lpips are not installed.

Every layer's convention shows: padding, stride, pools' borders and their zeros, order of branches, normalisation, resizing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.evaluation.classifiers import CROPS, Question, crop_middle
from ptx.evaluation.inception import Inception
from ptx.evaluation.lpips import Lpips
from ptx.models.vgg import Vgg19Features
from tests.evaluation.plain_networks import Weights, inception, lpips, resize, vgg19


def weights() -> Weights:
    return Weights(np.random.default_rng(0))


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(3, H, W) in -1..1: edges and noise, nothing the same at two borders."""
    rng = np.random.default_rng(seed)
    steps = np.kron(rng.uniform(-1, 1, (3, -(-height // 16), -(-width // 16))), np.ones((1, 16, 16)))
    return np.clip(steps[:, :height, :width] * 0.7 + rng.uniform(-0.3, 0.3, (3, height, width)), -1, 1)


def batch(*pictures: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.stack(pictures), dtype=torch.float32)


def save(state: dict[str, np.ndarray], path: Path) -> Path:
    torch.save({name: torch.tensor(array, dtype=torch.float32) for name, array in state.items()}, path)
    return path


@pytest.mark.slow
@torch.no_grad()
def test_inception(tmp_path: Path) -> None:
    """Of a picture that shrinks one way and grows the other; names and shapes of all weights are torchvision's."""
    w = weights()
    shown = picture(360, 190)
    features, shares = inception(w, shown)
    ours = Inception.load(save(w.state, tmp_path / "inception.pth")).eval()(batch(shown))
    assert features.std() > 0.05
    np.testing.assert_allclose(ours[0][0].numpy(), features, atol=2e-4 * features.std())
    np.testing.assert_allclose(ours[1][0].numpy(), shares, rtol=1e-3)


@pytest.mark.parametrize("size", [(64, 47), (70, 96)])
@torch.no_grad()
def test_lpips(tmp_path: Path, size: tuple[int, int]) -> None:
    """Of pictures at whose right and lower borders windows of pools and strides do not fit."""
    w = weights()
    first, second = picture(*size), picture(*size, seed=1)
    wanted = lpips(w, first, second)
    layers = {name: array for name, array in w.state.items() if name.startswith("features")}
    linear = {name: array for name, array in w.state.items() if name.startswith("lin")}
    net = Lpips.load(save(layers, tmp_path / "alexnet.pth"), save(linear, tmp_path / "linear.pth"))
    assert net(batch(first), batch(second)).tolist() == pytest.approx([wanted], rel=1e-5)
    both = net(batch(first, second), batch(second, second)).tolist()
    assert both == pytest.approx([wanted, 0], rel=1e-5, abs=1e-7)


@pytest.mark.slow
@torch.no_grad()
def test_vgg(tmp_path: Path) -> None:
    w = weights()
    first, second = picture(34, 33), picture(34, 33, seed=1)
    wanted = [vgg19(w, shown) for shown in (first, second)]
    seen = Vgg19Features.load(save(w.state, tmp_path / "vgg.pth"))(batch(first), batch(second))
    for side, levels in enumerate(wanted):
        for level, features in enumerate(levels):
            assert features.std() > 0.1
            np.testing.assert_allclose(seen[level][side][0].numpy(), features, atol=1e-4 * features.std())


@pytest.mark.parametrize("question", list(CROPS))
@pytest.mark.parametrize("size", [(128, 64), (400, 300), (256, 256)])
def test_what_classifiers_see(question: Question, size: tuple[int, int]) -> None:
    """torchvision's Resize to a shorter side, then CenterCrop (transforms/functional.py), by Pillow."""
    resized, side = CROPS[question]
    shown = picture(*size)
    short = min(size)
    height, width = (resized if own == short else int(resized * own / short) for own in size)
    top, left = round((height - side) / 2), round((width - side) / 2)
    wanted = resize(shown, height, width)[:, top : top + side, left : left + side]
    found = crop_middle(batch(shown), (side, side), side / resized)[0].numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4)
