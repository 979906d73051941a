"""PG²'s networks have the sizes of the published ones, and its mask the limbs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.models.pg2 import CoarseNet, PairDiscriminator, RefineNet
from ptx.models.pose_maps import silhouette
from ptx.models.pose_mask import LIMBS, part_weights, pose_mask
from ptx.pipeline.errors import PtxError
from tests.models.test_part_affine import person


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


def test_only_the_textured_net_sees_the_warped_source() -> None:
    image = torch.rand(1, 3, 32, 32)
    labels = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    for texture in (False, True):
        torch.manual_seed(0)
        net = RefineNet(8, 2, texture).eval()
        a, b = (net(image, image, warped, labels) for warped in (image, 1 - image))
        assert torch.equal(a, b) != texture


def test_a_size_that_cannot_be_halved_is_said() -> None:
    with pytest.raises(PtxError, match="176×250 px cannot be halved 5 times"):
        CoarseNet((250, 176), 8, 6)


def keypoints() -> torch.Tensor:
    return torch.from_numpy(person())[None]


def test_mask_covers_the_limbs_and_no_more() -> None:
    assert len(LIMBS) == 23
    mask = pose_mask(keypoints(), 112, 64)[0, 0]
    points = person()
    for a, b in LIMBS:
        middle = (points[a, :2] + points[b, :2]) / 2
        assert mask[round(float(middle[1])), round(float(middle[0]))] == 1
    rows, columns = np.mgrid[:112, :64]
    far = np.ones((112, 64), bool)
    for a, b in LIMBS:
        for t in np.linspace(0, 1, 40):
            x, y = points[a, :2] * (1 - t) + points[b, :2] * t
            far &= (columns - x) ** 2 + (rows - y) ** 2 > 9**2
    assert not mask[torch.from_numpy(far)].any()
    lost = keypoints()
    lost[..., 2] = 0
    assert not pose_mask(lost, 112, 64).any()


def test_every_part_weighs_the_same() -> None:
    weights = part_weights(keypoints(), 112, 64)[0, 0]
    body = weights > 0
    assert weights[body].mean() == pytest.approx(1, rel=1e-4)
    levels, counts = weights[body].unique(return_counts=True)
    shares = (levels * counts).tolist()
    each = sum(shares) / 14  # trunk, head, eight limb parts, hands and feet
    assert all(abs(share / each - round(share / each)) < 1e-3 for share in shares)  # equal areas share a level
    foot, trunk = weights[100, 27], weights[40, 32]
    assert foot > 3 * trunk > 0


def test_silhouette_is_where_the_person_is() -> None:
    shape = silhouette(keypoints(), 112, 64)[0, 0]
    assert shape[40, 32] > 0.99
    assert shape[8, 32] > 0.5  # hair above the eyes
    assert shape[:, :6].max() < 0.05
    missing = torch.zeros(1, 18, 3)
    assert silhouette(missing, 32, 32).max() == 0
