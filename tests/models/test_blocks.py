"""The residual blocks: their formulas, shapes, and initial weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ptx.models.blocks import Decoder, Down, Encoder, Head, Residual, Up, initialise, scale_channels


def test_a_residual_block_is_its_formula() -> None:
    torch.manual_seed(0)
    x, a = torch.randn(2, 4, 8, 6), torch.randn(2, 3, 8, 6)
    plain, joined = Residual(4), Residual(4, 3)
    torch.testing.assert_close(plain(x), x + plain.body(torch.relu(x)))
    assert joined.squeeze is not None
    squeezed = torch.relu(joined.squeeze(torch.relu(a)))
    torch.testing.assert_close(joined(x, a), x + joined.body(torch.cat([torch.relu(x), squeezed], dim=1)))


def test_sizes() -> None:
    x = torch.randn(2, 4, 8, 6)
    assert Down(4, 5)(x).shape == (2, 5, 4, 3)
    assert Up(4, 5)(x).shape == (2, 5, 16, 12)
    assert Head(4, 3)(x).shape == (2, 3, 8, 6)


@pytest.mark.parametrize("inputs", [3, None])
def test_a_decoder_takes_the_skips_of_an_encoder(inputs: int | None) -> None:
    channels = scale_channels(4, 3, 8)
    deepest, skips = Encoder(inputs, channels)(torch.randn(2, 3 if inputs else 4, 16, 8))
    assert deepest.shape == (2, 8, 2, 1)
    assert [[skip.shape[1:] for skip in pair] for pair in skips] == [
        [(4, 16, 8)] * 2, [(8, 8, 4)] * 2, [(8, 4, 2)] * 2,
    ]  # fmt: skip
    features = Decoder(channels, 1)(deepest, skips)
    assert [f.shape[1:] for f in features] == [(8, 4, 2), (8, 8, 4), (4, 16, 8)]


def test_channels_grow_by_the_first_up_to_the_most() -> None:
    assert scale_channels(32, 5, 128) == [32, 64, 96, 128, 128, 128]
    assert scale_channels(8, 1, 64) == [8, 16]


def test_initial_weights_are_kaimings() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(64, 64, 3), nn.BatchNorm2d(64))
    initialise(net)
    assert net[0].weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not net[0].bias.any()
    assert (net[1].weight == 1).all()
