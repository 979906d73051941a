"""Warping and pooling of flow and visibility.

Flow is in px from target to source, pixel centres at integers: in torch, grid_sample with align_corners=True. Visibility labels are those
of `ptx.geometry.labels`: visible in the source, hidden in it, background.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.labels import BACKGROUND
from ptx.models.variants import FeatureAlignment

FLOW_CHANNELS = 2
"""x and y, px."""

FLOW_UNIT = 20.0
"""Px of one unit of flow as networks see and predict it."""

VISIBILITY_CHANNELS = 1
"""One label a pixel."""

NOTHING = -1.0
"""Colour, in -1..1, of what a warped picture does not show: beyond the source's frame, and on the background. Black, as the published
code paints the background; beyond the frame that code pads with 0, which is grey."""


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


class Window(NamedTuple):
    """The pixels of the full picture that flow and visibility of one feature come from: a square, every 2^level px."""

    side: int
    """Its side, px."""
    padding: int
    """Px by which the first one begins before the picture."""
    stride: int
    """Px from one to the next."""

    @classmethod
    def of(cls, level: int, alignment: FeatureAlignment) -> Window:
        """Return the window at 1/2^level of the size.

        Feature i of a chain of convolutions of stride 2 is centred on pixel 2^level i. The published windows are the cells
        2^level i to 2^level (i + 1) - 1, whose middle lies (2^level - 1) / 2 px right of and below that; flow that is not the same
        everywhere is read from that wrong place. The exact ones have pixel 2^level i in their middle.
        """
        stride = 2**level
        return cls(stride + 1, stride // 2, stride) if alignment == "exact" else cls(stride, 0, stride)


def pool_flow(flow: Tensor, visibility: Tensor, level: int, alignment: FeatureAlignment = "published") -> Tensor:
    """Flow for the features at 1/2^level of the size, in their px (lengths / 2^level): the mean over the body pixels of each window.

    The published code averages background zeros in, which shortens flow along outlines; here they do not count.

    flow (B, 2, H, W), visibility (B, 1, H, W) → (B, 2, H/2^level, W/2^level), rounded up; 0 where a window holds no body.
    """
    if level == 0:
        return flow * (visibility < BACKGROUND)
    window = Window.of(level, alignment)
    body = (visibility < BACKGROUND).to(flow.dtype)
    fraction = _window_mean(body, window)  # of each window that is body
    mean: Tensor = _window_mean(flow * body, window) / fraction.clamp(min=1e-6) * (fraction > 0) / window.stride
    return mean


def pool_visibility(visibility: Tensor, level: int, alignment: FeatureAlignment = "published") -> Tensor:
    """Labels (B, 1, H, W) at 1/2^level of the size, rounded up: visible wins over hidden, hidden over background."""
    if level == 0:
        return visibility
    window = Window.of(level, alignment)
    pooled = F.max_pool2d(
        -visibility.float(), window.side, window.stride, window.padding, ceil_mode=window.padding == 0
    )
    return (-pooled).to(visibility.dtype)


def _window_mean(x: Tensor, window: Window) -> Tensor:
    """Means over windows, in which what lies outside the picture counts as 0; those of cells are of what is there."""
    return F.avg_pool2d(x, window.side, window.stride, window.padding, ceil_mode=window.padding == 0)


def warp_picture(image: Tensor, flow: Tensor) -> Tensor:
    """A picture (B, 3, H, W) in -1..1 warped by flow (B, 2, H, W) px; `NOTHING` beyond its frame."""
    return warp(image - NOTHING, flow) + NOTHING


def warp_pixels(image: Tensor, flow: Tensor, visibility: Tensor) -> Tensor:
    """The source's picture (B, 3, H, W) in -1..1 warped into the target's pose; `NOTHING` on the background and beyond its frame."""
    warped = warp_picture(image, flow)
    return torch.where(visibility < BACKGROUND, warped, torch.full_like(warped, NOTHING))
