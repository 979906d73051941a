"""Warping and pooling against the NumPy side of the package and against answers known without them."""

from __future__ import annotations

import numpy as np
import torch

from ptx.geometry import flow as geometry
from ptx.models.pose_maps import pose_map
from ptx.models.warping import pool_flow, pool_visibility, warp


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


def test_pose_map() -> None:
    keypoints = torch.zeros(1, 18, 3)
    keypoints[0, 0] = torch.tensor([5.0, 7.0, 0.9])
    keypoints[0, 1] = torch.tensor([float("nan"), float("nan"), 0.0])
    found = pose_map(keypoints, 20, 12, 2.0)
    assert found.shape == (1, 18, 20, 12)
    rows, columns = torch.nonzero(found[0, 0], as_tuple=True)
    assert len(rows) == 13  # points of the grid within 2 of the centre
    assert ((rows - 7) ** 2 + (columns - 5) ** 2 <= 4).all()
    assert found[0, 1:].sum() == 0


def test_warp_of_16_bits_keeps_places() -> None:
    """Coordinates must not be rounded with the features: at 200 px a bfloat16 is half a pixel."""
    ramp = torch.linspace(-1, 1, 256).expand(1, 1, 256, 256)
    flow = torch.full((1, 2, 256, 256), 0.0)
    flow[:, 0] = -8.25
    wanted, got = warp(ramp, flow)[..., 16:], warp(ramp.bfloat16(), flow)[..., 16:].float()
    assert (wanted - got).abs().max() < 0.006
