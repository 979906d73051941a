"""Sizes that cannot be halved: rounded up on the way down, cut on the way up, and nothing moves."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ptx.models.attribute_net import AttributeNet
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PatchDiscriminator, PixelWarp
from ptx.models.pg2 import CoarseNet, PairDiscriminator, RefineNet
from ptx.models.scales import cut, double, half, pad_to_even, pool_mean
from ptx.models.variants import PATCH_DISCRIMINATOR_PX, FeatureAlignment, Regressor
from tests.models.samples import inputs

ODD = st.tuples(st.integers(16, 45), st.integers(16, 45))
"""Heights and widths in px, most of them not divisible by 8."""


def test_cells_are_rounded_up_and_hold_what_is_there() -> None:
    x = torch.arange(15.0).view(1, 1, 3, 5)
    assert [half(length) for length in (1, 2, 3, 176, 11)] == [1, 1, 2, 88, 6]
    assert pool_mean(x, 0) is x
    assert pool_mean(x, 1)[0, 0].tolist() == [[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]
    assert pool_mean(x, 2).shape == (1, 1, 1, 2)
    assert pool_mean(x, 2)[0, 0, 0, 1] == 9  # of 4, 9 and 14


def test_enlarged_maps_are_cut_and_not_stretched() -> None:
    """Cell i lies between pixels 2i and 2i + 1, whatever is cut off at the end."""
    x = torch.arange(6.0).view(1, 1, 1, 6)
    assert double(x, (1, 11), "nearest").flatten().tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    expected = [max(0.0, (pixel - 0.5) / 2) for pixel in range(11)]
    assert double(x, (1, 11), "bilinear").flatten().tolist() == expected
    assert cut(x, (1, 2)).flatten().tolist() == [0, 1]


def test_odd_maps_get_a_row_and_a_column_of_zeros() -> None:
    x = torch.ones(1, 1, 3, 4)
    assert pad_to_even(x)[0, 0].sum(1).tolist() == [4, 4, 4, 0]
    assert pad_to_even(x).shape == (1, 1, 4, 4)
    even = x[..., :2, :]
    assert pad_to_even(even) is even


@pytest.mark.slow
@pytest.mark.parametrize("regressor", ["unet_v2", "unet"])
@settings(max_examples=25)
@given(size=ODD, limbs=st.booleans())
def test_flow_of_any_size(regressor: Regressor, size: tuple[int, int], limbs: bool) -> None:
    height, width = size
    net = FlowNet(4, 8, 3, limbs=limbs, picture=True, regressor=regressor)
    out = net(torch.rand(2, 18, 3) * 16, torch.rand(2, 18, 3) * 16, torch.rand(2, 3, height, width))
    assert out.dense.shape == (2, 2, height, width)
    assert out.logits.shape == (2, 3, height, width)
    cells = [(-(-height // 2**level), -(-width // 2**level)) for level in (1, 2, 3)]
    assert [flow.shape[-2:] for flow in out.pyramid] == cells


@pytest.mark.slow
@settings(max_examples=15)
@given(size=ODD, alignment=st.sampled_from(["published", "exact"]))
def test_pictures_of_any_size(size: tuple[int, int], alignment: FeatureAlignment) -> None:
    height, width = size
    image, poses, flow, visibility = inputs(height, width)
    garments = torch.rand(2, 12, height, width)
    painted = [
        Generator(4, 8, 3, 2, alignment=alignment)(image, poses, flow, visibility),
        PixelWarp(4, 8, 3)(image, image, flow, visibility)[0],
        *SynthesisNet(4, 8, 3, 3, alignment=alignment)(image, poses, garments, flow, visibility)[:1],
        CoarseNet(size, 4, 3)(image, poses.target),
        RefineNet(4, 3, texture=True, full_size_skip=False)(image, image, image, visibility),
    ]
    assert [picture.shape for picture in painted] == [image.shape] * 5
    labels = GarmentNet(4, 8, 3, 3, alignment=alignment)(image, poses.target, flow, visibility)
    assert labels.shape == (2, 12, height, width)
    assert AttributeNet(3, 4, 4, 8, 3)(image).categories.shape == (2, 3)
    assert PairDiscriminator(size, 4)(torch.cat([image, image], dim=1)).shape == (2, 1)


def test_the_least_size_of_the_discriminator() -> None:
    judge = PatchDiscriminator(base=4).eval()
    assert judge(torch.zeros(1, 24, PATCH_DISCRIMINATOR_PX, PATCH_DISCRIMINATOR_PX)).shape == (1, 1, 1, 1)
    with pytest.raises(RuntimeError, match="Kernel size"):
        judge(torch.zeros(1, 24, PATCH_DISCRIMINATOR_PX - 1, PATCH_DISCRIMINATOR_PX))


def test_what_is_beyond_the_edge_is_as_if_it_were_zero() -> None:
    """A network of odd size sees what one of even size sees whose last column is nothing: with ReLU before, and no bias."""
    x = torch.rand(1, 3, 8, 7)
    weight = torch.rand(4, 3, 3, 3)
    odd, even = (F.conv2d(y, weight, stride=2, padding=1) for y in (x, F.pad(x, (0, 1))))
    torch.testing.assert_close(odd, even)
