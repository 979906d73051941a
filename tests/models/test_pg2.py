"""PG²'s networks have the sizes of the published ones, and its mask the limbs."""

from __future__ import annotations

import pytest
import torch

from ptx.models.pg2 import CoarseNet, PairDiscriminator, RefineNet


def published_coarse(base: int, scales: int, latent: int, cells: int) -> int:
    """Parameters of G1 counted from the published layer list (weights and biases)."""
    conv = lambda a, b, k: a * b * k * k + b  # noqa: E731
    total = conv(21, base, 3)
    for i in range(scales):
        width = base * (i + 1)
        total += 2 * conv(width, width, 3) + (conv(width, base * (i + 2), 3) if i < scales - 1 else 0)
    total += base * scales * cells * latent + latent + latent * base * cells + base * cells
    below = base
    for i in range(scales):
        width = below + base * (scales - i)
        total += 2 * conv(width, width, 3)
        below = base * (scales - i - 1)
        total += conv(width, below, 1) if i < scales - 1 else 0
    return total + conv(width, 3, 3)


@pytest.mark.parametrize(("size", "scales", "cells"), [((256, 256), 6, 64), ((128, 64), 5, 32)])
def test_coarse_net_has_the_published_layers(size: tuple[int, int], scales: int, cells: int) -> None:
    with torch.device("meta"):
        net = CoarseNet(size, 128, scales)
    assert sum(p.numel() for p in net.parameters()) == published_coarse(128, scales, 64, cells)


def test_shapes_and_gradients() -> None:
    torch.manual_seed(0)
    image, pose = torch.rand(2, 3, 64, 32) * 2 - 1, torch.rand(2, 18, 64, 32)
    coarse_net, refine, judge = CoarseNet((64, 32), 8, 4), RefineNet(8, 3, texture=True), PairDiscriminator((64, 32), 8)
    coarse = coarse_net(image, pose)
    picture = refine(coarse, image, image, torch.zeros(2, 1, 64, 32, dtype=torch.uint8))
    assert coarse.shape == picture.shape == image.shape
    logits = judge(torch.cat([picture, image], dim=1))
    assert logits.shape == (2, 1)
    (logits.sum() + picture.square().sum()).backward()
    for net in (coarse_net, refine, judge):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters() if p.ndim > 1)


def published_refine(base: int, blocks: int, skip_at_full_size: bool) -> int:
    """Parameters of G2 counted from the published layer list."""
    conv = lambda a, b: 9 * a * b + b  # noqa: E731
    total, width = conv(6, base), base
    for i in range(blocks):
        total += conv(width, base * (i + 1)) + conv(base * (i + 1), base * (i + 1))
        width = base * (i + 1)
        total += conv(width, width) if i < blocks - 1 else 0
    for i in range(blocks):
        skip = base * (blocks - i) if i < blocks - 1 or skip_at_full_size else 0
        total += conv(width + skip, base) + conv(base, base)
        width = base
    return total + conv(base, 3)


@pytest.mark.parametrize(("scales", "skip"), [(4, True), (3, False), (3, True)])
def test_refine_net_has_the_published_layers(scales: int, skip: bool) -> None:
    """DeepFashion's has four blocks and all skips; Market-1501's three, none at full size."""
    with torch.device("meta"):
        net = RefineNet(128, scales, full_size_skip=skip)
    assert sum(p.numel() for p in net.parameters()) == published_refine(128, scales, skip)


def test_without_the_skip_nothing_goes_across_at_full_size() -> None:
    """What the first block finds reaches the picture through the smaller scales alone."""
    image = torch.rand(1, 3, 32, 32)
    for skip in (True, False):
        torch.manual_seed(0)
        net = RefineNet(8, 3, full_size_skip=skip)
        for down in net.downs[:1]:
            down.register_forward_hook(lambda *arguments: torch.zeros_like(arguments[2]))
        a, b = (net(torch.zeros_like(image), given) for given in (image, 1 - image))
        assert torch.equal(a, b) != skip


def test_what_g2_gives_is_a_difference_to_the_coarse_picture() -> None:
    torch.manual_seed(0)
    net, coarse, image = RefineNet(8, 2), torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        net.last.weight.zero_()
        net.last.bias.copy_(torch.tensor([0.5, -0.25, 0.0]))
    torch.testing.assert_close(
        net(coarse, image) - coarse, torch.tensor([0.5, -0.25, 0.0])[:, None, None].expand(1, 3, 16, 16)
    )


def test_only_the_textured_net_sees_the_warped_source() -> None:
    image = torch.rand(1, 3, 32, 32)
    labels = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    for texture in (False, True):
        torch.manual_seed(0)
        net = RefineNet(8, 2, texture).eval()
        a, b = (net(image, image, warped, labels) for warped in (image, 1 - image))
        assert torch.equal(a, b) != texture
