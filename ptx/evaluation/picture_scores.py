"""Scores of a batch that need no network: of painted pictures within several regions, and of flow."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ptx.evaluation.metrics import body_ssim, l1, masked_ssim, psnr, visibility_iou
from ptx.evaluation.pairs import Flow, LabelledFlow
from ptx.evaluation.protocols import EvaluationProtocol
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.labels import CLOTHES, garment
from ptx.models.losses import end_point_error
from ptx.models.pose_mask import pose_mask
from ptx.models.ssim import ms_ssim, ssim
from ptx.training.data import Batch, BatchField


def region_masks(batch: Batch, bodies: BatchField | None = None) -> dict[str, Tensor]:
    """Make the masks (B, 1, H, W) of the target within which pictures are scored.

    pose: around the keypoints, as the field masks pictures; body: the fitted body, without fits the person of the garment labels,
    without these the pose; garments: the clothes, where labels are known.

    Args:
        batch: the pairs.
        bodies: the field that says where bodies are on other pairs of the same evaluation. Where these pairs lack it they have no
            body, so that no mean is taken over regions of two kinds.
    """
    pose = pose_mask(batch["target_keypoints"], *batch["target"].shape[-2:]) > 0
    masks = {"pose": pose, "body": pose}
    if "target_parsing" in batch:
        labels = batch["target_parsing"][:, None]
        clothes = torch.tensor([garment(name) for name in CLOTHES], dtype=labels.dtype, device=labels.device)
        masks["body"] = labels > 0
        masks["garments"] = torch.isin(labels, clothes)
    if "visibility" in batch:
        masks["body"] = batch["visibility"] < BACKGROUND
    if bodies is not None and bodies not in batch:
        del masks["body"]
    return masks


def picture_scores(
    painted: Tensor, target: Tensor, masks: Mapping[str, Tensor], protocol: EvaluationProtocol
) -> dict[str, Tensor]:
    """Score pictures without a network; metric → (B,).

    Args:
        painted: (B, 3, H, W) in -1..1.
        target: (B, 3, H, W) in -1..1.
        masks: (B, 1, H, W) of the target, as `region_masks` gives them.
        protocol: the rules.
    """
    scores = {"ssim": ssim(painted, target, protocol.ssim)}
    if protocol.ssim_256 is not None:
        scores["ssim_256"] = ssim(painted, target, protocol.ssim_256)
    if "body" in masks:
        scores["body_ssim"] = body_ssim(painted, target, masks["body"], protocol.ssim)
    if "garments" in masks:
        scores["garment_ssim"] = body_ssim(painted, target, masks["garments"], protocol.ssim)
    return scores | {
        "mask_ssim": masked_ssim(painted, target, masks["pose"], protocol.ssim),
        "ms_ssim": ms_ssim(painted, target),
        "l1": l1(painted, target),
        "psnr": psnr(painted, target),
    }


def flow_scores(flow: Flow, truth: LabelledFlow) -> dict[str, Tensor]:
    """Score flow against the exact one; metric → (B,).

    epe: end-point error in px on all of the body; epe_visible: on what the source shows of it; visibility_iou: overlap of the labels,
    where there are any.
    """
    labels = truth.visibility
    visible = torch.where(labels == VISIBLE, labels, torch.full_like(labels, BACKGROUND))
    scores = {
        "epe": end_point_error(flow.flow, truth.flow, labels),
        "epe_visible": end_point_error(flow.flow, truth.flow, visible),
    }
    if flow.visibility is not None:
        scores["visibility_iou"] = visibility_iou(flow.visibility, labels)
    return scores
