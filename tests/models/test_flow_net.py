"""The flow network: its size as published, a pyramid of flows, and limbs as its start."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ptx.geometry.labels import BACKGROUND
from ptx.models import flow_net
from ptx.models.flow_net import FlowNet
from ptx.models.part_affine import part_affine_flow


@pytest.mark.parametrize("limbs", [False, True])
def test_flow_net_pyramid(limbs: bool) -> None:
    net = FlowNet(8, 16, 3, limbs=limbs)
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


def test_a_network_with_a_picture_sees_it() -> None:
    source, target = torch.rand(2, 2, 18, 3).mul(30).unbind()
    for picture in (False, True):
        torch.manual_seed(0)
        net = FlowNet(8, 16, 3, picture=picture).eval()
        a, b = (net(source, target, image).dense for image in torch.rand(2, 2, 3, 64, 32).unbind())
        assert torch.equal(a, b) != picture
