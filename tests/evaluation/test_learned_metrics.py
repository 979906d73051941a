"""What judging networks are shown, and of which part of a picture."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import entropy

from ptx.evaluation import learned_metrics as module
from ptx.evaluation.evaluate import picture_scores, regions
from ptx.evaluation.fid import Reference
from ptx.evaluation.learned_metrics import CONTROL, Judges, shares
from ptx.evaluation.metrics import body_ssim, masked_ssim
from ptx.evaluation.protocols import protocol
from ptx.models.pose_mask import pose_mask
from ptx.settings import Settings
from ptx.training.data import TEST, TRAIN

UPRIGHT = (
    (32, 17), (31, 28), (19, 27), (14, 42), (9, 56), (43, 28), (45, 44), (46, 59), (22, 60), (18, 85), (16, 111),
    (37, 60), (43, 87), (54, 102), (30, 14), (34, 14), (26, 14), (37, 14),
)  # fmt: skip
"""Keypoints of somebody who stands in a picture of 128×64, px."""


def standing(count: int) -> torch.Tensor:
    """Keypoints (count, 18, 3)."""
    return torch.tensor([(x, y, 1.0) for x, y in UPRIGHT]).expand(count, 18, 3).clone()


class Brightness:
    """Stands in for Inception: sees the pictures' means, and is surer of class 1 the brighter one is."""

    def __call__(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean = x.mean((1, 2, 3))
        return x.mean((2, 3)), torch.stack([-4 * mean, 4 * mean], dim=1).softmax(1)


def judges(**data: Any) -> Judges:
    out = Judges(SimpleNamespace(settings=Settings(data=data), results=Path("nowhere")))  # type: ignore[arg-type]
    out.inception = Brightness()  # type: ignore[assignment]
    return out


def test_masks_come_from_the_pose_where_nothing_else_is_known() -> None:
    batch = {"target": torch.zeros(2, 3, 128, 64), "target_keypoints": standing(2)}
    pose = pose_mask(batch["target_keypoints"], 128, 64) > 0
    assert 0.1 < pose.float().mean() < 0.5
    found = regions(batch)
    assert list(found) == ["pose", "body"]
    assert torch.equal(found["pose"], pose)
    assert torch.equal(found["body"], pose)
    visibility = torch.full((2, 1, 128, 64), 2, dtype=torch.uint8)
    visibility[..., 40:80, 20:40] = 1
    found = regions(batch | {"visibility": visibility})
    assert torch.equal(found["body"], visibility < 2)
    assert torch.equal(found["pose"], pose)
    labels = torch.zeros(2, 128, 64, dtype=torch.uint8)
    labels[:, 40:90, 20:40] = 5
    found = regions(batch | {"target_parsing": labels})
    assert torch.equal(found["body"], (labels > 0)[:, None])
    assert found["garments"].sum() <= found["body"].sum()


def test_mask_ssim_is_of_the_pose_and_body_ssim_of_the_body() -> None:
    torch.manual_seed(0)
    painted, target = torch.rand(2, 2, 3, 128, 64) * 2 - 1
    pose = pose_mask(standing(2), 128, 64) > 0
    body = torch.zeros_like(pose)
    body[..., 30:60, 10:50] = True
    rules = protocol("intrinsic2019")
    scores = picture_scores(painted, target, {"pose": pose, "body": body}, rules)
    assert torch.equal(scores["mask_ssim"], masked_ssim(painted, target, pose))
    assert torch.equal(scores["body_ssim"], body_ssim(painted, target, body))
    assert "target pose" in rules.words()


def test_market_is_also_judged_within_the_mask() -> None:
    """The masked score is that of pictures whose background was black all along."""
    torch.manual_seed(0)
    painted = torch.rand(40, 1, 1, 1) * torch.rand(40, 3, 128, 64) * 2 - 1
    pose = pose_mask(standing(40), 128, 64) > 0
    market, fashion = judges(kind="market1501", root="x"), judges(kind="deepfashion", root="x")
    for start in range(0, 40, 16):
        for judge in (market, fashion):
            judge.distances("ours", painted[start : start + 16], painted[start : start + 16], pose[start : start + 16])
    assert "mask_is" not in fashion.seen["ours"]
    pixels = np.where(pose.numpy(), ((painted.numpy() + 1) * 127.5).round(), 0)
    logits = 4 * (pixels.mean((1, 2, 3)) / 127.5 - 1)
    certain = 1 / (1 + np.exp(-2 * logits))
    p = np.stack([1 - certain, certain], 1)
    wanted = np.mean([np.exp(np.mean([entropy(row, part.mean(0)) for row in part])) for part in np.array_split(p, 10)])
    reference = Reference(np.random.default_rng(0).normal(size=(9, 3)))
    found, other = (
        shares({k: np.concatenate(v) for k, v in judge.seen["ours"].items()}, reference) for judge in (market, fashion)
    )
    assert found["mask_is"].mean() == pytest.approx(wanted, rel=1e-5)
    assert list(other) == ["fid", "is"]
    assert np.array_equal(found["is"], other["is"])
    assert found["fid"].shape == found["is"].shape == (40,)


@pytest.mark.parametrize("rules", ["ours", "pidm2023"])
def test_photographs_of_one_split_are_judged_against_those_of_the_other(
    rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FID of the control is the distance of the splits' own features, and it is not itself the reference."""
    torch.manual_seed(0)
    dark, bright = torch.rand(30, 3, 128, 64) - 1, torch.rand(20, 3, 128, 64)
    splits = {TRAIN: dark, TEST: bright}
    monkeypatch.setattr(module, "pair_data", lambda _, split: split)
    monkeypatch.setattr(module, "photographs", lambda split: iter(splits[split].split(8)))
    judge = judges(kind="deepfashion", root="x")
    found = judge.together(protocol(rules), SimpleNamespace())  # type: ignore[arg-type]
    a, b = (((x + 1) * 127.5).round().double().div(127.5).sub(1).mean((2, 3)).numpy() for x in (dark, bright))
    root = sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False)).real
    fid = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a, rowvar=False) + np.cov(b, rowvar=False) - 2 * root)
    assert list(found) == [CONTROL]
    assert found[CONTROL]["fid"].mean() == pytest.approx(fid, rel=0.02)
    assert found[CONTROL]["is"].mean() >= 1
