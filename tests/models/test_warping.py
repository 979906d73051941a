"""Warping and pooling against the NumPy side of the package and against answers known without them."""

from __future__ import annotations

import numpy as np
import torch

from ptx.geometry import flow as geometry
from ptx.models.warping import pixel_grid, pool_flow, pool_visibility, sample, warp


def test_warp_is_opencvs() -> None:
    rng = np.random.default_rng(0)
    image, flow = rng.integers(0, 255, (24, 32, 3)).astype(np.uint8), rng.uniform(-4, 4, (24, 32, 2)).astype(np.float32)
    ours = warp(torch.tensor(image).permute(2, 0, 1)[None].float(), torch.tensor(flow).permute(2, 0, 1)[None])
    assert np.abs(ours[0].permute(1, 2, 0).numpy() - geometry.warp(image, flow)).max() < 5  # OpenCV rounds to 1/32 px


def test_pooled_constant_flow_is_shorter_and_keeps_its_outline() -> None:
    flow, visibility = torch.full((1, 2, 16, 16), 8.0), torch.full((1, 1, 16, 16), 2, dtype=torch.uint8)
    visibility[..., 3:9, 2:7] = 0
    for level in (0, 1, 2):
        small, labels = pool_flow(flow, visibility, level), pool_visibility(visibility, level)
        body = (labels < 2).expand_as(small)
        assert (small[body] == 8 / 2**level).all()
        assert (small[~body] == 0).all()


def test_visible_wins_over_hidden_over_background() -> None:
    labels = torch.tensor([[[[2, 1, 2, 2], [2, 0, 2, 2], [1, 2, 1, 1], [2, 2, 1, 1]]]], dtype=torch.uint8)
    assert pool_visibility(labels, 1)[0, 0].tolist() == [[0, 2], [1, 1]]


def test_warp_of_16_bits_keeps_places() -> None:
    """Coordinates must not be rounded with the features: at 200 px a bfloat16 is half a pixel."""
    ramp = torch.linspace(-1, 1, 256).expand(1, 1, 256, 256)
    flow = torch.full((1, 2, 256, 256), 0.0)
    flow[:, 0] = -8.25
    wanted, got = warp(ramp, flow)[..., 16:], warp(ramp.bfloat16(), flow)[..., 16:].float()
    assert (wanted - got).abs().max() < 0.006


def test_pixels_are_read_where_they_are_asked_for() -> None:
    x = torch.arange(20.0).view(1, 1, 4, 5)
    grid = pixel_grid(4, 5, x.device)
    assert grid[2, 3].tolist() == [3, 2]
    torch.testing.assert_close(sample(x, grid[None]), x)
    torch.testing.assert_close(sample(x, grid[None] + torch.tensor([1.0, 0.0]))[..., :4], x[..., 1:])
    far = torch.tensor([[[[0.5, 0.0], [-9.0, 0.0], [99.0, 99.0]]]])
    assert sample(x, far).flatten().tolist() == [0.5, 0, 0]
    assert sample(x, far, outside="border").flatten().tolist() == [0.5, 0, 19]
    assert sample(x, far + 0.2, "nearest").flatten()[0] == 1
