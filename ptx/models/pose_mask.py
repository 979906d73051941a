"""Where a person is and which parts of it are small, from keypoints alone: what PG² and ours weigh pixels by (system C)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.geometry.joints import keypoint
from ptx.models.keypoints import there_and_places
from ptx.models.part_affine import PARTS, part_distances, person_size

LIMBS = tuple(
    (keypoint(a), keypoint(b))
    for a, b in (
        ("neck", "right_shoulder"), ("neck", "left_shoulder"), ("neck", "nose"), ("neck", "right_hip"), ("neck", "left_hip"),
        *((f"{side}_{a}", f"{side}_{b}") for side in ("right", "left") for a, b in (
            ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"), ("eye", "ear"), ("shoulder", "hip"),
        )),
        ("nose", "right_eye"), ("nose", "left_eye"), ("neck", "right_ear"), ("neck", "left_ear"),
        ("right_hip", "left_hip"), ("right_ear", "left_ear"),
    )
)  # fmt: skip
"""The 23 pairs of keypoints that PG²'s code joins."""

CLOSING = 5
"""Pixels of the square that the mask is widened and narrowed by."""

ENDS = (("right_wrist", 0.35), ("left_wrist", 0.35), ("right_ankle", 0.45), ("left_ankle", 0.45))
"""Hands and feet: the keypoint that they hang on, and their radius in shoulder widths."""

FACE, FACE_RADIUS = ("nose", "right_eye", "left_eye", "right_ear", "left_ear"), 0.7
"""Around the middle of these lies all of the head, with hair."""

SOFT = 1.0
"""Pixels over which a silhouette fades."""


def pose_mask(keypoints: Tensor, height: int, width: int, radius: float = 4.0) -> Tensor:
    """PG²'s mask M: 1 on the body, 0 elsewhere (Ma et al., NIPS 2017, §3.1; the limbs of their code).

    Keypoints that are there are joined into limbs of `radius` px, then widened and narrowed by a square of 5 px, so that
    narrow gaps close.

    keypoints (B, 18, 3) x, y px, confidence (0 or NaN places: missing) → (B, 1, height, width).
    """
    there, points = there_and_places(keypoints)
    starts, ends = (torch.tensor(side, device=keypoints.device) for side in zip(*LIMBS, strict=True))
    near = part_distances(points[:, starts], points[:, ends], height, width) <= radius  # (B, limbs, H, W)
    drawn = (near & (there[:, starts] & there[:, ends])[..., None, None]).any(1, keepdim=True).float()
    wider = F.max_pool2d(drawn, CLOSING, 1, CLOSING // 2)
    return -F.max_pool2d(-wider, CLOSING, 1, CLOSING // 2)


def part_weights(keypoints: Tensor, height: int, width: int) -> Tensor:
    """Weights by which every part of the body counts the same, however few pixels it has (ours).

    Trunk, head, arms and legs are discs and capsules about the keypoints, hands and feet discs at wrists and ankles, which
    lie over them. The mean over the parts' pixels is 1; the background is 0. So in 1 + weights, shoes and faces, which a
    plain mean over pixels forgets, are worth as much as a trunk.

    keypoints as for `pose_mask` → (B, 1, height, width).
    """
    there, points = there_and_places(keypoints)
    away, known, scale = _parts(there, points, height, width)
    within, shown = [away <= 0], [known]
    for name, radius in ENDS:
        place = points[:, [keypoint(name)]]
        within.append(part_distances(place, place, height, width) <= radius * scale)
        shown.append(there[:, [keypoint(name)]])
    masks = torch.cat(within, dim=1) & torch.cat(shown, dim=1)[..., None, None]  # (B, parts, H, W)
    later = masks.flip(1).cumsum(1).flip(1) - masks.long()  # how many later parts lie over a pixel
    own = (masks & (later == 0)).float()
    area = own.sum((2, 3), keepdim=True)
    shares = (own / area.clamp(min=1)).sum(1, keepdim=True)
    return shares * area.sum(1, keepdim=True) / (area > 0).sum(1, keepdim=True).clamp(min=1)


def silhouette(keypoints: Tensor, height: int, width: int) -> Tensor:
    """About how much of each pixel a person covers, 0 to 1, soft at the outline: discs and capsules about the keypoints (ours).

    keypoints as for `pose_mask` → (B, 1, height, width).
    """
    there, points = there_and_places(keypoints)
    away, known, scale = _parts(there, points, height, width)
    discs = torch.cat([_mean(points, there, FACE), points[:, [keypoint(name) for name, _ in ENDS]]], dim=1)
    radii = points.new_tensor([FACE_RADIUS, *(radius for _, radius in ENDS)])[:, None, None]
    face = there[:, [keypoint(name) for name in FACE]].any(1, keepdim=True)
    known = torch.cat([known, face, there[:, [keypoint(name) for name, _ in ENDS]]], dim=1)
    away = torch.cat([away, part_distances(discs, discs, height, width) - radii * scale], dim=1)
    away = torch.where(known[..., None, None], away, torch.full_like(away, 1e4))
    return torch.sigmoid(-away.amin(1, keepdim=True) / SOFT)


def _parts(there: Tensor, points: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """(B, P, H, W) px from the surface of trunk, head, arms and legs, less inside, (B, P) which of them are there, and about a
    shoulder width (B, 1, 1, 1) px."""
    scale = (person_size(points, there) / 7).clamp(min=1.0)[:, None, None, None]
    starts, ends = (torch.cat([_mean(points, there, part[side]) for part in PARTS], dim=1) for side in (1, 2))
    thickness = points.new_tensor([part[3] for part in PARTS])[:, None, None]
    known = [there[:, [keypoint(name) for name in names]].sum(1) >= 2 for names, *_ in PARTS]
    return part_distances(starts, ends, height, width) - thickness * scale, torch.stack(known, dim=1), scale


def _mean(points: Tensor, there: Tensor, names: tuple[str, ...]) -> Tensor:
    """(B, 1, 2): the middle of those of the named points that are there."""
    chosen = [keypoint(name) for name in names]
    weight = there[:, chosen, None].to(points.dtype)
    return ((points[:, chosen] * weight).sum(1) / weight.sum(1).clamp(min=1))[:, None]
