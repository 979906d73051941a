"""The perceptual loss: weights by name, refused in one line where they are not what they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ptx.models.vgg import Vgg19Features, gram, perceptual_loss, style_loss


@pytest.mark.parametrize("name", ["vgg.safetensors", "vgg.pth"])
def test_weights_by_name(tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    net, x = Vgg19Features(), torch.rand(1, 3, 32, 32)
    state = dict(net.state_dict())
    assert list(state)[-1] == "features.28.bias"
    save = save_file if name.endswith("safetensors") else torch.save
    save(state, tmp_path / name)
    loaded = Vgg19Features.load(tmp_path / name)
    assert perceptual_loss(loaded(x, x)) == style_loss(loaded(x, x)) == 0
    assert torch.equal(perceptual_loss(loaded(x, 1 - x)), perceptual_loss(net(x, 1 - x)))
    assert [a.shape[1:] for a, _ in net(x, x)] == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)]


def test_weights_have_torchvisions_names_and_shapes() -> None:
    """`cfgs["E"]` of pytorch/vision, torchvision/models/vgg.py, up to the convolution before relu5_1: convolutions of 3×3 with a ReLU
    each, M a pooling."""
    widths = [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512]
    shapes: dict[str, tuple[int, ...]] = {}
    number, inputs = 0, 3
    for width in widths:
        if isinstance(width, int):
            shapes[f"features.{number}.weight"] = (width, inputs, 3, 3)
            shapes[f"features.{number}.bias"] = (width,)
            inputs = width
        number += 1 if width == "M" else 2
    with torch.device("meta"):
        state = Vgg19Features().state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == shapes


def test_perceptual_loss_by_hand() -> None:
    """An eighth of the mean absolute difference at each of the five layers."""
    features = [(torch.zeros(1, 2, 3, 3), torch.full((1, 2, 3, 3), float(layer))) for layer in (1, -2, 3, 4, 5)]
    assert perceptual_loss(features).item() == pytest.approx(0.125 * 15)


def test_features_are_those_of_the_five_published_layers() -> None:
    """torchvision's numbers of relu1_1 to relu5_1: 1, 6, 11, 20, 29, of pictures in ImageNet's colours."""
    torch.manual_seed(0)
    net, x = Vgg19Features(), torch.rand(1, 3, 32, 32) * 2 - 1
    y = ((x + 1) / 2 - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    expected = {}
    for number, layer in enumerate(net.features):
        y = layer(y)
        expected[number] = y
    for (got, other), number in zip(net(x, x), (1, 6, 11, 20, 29), strict=True):
        torch.testing.assert_close(got, expected[number])
        assert torch.equal(got, other)


def test_style_loss_by_hand() -> None:
    """The mean over layers and shifts of the mean squared difference of Gram matrices."""
    one, two = torch.ones(1, 1, 4, 4), torch.full((1, 1, 4, 4), 2.0)
    assert style_loss([(one, two)]).item() == pytest.approx((4 - 1) ** 2)
    stripes = torch.tensor([1.0, -1.0] * 2).expand(1, 1, 4, 4)  # as they are and one row on 1, one column on -1
    assert style_loss([(one, stripes)]).item() == pytest.approx(((1 - 1) ** 2 + (1 + 1) ** 2 + (1 - 1) ** 2) / 3)
    pattern = torch.tensor([[1.0, 2, 4], [3, 5, 9], [8, 6, 7]])  # no two of whose shifts have the same products
    a = pattern.numpy()
    products = [(a * a).mean(), (a[:, :-1] * a[:, 1:]).mean(), (a[:-1] * a[1:]).mean()]
    expected = np.mean([(product - 1) ** 2 for product in products])
    assert style_loss([(torch.ones(1, 1, 3, 3), pattern[None, None])]).item() == pytest.approx(expected)


def test_gram_by_hand() -> None:
    """Of constant features their products; shifted, a pattern that repeats after two pixels agrees with itself."""
    features = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 4, 4)
    assert torch.allclose(gram(features, (0, 0))[0], torch.tensor([[0.5, 1.0], [1.0, 2.0]]))
    stripes = torch.tensor([1.0, -1.0] * 4).expand(1, 1, 8, 8)
    assert [float(gram(stripes, (right, 0))) for right in (0, 1, 2)] == [1, -1, 1]
    assert float(gram(stripes, (0, 3))) == 1


def test_style_ignores_where_things_are() -> None:
    """Turning a picture of noise around changes what is where, not its style."""
    torch.manual_seed(0)
    x = torch.rand(1, 3, 32, 32)
    noise, other = [(x, x.roll((8, 8), (2, 3)))], [(x, x * 0.5)]
    assert style_loss(noise) < 1e-2 * style_loss(other)
    assert perceptual_loss(noise) > 0.3 * perceptual_loss(other)
