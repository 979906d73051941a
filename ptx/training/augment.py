"""Targets moved and scaled at random, with everything that is known of them, as the published code varies its training data."""

from __future__ import annotations

import torch
from torch import Tensor

from ptx.geometry.labels import BACKGROUND
from ptx.models.distributed import draw_global
from ptx.models.warping import pixel_grid, sample
from ptx.training.data import Batch, BatchField

LABEL_FIELDS: dict[BatchField, int] = {"visibility": BACKGROUND, "target_part": 0, "target_parsing": 0}
"""Label maps of the target → the label of pixels that come in from outside."""


def vary_target(batch: Batch, shift: tuple[int, int] = (0, 0), scale: float = 1.0) -> Batch:
    """Scale each target about its middle, then move it right and down by whole pixels.

    Pictures go on with their border; what comes in from outside is background. Flow, which starts at the target's pixels, still
    ends at the same points of the source.

    Args:
        batch: with a target.
        shift: most px right (or left) and down (or up).
        scale: most by which a target is made larger or smaller.
    """
    if shift == (0, 0) and scale == 1:
        return batch
    height, width = batch["source"].shape[-2:]
    device = batch["source"].device
    move, factor = _draw(len(batch["source"]), shift, scale, device)
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=device)
    pixels = pixel_grid(height, width, device)  # (H, W, 2)
    xy = (pixels - middle - move[:, None, None]) / factor[:, None, None] + middle  # (B, H, W, 2) in the old target
    varied: Batch = {**batch, "target_keypoints": batch["target_keypoints"].clone()}
    keypoints = factor[:, None] * (batch["target_keypoints"][..., :2] - middle) + middle + move[:, None]
    varied["target_keypoints"][..., :2] = keypoints
    varied["target"] = sample(batch["target"], xy, "bilinear", "border")
    for name, outside in LABEL_FIELDS.items():
        if name in batch:
            varied[name] = _sample_labels(batch[name], xy, outside)
    if "flow" in batch:
        offset = (xy - pixels).permute(0, 3, 1, 2)  # (B, 2, H, W)
        varied["flow"] = (sample(batch["flow"], xy) + offset) * (varied["visibility"] < BACKGROUND)
    return varied


def _draw(count: int, shift: tuple[int, int], scale: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Random moves (B, 2) px and factors (B, 1)."""
    right = draw_global(lambda n: torch.randint(-shift[0], shift[0] + 1, (n,)), count)
    down = draw_global(lambda n: torch.randint(-shift[1], shift[1] + 1, (n,)), count)
    move = torch.stack([right, down], dim=1).to(device, torch.float32)
    if scale == 1:
        return move, torch.ones(count, 1, device=device)
    factor: Tensor = scale ** (2 * draw_global(lambda n: torch.rand(n, 1), count) - 1)
    return move, factor.to(device)


def _sample_labels(labels: Tensor, xy: Tensor, outside: int) -> Tensor:
    """Labels (B, H, W) or (B, 1, H, W) at xy (B, H, W, 2) px; `outside` beyond the border."""
    maps = labels if labels.ndim == 4 else labels[:, None]
    moved = sample(maps.float() - outside, xy, "nearest") + outside
    return moved.to(labels.dtype).reshape(labels.shape)
