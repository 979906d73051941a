"""The networks: sizes as published, shapes, gradients everywhere, and what each variant may and may not look at."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
import torch
from torch import nn

from ptx.models import flow_net
from ptx.models.blocks import scale_channels
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.part_affine import part_affine_flow
from ptx.models.pose_maps import PoseMaps, pose_channels, pose_maps
from ptx.models.variants import Background, Fusion

SMALL = {"base_channels": 8, "max_channels": 16, "scales": 3, "warped_scales": 2}


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def inputs(height: int = 32, width: int = 16) -> tuple[torch.Tensor, PoseMaps, torch.Tensor, torch.Tensor]:
    """Image, pose maps, flow, visibility of a batch of two."""
    torch.manual_seed(0)
    visibility = torch.randint(0, 3, (2, 1, height, width), dtype=torch.uint8)
    return (
        torch.rand(2, 3, height, width) * 2 - 1,
        PoseMaps(torch.rand(2, 18, height, width)),
        torch.randn(2, 2, height, width),
        visibility,
    )


PUBLISHED = {
    "no_visibility": 9_993_795, "soft_gate": 10_183_107, "residual_no_visibility": 10_843_459, "residual": 11_881_539,
    "no_flow": 9_993_795,
}  # fmt: skip
"""Counted on the published code, in which the encoders share their down-sampling layers by mistake."""


@pytest.mark.parametrize("fusion", list(PUBLISHED))
def test_generators_have_the_published_size_and_downs_of_their_own(fusion: Fusion) -> None:
    c = scale_channels(32, 7, 128)
    downs = sum(9 * a * b + 2 * b for a, b in pairwise(c))
    assert parameters(Generator(32, 128, 7, 5, fusion)) == PUBLISHED[fusion] + downs


def test_other_networks_have_the_published_size() -> None:
    assert parameters(Generator(32, 128, 7, 5, "single")) == 8_360_451
    assert parameters(Generator(32, 128, 5, 5, "single")) == 5_046_787
    assert parameters(PixelWarp(32, 128, 7)) == 8_358_017
    assert parameters(PixelWarp(32, 128, 5)) == 5_044_353
    assert parameters(PatchDiscriminator()) == 2_787_137
    assert parameters(FlowNet(32, 128, 5)) == 6_588_685
    assert parameters(FlowNet(32, 128, 4)) == 4_929_547


@pytest.mark.parametrize("fusion", get_args(Fusion))
def test_generator_shapes_and_gradients(fusion: Fusion) -> None:
    net = Generator(**SMALL, fusion=fusion)
    out = net(*inputs())
    assert out.shape == (2, 3, 32, 16)
    assert out.abs().max() <= 1
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize(
    ("fusion", "sees_flow", "sees_visibility"),
    [("residual", True, True), ("soft_gate", True, True), ("hard_gate", True, True), ("no_visibility", True, True),
     ("no_flow", False, False), ("single", False, False)],
)  # fmt: skip
def test_variants_see_what_they_should(fusion: Fusion, sees_flow: bool, sees_visibility: bool) -> None:
    """Flow on the background is never used, so visibility counts wherever flow does; but not as a label of its own."""
    net = Generator(**SMALL, fusion=fusion).eval()
    image, pose, flow, visibility = inputs()
    base = net(image, pose, flow, visibility)
    assert (net(image, pose, flow + 3, visibility) != base).any() == sees_flow
    assert (net(image, pose, flow, 2 - visibility) != base).any() == sees_visibility
    if fusion == "no_visibility":
        swapped = torch.where(visibility < 2, 1 - visibility.clamp(max=1), visibility)
        assert (net(image, pose, flow, swapped) == base).all()


def test_layers_see_the_source_pose() -> None:
    """The same target from sources in two poses: only a network that lays layers tells them apart."""
    source, other, target = torch.rand(3, 2, 18, 3).mul(30).unbind()
    image, _, flow, visibility = inputs()
    kinds: tuple[Background, ...] = ("paint", "layers")
    for background in kinds:
        net = Generator(8, 16, 3, 2, background=background).eval()
        maps = [pose_maps(pose, target, *image.shape[-2:], 4.0, background) for pose in (source, other)]
        assert maps[0].channels().shape[1] == pose_channels(background)
        a, b = (net(image, pose, flow, visibility) for pose in maps)
        assert torch.equal(a, b) == (background == "paint")


def test_encoders_share_nothing() -> None:
    net = Generator(**SMALL)
    assert net.path.appearance is not None
    own = {id(p) for p in net.path.pose.parameters()}
    assert not own & {id(p) for p in net.path.appearance.parameters()}


@pytest.mark.parametrize("limbs", [False, True])
def test_flow_net_pyramid(limbs: bool) -> None:
    net = FlowNet(8, 16, 3, limbs=limbs)
    prediction = net(torch.rand(2, 18, 3) * 30, torch.rand(2, 18, 3) * 30, torch.rand(2, 3, 64, 32))
    assert [f.shape[2:] for f in prediction.pyramid] == [(32, 16), (16, 8), (8, 4)]
    assert prediction.logits.shape == (2, 3, 64, 32)
    assert prediction.flow.shape == (2, 2, 64, 32)
    assert (prediction.flow[(prediction.visibility == 2).expand(-1, 2, -1, -1)] == 0).all()


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


def test_pixel_warp_mixes() -> None:
    image, _, flow, visibility = inputs()
    generated = torch.zeros_like(image)
    mixed, weight = PixelWarp(8, 16, 3)(generated, image, flow, visibility)
    assert weight.shape == (2, 1, 32, 16)
    background = (visibility == 2).expand_as(mixed)
    assert torch.allclose(mixed[background], -weight.expand_as(mixed)[background])  # black times its weight


def test_same_seed_same_weights() -> None:
    nets = []
    for _ in range(2):
        torch.manual_seed(3)
        nets.append(Generator(**SMALL))
    assert all(torch.equal(a, b) for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True))


def test_kept_background_lets_the_source_through() -> None:
    """Where the source has all the weight it is the picture, where it has none the picture is painted."""
    image, pose, flow, visibility = inputs()
    net = Generator(**SMALL, background="keep").eval()
    bias = net.head.body[1].bias
    with torch.no_grad():
        net.head.body[1].weight[3] = 0
        bias[3] = 50
        assert torch.allclose(net(image, pose, flow, visibility), image)
        bias[3] = -50
        assert (net(image, pose, flow, visibility) - image).abs().mean() > 0.1
