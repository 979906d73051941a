"""The flow that keypoints alone give: every body part moved as a whole. A baseline, and what the flow network starts from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.models.pose_maps import (
    FAR_PX,
    HEAD,
    RIGID_PARTS,
    TRUNK,
    segment_distances,
    shoulder_width,
    valid_keypoints,
)
from ptx.models.warping import pixel_grid

AFFINE_PRIOR = 0.1
"""Strength of the prior that holds the affine maps of trunk and head to a similarity, without unit; of 0 to 1 the value with the
least error on visible pixels."""


class PartFlows(NamedTuple):
    """Each part's affine motion, extended to all pixels."""

    flows: Tensor
    """(B, P, 2, H, W) px: the flow of the whole person first, then those of `RIGID_PARTS`."""
    distance: Tensor
    """(B, P, H, W) px from the surface of each part in the target, negative inside; large where the target does not show it."""

    @property
    def nearest(self) -> Tensor:
        """(B, 2, H, W) px: each pixel moves with the nearest part."""
        chosen = self.distance.argmin(1)[:, None, None]  # (B, 1, 1, H, W)
        return self.flows.gather(1, chosen.expand(-1, 1, 2, -1, -1)).squeeze(1)


def part_affine_flow(source: Tensor, target: Tensor, height: int, width: int) -> Tensor:
    """Flow (B, 2, height, width) px from target to source: each pixel moves with the nearest body part (`part_flows`)."""
    return part_flows(source, target, height, width).nearest


def part_flows(source: Tensor, target: Tensor, height: int, width: int) -> PartFlows:
    """The flow of every body part, from target to source.

    Parts as in Deformable GANs (Siarohin et al., CVPR 2018): limbs by the similarity of their two ends, trunk and head by
    affine maps of their keypoints. A part that the source does not show moves with the trunk, or with the whole person
    where that is not shown either; a person of whom no two keypoints are in both does not move.

    source, target: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN coordinates: missing).
    """
    in_target, xy = valid_keypoints(target.float())
    in_source, source_xy = valid_keypoints(source.float())
    in_both = in_target & in_source
    maps = _part_maps(xy, source_xy, in_both)  # (B, P, 2, 3)
    distance = _part_distances(xy, in_target, shoulder_width(xy, in_both), height, width)
    pixels = pixel_grid(height, width, xy.device)  # (H, W, 2)
    landing = torch.einsum("bpij,hwj->bpihw", maps[..., :2], pixels) + maps[..., 2][..., None, None]
    flows = (landing - pixels.permute(2, 0, 1)) * (in_both.sum(1) > 1)[:, None, None, None, None]
    return PartFlows(flows, distance)


def _part_maps(xy: Tensor, source_xy: Tensor, in_both: Tensor) -> Tensor:
    """Affine maps (B, P, 2, 3) from the target's keypoints (B, 18, 2) to the source's: of the whole person, then of `RIGID_PARTS`."""
    fallback = _affine(xy, source_xy, in_both, _similarity(xy, source_xy, in_both))  # (B, 2, 3)
    maps = [fallback]
    for part in RIGID_PARTS:
        shown = _shown(in_both, part.keypoints)
        own = _similarity(xy, source_xy, shown)
        if len(part.keypoints) > 2:
            own = _affine(xy, source_xy, shown, own)
        own = torch.where(shown.any(1)[:, None, None], own, fallback)
        if part.keypoints is TRUNK:
            fallback = own
        maps.append(own)
    return torch.stack(maps, dim=1)


def _part_distances(xy: Tensor, in_target: Tensor, unit: Tensor, height: int, width: int) -> Tensor:
    """(B, P, H, W) px to the surfaces of the parts; `unit` (B,) px of a shoulder width. The whole person is far, unseen parts farther."""
    starts, ends, known = [], [], []
    for part in RIGID_PARTS:
        shown = _shown(in_target, part.keypoints)
        starts.append(_mean(xy, _select(shown, part.start)))
        ends.append(_mean(xy, _select(shown, part.end)))
        known.append(shown.any(1))
    radii = xy.new_tensor([part.radius for part in RIGID_PARTS])[:, None, None]
    axes = segment_distances(torch.stack(starts, dim=1), torch.stack(ends, dim=1), height, width)
    distance = axes - unit[:, None, None, None] * radii  # (B, P - 1, H, W)
    distance = torch.where(torch.stack(known, dim=1)[..., None, None], distance, 2 * FAR_PX)
    return torch.cat([torch.full_like(distance[:, :1], FAR_PX), distance], dim=1)


def _shown(valid: Tensor, names: tuple[str, ...]) -> Tensor:
    """(B, 18): the valid ones of a part's keypoints where they show it: two of a head's, all of another part's; else none."""
    least = 2 if names is HEAD else len(names)
    chosen = _select(valid, names)
    return chosen & (chosen.sum(1, keepdim=True) >= least)


def _select(valid: Tensor, names: tuple[str, ...]) -> Tensor:
    """(B, 18): the valid ones of the named keypoints."""
    chosen = torch.zeros(len(KEYPOINTS), dtype=torch.bool, device=valid.device)
    chosen[[keypoint(name) for name in names]] = True
    return valid & chosen


def _mean(xy: Tensor, valid: Tensor) -> Tensor:
    """(B, 2) mean of the valid (B, 18) ones of points (B, 18, 2)."""
    return (xy * valid[..., None]).sum(1) / valid.sum(1).clamp(min=1)[:, None]


def _similarity(a: Tensor, b: Tensor, valid: Tensor) -> Tensor:
    """The least squares similarities (B, 2, 3) that take the valid (B, 18) ones of points a (B, 18, 2) to b."""
    a0 = _mean(a, valid)
    b0 = _mean(b, valid)
    da = (a - a0[:, None]) * valid[..., None]
    db = (b - b0[:, None]) * valid[..., None]
    spread = (da * da).sum((1, 2))
    alone = spread < 1e-9  # a single point, which tells nothing of the rotation
    spread = spread.clamp(min=1e-9)
    cos = torch.where(alone, 1.0, (da * db).sum((1, 2)) / spread)
    sin = torch.where(alone, 0.0, (da[..., 0] * db[..., 1] - da[..., 1] * db[..., 0]).sum(1) / spread)
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], dim=1)  # (B, 2, 2)
    return torch.cat([turn, (b0 - torch.einsum("bij,bj->bi", turn, a0))[..., None]], dim=-1)


def _affine(a: Tensor, b: Tensor, valid: Tensor, similarity: Tensor) -> Tensor:
    """Affine maps (B, 2, 3) that take the valid ones of points a (B, 18, 2) to b, held close to a similarity.

    In profile a trunk's corners fall on one line, which tells nothing of the direction across.
    """
    a0 = _mean(a, valid)
    da = (a - a0[:, None]) * valid[..., None]
    residual = (b - torch.einsum("bij,bkj->bki", similarity[..., :2], a) - similarity[:, None, :, 2]) * valid[..., None]
    gram = torch.einsum("bki,bkj->bij", da, da)
    size = gram.diagonal(dim1=1, dim2=2).sum(-1) / valid.sum(1).clamp(min=1)
    held = gram + (AFFINE_PRIOR * size + 1e-6)[:, None, None] * torch.eye(2).to(gram)
    change = torch.linalg.solve(held, torch.einsum("bki,bkj->bij", da, residual)).transpose(1, 2)  # (B, 2, 2)
    return similarity + torch.cat([change, -torch.einsum("bij,bj->bi", change, a0)[..., None]], dim=-1)
