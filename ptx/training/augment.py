"""Targets moved and scaled at random, and all that is known of them with them: what the published code varies its training by."""

from __future__ import annotations

import torch

from ptx.geometry.labels import BACKGROUND
from ptx.models.distributed import draw_global
from ptx.models.warping import pixel_grid, sample
from ptx.training.data import Batch

LABELS = {"visibility": BACKGROUND, "target_part": 0, "target_parsing": 0}
"""Label maps of the target, and the label of what comes in from outside."""


def vary_target(batch: Batch, shift: tuple[int, int] = (0, 0), scale: float = 1.0) -> Batch:
    """Each target scaled about its middle by up to `scale` or 1/`scale`, then moved right and down by up to `shift` whole pixels.

    Pictures go on with their border; what comes in from outside is background. Flow, which starts at the target's pixels, still
    ends at the same points of the source.
    """
    if shift == (0, 0) and scale == 1:
        return batch
    count, _, height, width = batch["source"].shape
    device = batch["source"].device
    right, down = (draw_global(lambda n, m=m: torch.randint(-m, m + 1, (n,)), count) for m in shift)
    move = torch.stack([right, down], dim=1).to(device, torch.float32)
    factor = (
        (scale ** (2 * draw_global(lambda n: torch.rand(n, 1), count) - 1)).to(device)
        if scale != 1
        else torch.ones(count, 1, device=device)
    )
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=device)
    pixels = pixel_grid(height, width, device)  # (H, W, 2)
    places = (pixels - middle - move[:, None, None]) / factor[:, None, None] + middle  # (B, H, W, 2) in the old target
    out = {**batch, "target_keypoints": batch["target_keypoints"].clone()}
    out["target_keypoints"][..., :2] = (
        factor[:, None] * (batch["target_keypoints"][..., :2] - middle) + middle + move[:, None]
    )
    out["target"] = sample(batch["target"], places, "bilinear", "border")
    for name, outside in LABELS.items():
        if name in batch:
            labels = batch[name] if batch[name].ndim == 4 else batch[name][:, None]
            moved = sample(labels.float() - outside, places, "nearest", "zeros") + outside
            out[name] = moved.to(labels.dtype).reshape(batch[name].shape)
    if "flow" in batch:
        way = (places - pixels).permute(0, 3, 1, 2)
        flow = sample(batch["flow"], places, "bilinear", "zeros") + way
        out["flow"] = flow * (out["visibility"] < BACKGROUND)
    return out
