"""The normalisation that networks trained on ImageNet expect."""

from __future__ import annotations

import torch

from ptx.models import imagenet
from ptx.models.vgg import Vgg19Features


def test_vgg_normalises_by_it() -> None:
    net = Vgg19Features()
    mean = torch.tensor(imagenet.MEAN)[None, :, None, None].expand(1, 3, 16, 16) * 2 - 1
    seen: list[torch.Tensor] = []
    net.features[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net(mean, mean + 2 * torch.tensor(imagenet.DEVIATION)[:, None, None])
    torch.testing.assert_close(seen[0], torch.zeros_like(mean), atol=1e-6, rtol=0)
    torch.testing.assert_close(seen[1], torch.ones_like(mean))
