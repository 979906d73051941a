"""The generator, its pixel warping and its discriminator: sizes as published, shapes, gradients everywhere."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
import torch

from ptx.models.blocks import scale_channels
from ptx.models.flow_net import FlowNet
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.variants import Fusion, PixelWarpInputs
from ptx.models.warping import warp_pixels
from tests.models.samples import SMALL, inputs, parameters

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


@pytest.mark.slow
def test_other_networks_have_the_published_size() -> None:
    assert parameters(Generator(32, 128, 7, 5, "single")) == 8_360_451
    assert parameters(Generator(32, 128, 5, 5, "single")) == 5_046_787
    assert parameters(PixelWarp(32, 128, 7)) == 8_358_017
    assert parameters(PixelWarp(32, 128, 5)) == 5_044_353
    assert parameters(PatchDiscriminator()) == 2_787_137
    assert parameters(FlowNet(32, 128, 5)) == 6_588_685
    assert parameters(FlowNet(32, 128, 4)) == 4_929_547
    assert parameters(FlowNet(32, 512, 5, regressor="unet")) == 29_338_189
    assert parameters(FlowNet(32, 512, 4, regressor="unet")) == 16_744_011


@pytest.mark.parametrize("fusion", get_args(Fusion))
def test_generator_shapes_and_gradients(fusion: Fusion) -> None:
    net = Generator(**SMALL, fusion=fusion)
    out = net(*inputs())
    assert out.shape == (2, 3, 32, 16)
    assert out.abs().max() <= 1
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_pixel_warp_mixes() -> None:
    image, _, flow, visibility = inputs()
    generated = torch.zeros_like(image)
    mixed, weight = PixelWarp(8, 16, 3)(generated, image, flow, visibility)
    assert weight.shape == (2, 1, 32, 16)
    background = (visibility == 2).expand_as(mixed)
    assert torch.allclose(mixed[background], -weight.expand_as(mixed)[background])  # black times its weight


@pytest.mark.parametrize("given", ["scaled", "published"])
def test_what_pixel_warping_sees(given: PixelWarpInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published: the painted and the warped picture, the label 0, 1, 2 in one channel, flow in px; ours about as large as colours."""
    image, _, flow, visibility = inputs()
    net = PixelWarp(8, 16, 3, given)
    seen: list[torch.Tensor] = []
    net.encoder.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    net(image / 2, image, flow, visibility)
    assert seen[0].shape[1] == 9
    torch.testing.assert_close(seen[0][:, :3], image / 2)
    torch.testing.assert_close(seen[0][:, 3:6], warp_pixels(image, flow, visibility))
    expected = (visibility.float(), flow) if given == "published" else (visibility.float() - 1, flow / 20)
    torch.testing.assert_close(seen[0][:, 6:], torch.cat(expected, dim=1))


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


def test_a_generator_with_surface_sees_it() -> None:
    """What is drawn changes the picture, also without a layer that lets it through; without `surface` it changes nothing."""
    drawn = torch.rand(2, 2, 4, 32, 16)
    for surface in (False, True):
        torch.manual_seed(0)
        net = Generator(**SMALL, surface=surface).eval()
        one, other = (net(*inputs(), each) for each in drawn)
        assert torch.equal(one, other) != surface
    with pytest.raises(AssertionError):
        net(*inputs())
