"""Judging networks against torchvision's and LPIPS's own on the same pictures, where `pip install torchvision lpips` was done."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from torch import nn

from ptx.evaluation.classifiers import CROPS, Question, crop_middle
from ptx.evaluation.inception import Inception
from ptx.evaluation.lpips import Lpips
from ptx.models.vgg import FEATURE_LAYERS, Vgg19Features

try:
    import lpips
    import torchvision
except (ImportError, RuntimeError) as missing:  # RuntimeError: built for another torch
    pytest.skip(f"torchvision or lpips cannot be imported ({missing})", allow_module_level=True)


Network = TypeVar("Network", bound=nn.Module)


@pytest.fixture(scope="module")
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Two pictures each (2, 3, 128, 64) in -1..1."""
    first, second = torch.rand(2, 2, 3, 128, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return first, second


def drawn(net: Network) -> Network:
    """Weights and statistics at random, also of normalisations, which start as if they were not there."""
    torch.manual_seed(0)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight.data, part.running_var):
                values.uniform_(0.5, 1.5)
            for values in (part.bias.data, part.running_mean):
                values.normal_(0, 0.1)
    return net.eval()


@torch.no_grad()
def test_inception_is_torchvisions(tmp_path: Path, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    theirs = drawn(torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=False))
    torch.save(theirs.state_dict(), tmp_path / "inception.pth")
    features, probabilities = Inception.load(tmp_path / "inception.pth").eval()(pictures[0])
    x = nn.functional.interpolate(pictures[0], size=(299, 299), mode="bilinear", antialias=True)
    torch.testing.assert_close(probabilities, theirs(x).softmax(1))
    theirs.fc = nn.Identity()
    torch.testing.assert_close(features, theirs(x))


@torch.no_grad()
def test_lpips_is_its_authors(tmp_path: Path, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """The linear weights are the published ones, which come with the package; AlexNet's are drawn."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = theirs.state_dict()
    layers = {f"features.{k.split('.', 2)[2]}": v for k, v in state.items() if k.startswith("net.slice")}
    torch.save(layers, tmp_path / "alexnet.pth")
    torch.save({k: v for k, v in state.items() if k.startswith("lin") and k[3].isdigit()}, tmp_path / "linear.pth")
    ours = Lpips.load(tmp_path / "alexnet.pth", tmp_path / "linear.pth")
    torch.testing.assert_close(ours(*pictures), theirs(*pictures).flatten())


@torch.no_grad()
def test_vgg_is_torchvisions(tmp_path: Path, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    theirs = torchvision.models.vgg19(weights=None)
    torch.save(theirs.state_dict(), tmp_path / "vgg.pth")
    seen = Vgg19Features.load(tmp_path / "vgg.pth")(*pictures)
    normalise = torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    for side, x in enumerate(normalise((p + 1) / 2) for p in pictures):
        features = []
        for number, layer in enumerate(theirs.features[: FEATURE_LAYERS[-1] + 1]):
            x = layer(x)
            features += [x] if number in FEATURE_LAYERS else []
        for level, wanted in enumerate(features):
            torch.testing.assert_close(seen[level][side], wanted)


@pytest.mark.parametrize("question", list(CROPS))
def test_classifiers_see_what_torchvision_cuts_out(
    question: Question, pictures: tuple[torch.Tensor, torch.Tensor]
) -> None:
    resized, side = CROPS[question]
    transforms = torchvision.transforms
    wanted = transforms.CenterCrop(side)(transforms.Resize(resized, antialias=True)(pictures[0]))
    torch.testing.assert_close(crop_middle(pictures[0], (side, side), side / resized), wanted)
