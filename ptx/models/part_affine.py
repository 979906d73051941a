"""The flow that keypoints alone give: every limb moved as a whole. A baseline, and where the flow regressor may start from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.models.keypoints import there_and_places

TRUNK = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
HEAD = ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear")
PARTS = (
    (TRUNK, TRUNK[:2], TRUNK[2:], 0.5),
    (HEAD, HEAD, HEAD, 0.5),
    *(
        ((a, b), (a,), (b,), thickness)
        for side in ("right", "left")
        for a, b, thickness in (
            (f"{side}_shoulder", f"{side}_elbow", 0.35),
            (f"{side}_elbow", f"{side}_wrist", 0.3),
            (f"{side}_hip", f"{side}_knee", 0.45),
            (f"{side}_knee", f"{side}_ankle", 0.35),
        )
    ),
)
"""Keypoints, those whose means are the ends of the axis, and how thick the part is in shoulder widths."""

FAR = 1e4
"""Pixels to what is not there."""

AFFINE_PRIOR = 0.1
"""How strongly the maps of trunk and head are held to a similarity; of 0 to 1 the one with the least error of visible pixels."""


class PartFlows(NamedTuple):
    """What every part of the body would have all pixels do."""

    flows: Tensor
    """(B, P, 2, H, W) px: the flow of the whole person or trunk first, then those of `PARTS`."""
    distance: Tensor
    """(B, P, H, W) px from the surface of each part, less inside; large where the target does not show it."""

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

    source, target: (B, 18, 3) keypoints: x, y px, confidence (0 or NaN places: missing).
    """
    (seen, a), (other, b) = (there_and_places(pose.float()) for pose in (target, source))
    both = seen & other
    rows = torch.arange(height, device=a.device, dtype=a.dtype)
    columns = torch.arange(width, device=a.device, dtype=a.dtype)
    pixels = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)  # (H, W, 2)
    thickness = a.new_tensor([part[3] for part in PARTS])[:, None, None]
    scale = (person_size(a, both) / 7).clamp(min=1.0)[:, None, None]  # about a shoulder width
    rest = _affine(a, b, both, _similarity(a, b, both))  # (B, 2, 3): of what is not seen in both
    maps, ends, present = [rest], [], []
    for names, start, end, _ in PARTS:
        few = 2 if names is HEAD else len(names)
        known, shown = (_of(names, there) & (_of(names, there).sum(1, keepdim=True) >= few) for there in (both, seen))
        own = _similarity(a, b, known)
        own = own if len(names) == 2 else _affine(a, b, known, own)
        own = torch.where(known.any(1)[:, None, None], own, rest)
        rest = own if names is TRUNK else rest
        maps.append(own)
        ends.append(torch.stack([_mean(a, _of(start, shown)), _mean(a, _of(end, shown))], dim=1))
        present.append(shown.any(1))
    starts, stops = torch.stack(ends, dim=2).unbind(1)
    away = part_distances(starts, stops, height, width) - scale[:, None] * thickness  # (B, P - 1, H, W)
    away = torch.where(torch.stack(present, dim=1)[..., None, None], away, 2 * FAR)
    away = torch.cat([torch.full_like(away[:, :1], FAR), away], dim=1)
    whole = torch.stack(maps, dim=1)  # (B, P, 2, 3)
    flows = torch.einsum("bpij,hwj->bpihw", whole[..., :2], pixels) + whole[..., 2][..., None, None]
    flows = (flows - pixels.permute(2, 0, 1)) * (both.sum(1) > 1)[:, None, None, None, None]
    return PartFlows(flows, away)


def _of(names: tuple[str, ...], there: Tensor) -> Tensor:
    """(B, 18): the named ones of those that are there."""
    chosen = torch.zeros(len(KEYPOINTS), dtype=torch.bool, device=there.device)
    chosen[[keypoint(name) for name in names]] = True
    return there & chosen


def _mean(points: Tensor, known: Tensor) -> Tensor:
    """(B, 2) mean of (B, 18, 2) over `known`."""
    return (points * known[..., None]).sum(1) / known.sum(1).clamp(min=1)[:, None]


def person_size(points: Tensor, known: Tensor) -> Tensor:
    """(B,) px: the longer side of the box around those of the points (B, 18, 2) that are known (B, 18)."""
    high = torch.where(known[..., None], points, -1e6).amax(1)
    low = torch.where(known[..., None], points, 1e6).amin(1)
    return (high - low).amax(-1)


def part_distances(start: Tensor, end: Tensor, height: int, width: int) -> Tensor:
    """(B, P, height, width) px from the pixels to the axes between start and end (B, P, 2)."""
    x = torch.arange(width, device=start.device, dtype=start.dtype)
    y = torch.arange(height, device=start.device, dtype=start.dtype)[:, None]
    x0, y0 = start[..., None, None].unbind(2)
    along_x, along_y = (end - start)[..., None, None].unbind(2)  # (B, P, 1, 1)
    dx, dy = x - x0, y - y0
    share = (dx * along_x + dy * along_y) / (along_x.square() + along_y.square()).clamp(min=1e-9)
    share = share.clamp(0, 1)
    return ((dx - share * along_x).square() + (dy - share * along_y).square()).sqrt()


def _similarity(a: Tensor, b: Tensor, known: Tensor) -> Tensor:
    """The least squares similarities (B, 2, 3) that take known points a (B, 18, 2) to b."""
    a0, b0 = _mean(a, known), _mean(b, known)
    da, db = (a - a0[:, None]) * known[..., None], (b - b0[:, None]) * known[..., None]
    spread = (da * da).sum((1, 2))
    lone = spread < 1e-9
    spread = spread.clamp(min=1e-9)
    cos = torch.where(lone, 1.0, (da * db).sum((1, 2)) / spread)
    sin = torch.where(lone, 0.0, (da[..., 0] * db[..., 1] - da[..., 1] * db[..., 0]).sum(1) / spread)
    turn = torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], dim=1)  # (B, 2, 2)
    return torch.cat([turn, (b0 - torch.einsum("bij,bj->bi", turn, a0))[..., None]], dim=-1)


def _affine(a: Tensor, b: Tensor, known: Tensor, similarity: Tensor) -> Tensor:
    """Affine maps (B, 2, 3) that take known points a (B, 18, 2) to b, held close to a similarity.

    In profile a trunk's corners fall on one line, which says nothing of what is across.
    """
    a0 = _mean(a, known)
    da = (a - a0[:, None]) * known[..., None]
    rest = (b - torch.einsum("bij,bkj->bki", similarity[..., :2], a) - similarity[:, None, :, 2]) * known[..., None]
    gram = torch.einsum("bki,bkj->bij", da, da)
    size = gram.diagonal(dim1=1, dim2=2).sum(-1) / known.sum(1).clamp(min=1)
    held = gram + (AFFINE_PRIOR * size + 1e-6)[:, None, None] * torch.eye(2).to(gram)
    more = torch.linalg.solve(held, torch.einsum("bki,bkj->bij", da, rest)).transpose(1, 2)  # (B, 2, 2)
    return similarity + torch.cat([more, -torch.einsum("bij,bj->bi", more, a0)[..., None]], dim=-1)
