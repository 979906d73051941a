"""Weights of pixels: PG²'s mask has the limbs of its code, ours gives every part the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation, binary_erosion

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


PG2_LIMBS = (
    (2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13), (13, 14), (2, 1), (1, 15),
    (15, 17), (1, 16), (16, 18), (2, 17), (2, 18), (9, 12), (12, 6), (9, 3), (17, 18),
)  # fmt: skip
"""The pairs of PG²'s code, counted from 1 in OpenPose's order."""


def test_the_limbs_are_those_of_the_published_code() -> None:
    assert {frozenset(limb) for limb in LIMBS} == {frozenset((a - 1, b - 1)) for a, b in PG2_LIMBS}


def test_the_mask_is_that_of_the_published_code() -> None:
    """Discs of 4 px at both ends of a limb and every 4 px between them, widened and narrowed by 5 × 5; SciPy's morphology."""
    points, drawn = person(), np.zeros((112, 64), bool)
    rows, columns = np.mgrid[:112, :64]
    for a, b in PG2_LIMBS:
        start, end = points[a - 1, :2], points[b - 1, :2]
        count = int(np.hypot(*(end - start)) // 4)
        for x, y in (
            start,
            end,
            *(start + (end - start) * 4 * i / np.hypot(*(end - start)) for i in range(1, count + 1)),
        ):
            drawn |= (columns - x) ** 2 + (rows - y) ** 2 <= 16
    square = np.ones((5, 5), bool)
    published = binary_erosion(binary_dilation(drawn, square), square, border_value=1)
    ours = pose_mask(keypoints(), 112, 64)[0, 0].numpy() > 0
    assert not (published & ~ours).any()
    assert published.sum() > 0.96 * ours.sum()  # between two discs a limb is a little narrower than 8 px


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


def test_a_part_alone_weighs_one() -> None:
    """Of somebody of whom a wrist is seen the hand is all there is: its weight is 1, the rest's 0."""
    alone = keypoints()
    alone[..., 2] *= torch.arange(18) == 4
    weights = part_weights(alone, 112, 64)
    assert weights.unique().tolist() == [0, 1]
    x, y = alone[0, 4, :2].round().long().tolist()
    assert weights[0, 0, y, x] == 1
    alone[..., 2] = 0
    assert not part_weights(alone, 112, 64).any()
