"""Scores without networks: each within its region, flow over the body and over what the source shows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.evaluation.metrics import body_ssim, masked_ssim
from ptx.evaluation.pairs import Flow, LabelledFlow
from ptx.evaluation.picture_scores import flow_scores, picture_scores, region_masks
from ptx.evaluation.protocols import find_protocol
from ptx.models.pose_mask import pose_mask
from tests.evaluation.hand_made import random_flow, random_rows, standing


def test_masks_come_from_the_pose_where_nothing_else_is_known() -> None:
    batch = random_rows(2)
    pose = pose_mask(batch["target_keypoints"], 128, 64) > 0
    assert 0.1 < pose.float().mean() < 0.5
    masks = region_masks(batch)
    assert list(masks) == ["pose", "body"]
    assert torch.equal(masks["pose"], pose)
    assert torch.equal(masks["body"], pose)


def test_masks_of_fits_and_of_labels() -> None:
    """The fitted body goes before the labels' person, which goes before the pose."""
    batch = random_rows(2)
    pose = pose_mask(batch["target_keypoints"], 128, 64) > 0
    visibility = torch.full((2, 1, 128, 64), 2, dtype=torch.uint8)
    visibility[..., 40:80, 20:40] = 1
    fitted = batch.copy()
    fitted["visibility"] = visibility
    masks = region_masks(fitted)
    assert torch.equal(masks["body"], visibility < 2)
    assert torch.equal(masks["pose"], pose)
    labels = torch.zeros(2, 128, 64, dtype=torch.uint8)
    labels[:, 40:90, 20:40] = 5
    labels[:, 30:40, 25:35] = 1  # hair: the first label of a person
    parsed = batch.copy()
    parsed["target_parsing"] = labels
    masks = region_masks(parsed)
    assert torch.equal(masks["body"], (labels > 0)[:, None])
    assert masks["garments"].sum() <= masks["body"].sum()
    parsed["visibility"] = visibility
    both = region_masks(parsed)
    assert torch.equal(both["body"], visibility < 2)
    assert torch.equal(both["garments"], masks["garments"])


def test_mask_ssim_is_of_the_pose_and_body_ssim_of_the_body() -> None:
    torch.manual_seed(0)
    painted, target = torch.rand(2, 2, 3, 128, 64) * 2 - 1
    pose = pose_mask(standing(2), 128, 64) > 0
    body = torch.zeros_like(pose)
    body[..., 30:60, 10:50] = True
    rules = find_protocol("intrinsic2019")
    scores = picture_scores(painted, target, {"pose": pose, "body": body}, rules)
    assert torch.equal(scores["mask_ssim"], masked_ssim(painted, target, pose))
    assert torch.equal(scores["body_ssim"], body_ssim(painted, target, body))
    assert "garment_ssim" not in scores
    with_garments = picture_scores(painted, target, {"pose": pose, "body": pose, "garments": body}, rules)
    assert torch.equal(with_garments["garment_ssim"], scores["body_ssim"])


def test_flow_is_scored_pixel_by_pixel() -> None:
    """By NumPy, one picture at a time."""
    truth, other = random_flow(3), random_flow(3, seed=2)
    scores = flow_scores(other, truth)
    distance = np.sqrt(((other.flow - truth.flow).numpy() ** 2).sum(1))
    labels = truth.visibility.numpy()[:, 0]
    for i in range(3):
        assert scores["epe"][i] == pytest.approx(distance[i][labels[i] < 2].mean(), rel=1e-5)
        assert scores["epe_visible"][i] == pytest.approx(distance[i][labels[i] == 0].mean(), rel=1e-5)
    assert list(scores) == ["epe", "epe_visible", "visibility_iou"]
    assert (flow_scores(truth, truth)["visibility_iou"] == 1).all()
    assert list(flow_scores(Flow(truth.flow, None), truth)) == ["epe", "epe_visible"]


def test_nothing_is_scored_on_the_background() -> None:
    truth = random_flow(1)
    background = torch.full_like(truth.visibility, 2)
    scores = flow_scores(Flow(truth.flow + 100, None), LabelledFlow(truth.flow, background))
    assert scores["epe"].tolist() == [0]
