"""Pairs mirrored, targets moved and scaled at random, with everything that is known of them, as the published codes vary their data."""

from __future__ import annotations

import torch
from torch import Tensor

from ptx.geometry.joints import MIRRORED_KEYPOINTS, MIRRORED_PARTS
from ptx.geometry.labels import BACKGROUND
from ptx.models.distributed import draw_global
from ptx.models.warping import pixel_grid, sample
from ptx.training.data import BATCH_FIELDS, Batch, BatchField

FLOWS: dict[BatchField, BatchField] = {
    "flow": "visibility",
    "carried_flow": "carried_visibility",
    "true_flow": "true_visibility",
}
"""Flow → the labels that say where it is."""

LABEL_FIELDS: dict[BatchField, int] = {
    **dict.fromkeys(FLOWS.values(), BACKGROUND), "target_part": 0, "target_parsing": 0,
}  # fmt: skip
"""Label maps of the target → the label of pixels that come in from outside."""

PART_MAPS: tuple[BatchField, ...] = ("source_part", "target_part")
"""Maps of body part labels, of which left and right are exchanged in a mirror."""

MAPS: tuple[BatchField, ...] = (
    "source",
    "target",
    *FLOWS,
    *FLOWS.values(),
    "drawn",
    *PART_MAPS,
    "source_parsing",
    "target_parsing",
)
"""Everything that has a value for each pixel."""

POSES: tuple[BatchField, ...] = ("source_keypoints", "target_keypoints")
"""Keypoints."""


def mirror_some(batch: Batch, share: float) -> Batch:
    """Mirror a share of the pairs (0 to 1), drawn at random, as PG² does (Ma et al., NIPS 2017)."""
    if share == 0:
        return batch
    source = batch["source"]
    chosen = draw_global(torch.rand, len(source)).to(source.device) < share
    mirrored = mirror(batch)
    some: Batch = {}
    for name in BATCH_FIELDS:
        if name in batch:
            values = batch[name]
            some[name] = torch.where(chosen.view(-1, *[1] * (values.ndim - 1)), mirrored[name], values)
    return some


def mirror(batch: Batch) -> Batch:
    """Mirror both pictures of every pair, with everything that is known of them: left of the body becomes right."""
    mirrored: Batch = {**batch}
    for name in BATCH_FIELDS:
        if name not in batch:
            continue
        if name in MAPS:
            mirrored[name] = batch[name].flip(-1)
        if name in PART_MAPS:
            mirrored[name] = batch[name].new_tensor(MIRRORED_PARTS)[mirrored[name].long()]
        if name in POSES:
            mirrored[name] = mirror_keypoints(batch[name], batch["source"].shape[-1])
        if name in FLOWS:
            mirrored[name] = mirrored[name] * batch[name].new_tensor([-1, 1])[:, None, None]
    return mirrored


def mirror_keypoints(keypoints: Tensor, width: int) -> Tensor:
    """Keypoints (B, 18, 3) in the mirror image of a picture `width` px wide."""
    x, rest = keypoints[:, MIRRORED_KEYPOINTS, :1], keypoints[:, MIRRORED_KEYPOINTS, 1:]
    return torch.cat([width - 1 - x, rest], dim=-1)


def vary_target(batch: Batch, shift: tuple[int, int] = (0, 0), scale: float = 1.0) -> Batch:
    """Scale each target about its middle, then move it right and down by whole pixels.

    Pictures go on with their border; what comes in from outside is background, and keypoints that leave the picture are missing.
    Flow, which starts at the target's pixels, still ends at the same points of the source.

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
    varied["target_keypoints"] = drop_outside(varied["target_keypoints"], height, width)
    varied["target"] = sample(batch["target"], xy, "bilinear", "border")
    if "drawn" in batch:
        varied["drawn"] = sample(batch["drawn"], xy)  # nobody outside
    for name, outside in LABEL_FIELDS.items():
        if name in batch:
            varied[name] = _sample_labels(batch[name], xy, outside)
    offset = (xy - pixels).permute(0, 3, 1, 2)  # (B, 2, H, W)
    for name, labels in FLOWS.items():
        if name in batch:
            moved = _sample_flow(batch[name], batch[labels], xy) + offset
            varied[name] = moved * (varied[labels] < BACKGROUND)
    return varied


def drop_outside(keypoints: Tensor, height: int, width: int) -> Tensor:
    """Keypoints (B, 18, 3), those outside a picture of a size in px made missing."""
    xy = keypoints[..., :2]
    inside = ((xy >= -0.5) & (xy < xy.new_tensor([width - 0.5, height - 0.5]))).all(-1, keepdim=True)
    return torch.where(inside, keypoints, keypoints.new_tensor([torch.nan, torch.nan, 0]))


def _draw(count: int, shift: tuple[int, int], scale: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Random moves (B, 2) px and factors (B, 1)."""
    right = draw_global(lambda n: torch.randint(-shift[0], shift[0] + 1, (n,)), count)
    down = draw_global(lambda n: torch.randint(-shift[1], shift[1] + 1, (n,)), count)
    move = torch.stack([right, down], dim=1).to(device, torch.float32)
    if scale == 1:
        return move, torch.ones(count, 1, device=device)
    factor: Tensor = scale ** (2 * draw_global(lambda n: torch.rand(n, 1), count) - 1)
    return move, factor.to(device)


def _sample_flow(flow: Tensor, visibility: Tensor, xy: Tensor) -> Tensor:
    """Flow (B, 2, H, W) at xy (B, H, W, 2) px; body pixels only."""
    body = (visibility < BACKGROUND).to(flow.dtype)
    share = sample(body, xy)
    return sample(flow * body, xy) / share.clamp(min=1e-6)


def _sample_labels(labels: Tensor, xy: Tensor, outside: int) -> Tensor:
    """Labels (B, H, W) or (B, 1, H, W) at xy (B, H, W, 2) px; `outside` beyond the border."""
    maps = labels if labels.ndim == 4 else labels[:, None]
    moved = sample(maps.float() - outside, xy, "nearest") + outside
    return moved.to(labels.dtype).reshape(labels.shape)
