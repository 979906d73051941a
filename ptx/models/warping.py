"""Warping and pooling of flow and visibility.

Flow is in px from target to source, pixel centres at integers: in torch, grid_sample with align_corners=True. Visibility labels are those
of `ptx.geometry.labels`: visible in the source, hidden in it, background.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND

FLOW_CHANNELS = 2
"""x and y, px."""

FLOW_UNIT = 20.0
"""Px of one unit of flow as networks see and predict it."""

VISIBILITY_CHANNELS = 1
"""One label a pixel."""


def pixel_grid(height: int, width: int, device: torch.device) -> Tensor:
    """The x, y of every pixel centre, (height, width, 2) float32 px."""
    columns = torch.arange(width, device=device, dtype=torch.float32)
    rows = torch.arange(height, device=device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)


def sample(
    x: Tensor,
    xy: Tensor,
    mode: Literal["bilinear", "nearest"] = "bilinear",
    outside: Literal["zeros", "border"] = "zeros",
) -> Tensor:
    """Read x (B, C, H, W) at xy (B, h, w, 2) px → (B, C, h, w).

    `outside`: beyond the border of x is zero, or the border's value.
    """
    height, width = x.shape[-2:]
    grid = xy * 2 / xy.new_tensor([max(width - 1, 1), max(height - 1, 1)]) - 1
    return F.grid_sample(x, grid, mode=mode, padding_mode=outside, align_corners=True)


def warp(x: Tensor, flow: Tensor) -> Tensor:
    """out[b, :, v, u] = x[b] at (u, v) + flow[b, :, v, u], bilinear, 0 outside.

    x (B, C, H, W), flow (B, 2, H, W) px → (B, C, H, W). Not by `sample`, which rounds otherwise: trained models keep their pixels.
    """
    height, width = flow.shape[-2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None]
    u = (columns + flow[:, 0]) * (2 / max(width - 1, 1)) - 1
    v = (rows + flow[:, 1]) * (2 / max(height - 1, 1)) - 1
    grid = torch.stack([u, v], dim=-1)  # (B, H, W, 2)
    # Coordinates keep the flow's precision: 16 bits would round them to fractions of a pixel that show.
    out = F.grid_sample(x.to(grid.dtype), grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    return out.to(x.dtype)


def pool_flow(flow: Tensor, visibility: Tensor, level: int) -> Tensor:
    """Flow at 1/2^level of the size, in px of that size: the mean over the body pixels of each cell.

    The published code averages background zeros in, which shortens flow along outlines; here they do not count. A point at x of the full
    picture lies at (x + 1/2) / 2^level - 1/2 of the smaller one, so lengths shrink by 2^level.

    flow (B, 2, H, W), visibility (B, 1, H, W) → (B, 2, H/2^level, W/2^level), 0 where a cell holds no body.
    """
    if level == 0:
        return flow * (visibility < BACKGROUND)
    size = 2**level
    body = (visibility < BACKGROUND).to(flow.dtype)
    fraction: Tensor = F.avg_pool2d(body, size)  # of each cell that is body
    pooled: Tensor = F.avg_pool2d(flow * body, size)
    mean: Tensor = pooled / fraction.clamp(min=1e-6) * (fraction > 0) / size
    return mean


def pool_visibility(visibility: Tensor, level: int) -> Tensor:
    """Labels (B, 1, H, W) at 1/2^level of the size: visible wins over hidden, hidden over background."""
    if level == 0:
        return visibility
    return (-F.max_pool2d(-visibility.float(), 2**level)).to(visibility.dtype)


def warp_pixels(image: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
    """The source picture (B, 3, H, W) in -1..1 warped into the target's pose; background black (-1)."""
    warped = warp(image + 1, flow) - 1
    return torch.where(visibility < BACKGROUND, warped, torch.full_like(warped, -1))
