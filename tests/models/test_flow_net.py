"""The flow network: its size as published, a pyramid of flows, and limbs as its start."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models import flow_net
from ptx.models.flow_net import FlowNet
from ptx.models.part_affine import part_affine_flow
from ptx.models.unet import UNet
from ptx.models.variants import Regressor


@pytest.mark.parametrize("regressor", ["unet_v2", "unet"])
@pytest.mark.parametrize("limbs", [False, True])
def test_flow_net_pyramid(limbs: bool, regressor: Regressor) -> None:
    net = FlowNet(8, 16, 3, limbs=limbs, regressor=regressor)
    prediction = net(torch.rand(2, 18, 3) * 30, torch.rand(2, 18, 3) * 30, torch.rand(2, 3, 64, 32))
    assert [f.shape[2:] for f in prediction.pyramid] == [(32, 16), (16, 8), (8, 4)]
    assert prediction.logits.shape == (2, 3, 64, 32)
    assert prediction.flow.shape == (2, 2, 64, 32)
    assert (prediction.flow[(prediction.visibility == BACKGROUND).expand(-1, 2, -1, -1)] == 0).all()


def test_flow_net_starts_from_the_limbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before training its flow is theirs, at every scale in pixels of the full picture."""
    monkeypatch.setattr(flow_net, "PART_DISTANCE_SCALE_PX", 1e-3)
    source, target = torch.rand(2, 2, 18, 3).mul(30).unbind()
    net = FlowNet(8, 16, 3, limbs=True)
    for head in (*net.flows, net.parts):
        nn.init.zeros_(head.weight)
    prediction = net(source, target, torch.rand(2, 3, 64, 32))
    limbs = part_affine_flow(source, target, 64, 32)
    assert (prediction.dense - limbs).abs().median() < 0.5
    for level, flow in enumerate(prediction.pyramid, 1):
        cells = limbs.unflatten(3, (-1, 2**level)).unflatten(2, (-1, 2**level)).mean((3, 5))
        assert (20 * flow - cells).abs().median() < 0.5


def test_untrained_heads_hardly_speak() -> None:
    """Weights of flow and parts are drawn from a normal distribution of deviation 1e-3, so that training begins near the limbs."""
    torch.manual_seed(0)
    net = FlowNet(64, 64, 3, limbs=True)
    for head in (*net.flows, net.parts):
        weight = head.weight.detach()
        assert float(weight.std()) == pytest.approx(1e-3, rel=0.1)
        assert abs(float(weight.mean())) < 1e-4


def test_a_network_with_a_picture_sees_it() -> None:
    source, target = torch.rand(2, 2, 18, 3).mul(30).unbind()
    for picture in (False, True):
        torch.manual_seed(0)
        net = FlowNet(8, 16, 3, picture=picture).eval()
        a, b = (net(source, target, image).dense for image in torch.rand(2, 2, 3, 64, 32).unbind())
        assert torch.equal(a, b) != picture


def published_unet(net: UNet, x: torch.Tensor) -> list[torch.Tensor]:
    """`FlowUnet` of the published code, transcribed: blocks within blocks, each adding its input as a skip.

    The skip of a block is its input after the in-place leaky ReLU; the ReLU of the way up makes that the same as its input.
    """
    up_outputs: list[torch.Tensor] = []

    def block(level: int, x: torch.Tensor) -> torch.Tensor:
        outermost, innermost = level == 0, level == len(net.downs) - 1
        skip = x if outermost else F.leaky_relu(x, 0.2)
        x = net.downs[level](skip)
        if not innermost:
            x = block(level + 1, net.down_norms[level](x))
        x = net.up_norms[level](net.ups[level](F.relu(x)))
        up_outputs.append(x)
        return x if outermost else torch.cat([skip, x], 1)

    for part in (net.entry[0], net.entry[2]):
        x = F.leaky_relu(part(x), 0.1)
    block(0, x)
    return up_outputs


def test_the_unet_is_the_published_one() -> None:
    torch.manual_seed(0)
    net = UNet(5, 4, 16, 3).eval()
    x = torch.randn(2, 5, 32, 48)
    for ours, theirs in zip(net(x), published_unet(net, x), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert [type(part).__name__ for part in net.entry] == ["Sequential", "LeakyReLU"] * 2
    assert [part.negative_slope for part in net.entry if isinstance(part, nn.LeakyReLU)] == [0.1, 0.1]
    assert net.entry[0][0].kernel_size == (7, 7)
    assert [conv.kernel_size for conv in (*net.downs, *net.ups)] == [(4, 4)] * 6
    assert [up.bias is not None for up in net.ups] == [True, False, False]


@pytest.mark.parametrize(("regressor", "below"), [("unet_v2", 0.0), ("unet", 0.1)])
def test_heads_see_activated_features(regressor: Regressor, below: float) -> None:
    """After a ReLU, in the U-Net a leaky one of slope .1: flow heads at every scale, visibility at the finest."""
    torch.manual_seed(0)
    net = FlowNet(4, 8, 3, regressor=regressor).eval()
    seen: dict[int, torch.Tensor] = {}
    for number, head in enumerate((*net.flows, net.visibility)):
        head.register_forward_pre_hook(lambda _, given, number=number: seen.update({number: given[0]}))
    net(torch.rand(1, 18, 3) * 30, torch.rand(1, 18, 3) * 30, torch.rand(1, 3, 32, 32))
    assert torch.equal(seen[0], seen[3])
    assert all((feature < 0).any() == (below > 0) for feature in seen.values())
