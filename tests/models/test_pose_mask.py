"""Weights of pixels: PG²'s mask has the limbs of its code, ours gives every part the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.models.pose_mask import LIMBS, part_weights, pose_mask
from tests.models.samples import keypoints, person


def test_mask_covers_the_limbs_and_no_more() -> None:
    assert len(LIMBS) == 23
    mask = pose_mask(keypoints(), 112, 64)[0, 0]
    points = person()
    for a, b in LIMBS:
        middle = (points[a, :2] + points[b, :2]) / 2
        assert mask[round(float(middle[1])), round(float(middle[0]))] == 1
    rows, columns = np.mgrid[:112, :64]
    far = np.ones((112, 64), bool)
    for a, b in LIMBS:
        for t in np.linspace(0, 1, 40):
            x, y = points[a, :2] * (1 - t) + points[b, :2] * t
            far &= (columns - x) ** 2 + (rows - y) ** 2 > 9**2
    assert not mask[torch.from_numpy(far)].any()
    lost = keypoints()
    lost[..., 2] = 0
    assert not pose_mask(lost, 112, 64).any()


def test_every_part_weighs_the_same() -> None:
    weights = part_weights(keypoints(), 112, 64)[0, 0]
    body = weights > 0
    assert weights[body].mean() == pytest.approx(1, rel=1e-4)
    levels, counts = weights[body].unique(return_counts=True)
    shares = (levels * counts).tolist()
    each = sum(shares) / 14  # trunk, head, eight limb parts, hands and feet
    assert all(abs(share / each - round(share / each)) < 1e-3 for share in shares)  # equal areas share a level
    foot, trunk = weights[100, 27], weights[40, 32]
    assert foot > 3 * trunk > 0
