"""The perceptual loss: weights by name, refused in one line where they are not what they should be."""

from __future__ import annotations

from pathlib import Path

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


def test_gram_by_hand() -> None:
    """Of constant features their products; shifted, a pattern that repeats after two pixels agrees with itself."""
    features = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 4, 4)
    assert torch.allclose(gram(features)[0], torch.tensor([[0.5, 1.0], [1.0, 2.0]]))
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
