"""Warping and pooling of flow and visibility, as every network of system A uses them.

Flow is in pixels from target to source, pixel centres at integers: in torch, grid_sample with align_corners=True.
Visibility is 0 visible in the source, 1 hidden, 2 background.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE

__all__ = ["BACKGROUND", "HIDDEN", "VISIBLE", "pool_flow", "pool_visibility", "warp", "warp_pixels"]


def warp(x: Tensor, flow: Tensor) -> Tensor:
    """out[b, :, v, u] = x[b] at (u, v) + flow[b, :, v, u], bilinear, 0 outside.

    x (B, C, H, W), flow (B, 2, H, W) px → (B, C, H, W).
    """
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None]
    u = (columns + flow[:, 0]) * (2 / max(width - 1, 1)) - 1
    v = (rows + flow[:, 1]) * (2 / max(height - 1, 1)) - 1
    grid = torch.stack([u, v], dim=-1)  # (B, H, W, 2)
    # Places keep the flow's precision: 16 bits would round them to fractions of a pixel that show.
    out = F.grid_sample(x.to(grid.dtype), grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    return out.to(x.dtype)


def pool_flow(flow: Tensor, visibility: Tensor, level: int) -> Tensor:
    """Flow at 1/2^level of the size, in pixels of that size: the mean over the body pixels of each cell.

    The published code averages background zeros in, which shortens flow along outlines; here they do not count. A point
    at x of a full picture lies at (x + 1/2) / 2^level - 1/2 of the smaller one, so lengths shrink by 2^level.

    flow (B, 2, H, W), visibility (B, 1, H, W) → (B, 2, H/2^level, W/2^level), 0 where a cell holds no body.
    """
    if level == 0:
        return flow * (visibility < BACKGROUND)
    size = 2**level
    body = (visibility < BACKGROUND).to(flow.dtype)
    share = F.avg_pool2d(body, size)
    return F.avg_pool2d(flow * body, size) / share.clamp(min=1e-6) * (share > 0) / size


def pool_visibility(visibility: Tensor, level: int) -> Tensor:
    """Labels (B, 1, H, W) at 1/2^level of the size: visible wins over hidden, hidden over background."""
    if level == 0:
        return visibility
    return (-F.max_pool2d(-visibility.float(), 2**level)).to(visibility.dtype)


def warp_pixels(image: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
    """The source warped into the target's pose; background black (-1)."""
    warped = warp(image + 1, flow) - 1
    return torch.where(visibility < BACKGROUND, warped, torch.full_like(warped, -1))
