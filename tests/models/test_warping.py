"""Warping and pooling against the NumPy side of the package and against answers known without them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from ptx.geometry import flow as geometry
from ptx.models.variants import FeatureAlignment
from ptx.models.warping import pixel_grid, pool_flow, pool_visibility, sample, warp, warp_picture, warp_pixels


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


def strided_positions(length: int, level: int) -> torch.Tensor:
    """The pixel, along one axis, that each feature of a chain of stride-2 convolutions is centred on, by the convolutions themselves."""
    x = torch.arange(float(length)).view(1, 1, 1, length).expand(1, 1, length, length)
    middle = torch.zeros(1, 1, 3, 3)
    middle[..., 1, 1] = 1
    for _ in range(level):
        x = F.conv2d(x, middle, stride=2, padding=1)
    return x[0, 0, 0]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("slope", "start"),
    [(0.0, 6.0), (-2.0, 127.0), (-0.5, 40.0), (0.5, -20.0)],
    ids=["shift", "turned", "larger", "smaller"],
)
def test_features_are_fetched_from_where_they_are(level: int, slope: float, start: float) -> None:
    """For flow `slope` x + `start` exactly: `exact` to a tenth of a cell, `published` off by `slope` times half a cell less half a px."""
    size = 128
    pixels = torch.arange(float(size))
    flow = torch.zeros(1, 2, size, size)
    flow[:, 0] = slope * pixels + start
    visible = torch.zeros(1, 1, size, size, dtype=torch.uint8)
    at = strided_positions(size, level)
    assert at.tolist() == [2**level * i for i in range(len(at))]
    wanted = (1 + slope) * at + start
    ramp = at.expand(1, 1, len(at), len(at))
    inside = (wanted >= 0) & (wanted <= at[-1])
    inside[[0, -1]] = False  # a window that reaches beyond the picture has its middle elsewhere
    assert inside.sum() >= 3
    for alignment, off in (("exact", 0.0), ("published", slope * (2**level - 1) / 2)):
        pooled = pool_flow(flow, visible, level, alignment)
        got = warp(ramp, pooled)[0, 0, len(at) // 2]
        there = inside & (wanted + off >= 0) & (wanted + off <= at[-1])
        assert there.sum() >= 2
        assert ((got - wanted - off)[there].abs() < 0.1 * 2**level).all()
        torch.testing.assert_close(got[there], (wanted + off)[there], atol=1e-2, rtol=0)
    assert abs(slope) * (2**level - 1) / 2 <= 15  # half a turn at 1/16; 7.5 px for each unit of slope


def test_exact_windows_lie_about_the_features() -> None:
    """One body pixel is seen by the features within half a stride of it; a window's mean is of its body alone; visible wins."""
    labels = torch.full((1, 1, 13, 13), 2, dtype=torch.uint8)
    labels[..., 6, 6] = 1
    assert (pool_visibility(labels, 2, "exact") < 2).nonzero()[:, 2:].tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert (pool_visibility(labels, 2) < 2).nonzero()[:, 2:].tolist() == [[1, 1]]
    labels[..., 7, 7] = 0
    assert pool_visibility(labels, 2, "exact")[0, 0, 1:3, 1:3].tolist() == [[1, 1], [1, 0]]
    flow = torch.zeros(1, 2, 13, 13)
    flow[..., 6, 6], flow[..., 7, 7] = 4.0, 12.0
    pooled = pool_flow(flow, labels, 2, "exact")
    assert pooled.shape == (1, 2, 4, 4)
    assert pooled[0, 0, 1:3, 1:3].tolist() == [[1, 1], [1, 2]]
    assert torch.equal(pool_flow(flow, labels, 0, "exact"), flow)


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    level=st.integers(0, 4),
    alignment=st.sampled_from(["published", "exact"]),
)
def test_flow_has_the_size_of_the_features(size: tuple[int, int], level: int, alignment: FeatureAlignment) -> None:
    height, width = size
    flow, labels = torch.ones(1, 2, height, width), torch.zeros(1, 1, height, width, dtype=torch.uint8)
    x = labels.float()
    for _ in range(level):
        x = F.conv2d(x, torch.ones(1, 1, 3, 3), stride=2, padding=1)
    pooled = pool_flow(flow, labels, level, alignment)
    assert pooled.shape[2:] == pool_visibility(labels, level, alignment).shape[2:] == x.shape[2:]
    torch.testing.assert_close(pooled, torch.full_like(pooled, 0.5**level))


def test_what_the_source_does_not_show_is_black() -> None:
    """Beyond its frame and on the background alike, half a pixel beyond by half."""
    image = torch.full((1, 3, 4, 4), 0.5)
    flow = torch.zeros(1, 2, 4, 4)
    flow[:, 0, :, 0], flow[:, 0, :, 1] = -9.0, -1.5
    labels = torch.full((1, 1, 4, 4), 1, dtype=torch.uint8)
    labels[..., 3] = 2
    assert warp_picture(image, flow)[0, 0, 0].tolist() == pytest.approx([-1, -0.25, 0.5, 0.5])
    assert warp_pixels(image, flow, labels)[0, 0, 0].tolist() == pytest.approx([-1, -0.25, 0.5, -1])
    theirs = geometry.warp(np.full((4, 4), 255, np.uint8), flow[0].permute(1, 2, 0).numpy())
    assert theirs[0].tolist() == [0, 128, 255, 255]  # the same rule for bytes
