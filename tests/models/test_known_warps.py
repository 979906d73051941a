"""Warps on purpose: their flow, keypoints and loss, by OpenCV, by hand and by transcriptions."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ptx.models.flow_net import FlowPrediction
from ptx.models.pose_flow_losses import (
    KnownWarp,
    known_warp,
    known_warp_loss,
)
from ptx.models.warping import FLOW_UNIT
from tests.models.samples import PAIR_SHAPE, flow_prediction

Array = NDArray[np.float64]

SIZE = (33, 25)
"""Height and width: a warp's 5 × 4 control points lie on every eighth pixel of both."""


def test_a_known_warp_is_what_it_says() -> None:
    """Sampling its flow at its keypoints (OpenCV) leads back to the source's, and its picture shows the person there."""
    torch.manual_seed(0)
    count, height, width = 6, 128, 96
    keypoints = torch.rand(count, 18, 3) * torch.tensor([width - 30, height - 30, 1.0]) + torch.tensor(
        [15.0, 15.0, 0.2]
    )
    keypoints[:, 3, 2] = 0
    parsing = torch.zeros(count, height, width, dtype=torch.uint8)
    parsing[:, 20:110, 25:70] = 4
    known = known_warp(keypoints, parsing)
    seen = 0
    for i in range(count):
        flow = known.flow[i].permute(1, 2, 0).numpy()
        for k in range(18):
            x, y, confidence = known.keypoints[i, k].tolist()
            if confidence == 0:
                continue
            there = cv2.remap(
                flow, np.float32([[x]]), np.float32([[y]]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            assert np.hypot(*(there[0, 0] + (x, y) - keypoints[i, k, :2].numpy())) < 0.7
            seen += 1
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        fetched = cv2.remap(parsing[i].numpy(), columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_NEAREST)
        assert ((fetched > 0) == (known.visibility[i, 0].numpy() == 0)).mean() > 0.99
    assert seen > 70
    assert (known.keypoints[:, 3] == 0).all()
    assert known.flow.abs().mean() > 3


def test_the_known_flow_costs_nothing() -> None:
    torch.manual_seed(1)
    parsing = torch.zeros(1, *PAIR_SHAPE, dtype=torch.uint8)
    parsing[:, 10:50, 10:40] = 4
    known = known_warp(torch.rand(1, 18, 3) * 40, parsing, bend=0.0)
    body = (known.visibility == 0).float()
    right = [
        F.avg_pool2d(known.flow * body, 2**k) / F.avg_pool2d(body, 2**k).clamp(min=1e-6) / FLOW_UNIT for k in (1, 2, 3)
    ]
    sure = torch.cat([body, torch.zeros_like(body), 1 - body], dim=1) * 40 - 20
    assert float(known_warp_loss(FlowPrediction(right, sure), known)) < 1e-4
    assert float(known_warp_loss(flow_prediction((0.0, 0.0)), known)) > 0.02


class Draws:
    """What `known_warp` draws after a seed, in its order, and the affine map p → matrix (p - middle) + middle + shift."""

    def __init__(self, count: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        angle, stretch, shift = (torch.rand(count, *shape).double().numpy() for shape in ((), (2,), (2,)))
        self.knots = torch.randn(count, 2, 5, 4).double().numpy()
        angle = 0.5 * (2 * angle - 1)
        across, up = (1 + 0.2 * (2 * stretch - 1)).T
        cos, sin = np.cos(angle), np.sin(angle)
        self.matrix = np.array([[cos * across, -sin * up], [sin * across, cos * up]]).transpose(2, 0, 1)
        self.middle = np.array([12.0, 16.0])
        self.offset = (2 * shift - 1) * (0.1 * SIZE[1], 0.05 * SIZE[0]) + self.middle
        torch.manual_seed(seed)

    def source(self, points: Array) -> Array:
        """Where points (B, N, 2) of the warped picture lie in the source, without a bend."""
        return np.einsum("bij,bnj->bni", self.matrix, points - self.middle) + self.offset[:, None]


def all_pixels() -> Array:
    """(H * W, 2) x, y."""
    return np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), -1).reshape(-1, 2).astype(float)


def test_a_known_warp_turns_stretches_and_shifts_about_the_middle() -> None:
    draws = Draws(4)
    parsing = torch.randint(0, 2, (4, *SIZE), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    known = known_warp(torch.zeros(4, 18, 3), parsing, bend=0.0)
    source = draws.source(all_pixels()[None])  # (4, H * W, 2)
    flow = known.flow.permute(0, 2, 3, 1).reshape(4, -1, 2).numpy()
    np.testing.assert_allclose(flow, source - all_pixels(), atol=1e-4)
    x, y = np.rint(source).astype(int).transpose(2, 0, 1)
    padded = np.pad(parsing.numpy(), ((0, 0), (9, 9), (9, 9)))
    person = padded[np.arange(4)[:, None], y + 9, x + 9] > 0
    assert known.visibility.shape == (4, 1, *SIZE)
    assert known.visibility.dtype == torch.uint8
    assert (known.visibility.reshape(4, -1).numpy() == np.where(person, 0, 2)).all()


@pytest.mark.parametrize("bend", [0.1, None])
def test_the_bend_goes_through_its_control_points(bend: float | None) -> None:
    """Their standard deviation is a fraction of the height, 0.04 where nothing else is said."""
    parsing = torch.ones(3, *SIZE, dtype=torch.uint8)
    draws = Draws(3)
    known = (
        known_warp(torch.zeros(3, 18, 3), parsing) if bend is None else known_warp(torch.zeros(3, 18, 3), parsing, bend)
    )
    affine = (draws.source(all_pixels()[None]) - all_pixels()).reshape(3, *SIZE, 2).transpose(0, 3, 1, 2)
    bends = known.flow.numpy() - affine
    np.testing.assert_allclose(bends[..., ::8, ::8], draws.knots * (bend or 0.04) * 33, atol=1e-4)
    # Half-way between the inner two of four, a cubic convolution (A = -0.75) weighs them by 19/32 and the outer ones by -3/32.
    between = bends[..., ::8, ::8] @ np.array([-3, 19, 19, -3]) / 32
    np.testing.assert_allclose(bends[..., ::8, 12], between, atol=1e-4)


def test_keypoints_of_a_turned_picture() -> None:
    """Points up to half a pixel beyond the warped picture's frame are kept, others and missing ones are zero."""
    draws = Draws(2)
    edges = [
        (-0.4, 5),
        (-0.6, 5),
        (24.4, 5),
        (24.6, 5),
        (7, -0.4),
        (7, -0.6),
        (7, 32.4),
        (7, 32.6),
        (-0.6, 33),
        (25, -1),
    ]
    inner = [(3, 4), (20, 30), (11.5, 16.2), (0, 0), (24, 32)]
    points = np.array(edges + inner + [(10, 10), (11, 11), (12, 12)], dtype=float)
    keypoints = torch.zeros(2, 18, 3)
    keypoints[..., :2] = torch.from_numpy(draws.source(points[None]))
    keypoints[..., 2] = torch.arange(1, 19) / 20
    keypoints[:, 15, 2] = 0
    keypoints[:, 16, 0] = math.nan
    keypoints[:, 17, 1] = math.nan
    wanted = np.concatenate([points, np.arange(1, 19)[:, None] / 20], 1)
    wanted[[1, 3, 5, 7, 8, 9, 15, 16, 17]] = 0
    known = known_warp(keypoints, torch.ones(2, *SIZE, dtype=torch.uint8), bend=0.0)
    np.testing.assert_allclose(known.keypoints.numpy(), np.stack([wanted] * 2), atol=1e-4)


def test_keypoints_of_a_bent_picture_are_sought_in_twelve_steps() -> None:
    """Each step undoes the turn and the bend that the last step's point was given; beyond the frame the border's bend holds."""
    draws = Draws(2, seed=5)
    keypoints = torch.rand(2, 18, 3, generator=torch.Generator().manual_seed(2)) * torch.tensor([24.0, 32.0, 1.0])
    known = known_warp(keypoints, torch.ones(2, *SIZE, dtype=torch.uint8), bend=0.08)
    affine = (draws.source(all_pixels()[None]) - all_pixels()).reshape(2, *SIZE, 2).transpose(0, 3, 1, 2)
    bends = known.flow.numpy() - affine  # (2, 2, H, W)
    for b in range(2):
        inverse = np.linalg.inv(draws.matrix[b])
        for k in range(18):
            shift = np.zeros(2)
            for _ in range(12):
                point = inverse @ (keypoints[b, k, :2].numpy() - draws.offset[b] - shift) + draws.middle
                x, y = np.clip(point, 0, (24, 32))
                i, j = min(int(y), 31), min(int(x), 23)
                shift = np.einsum(
                    "cij,i,j->c", bends[b, :, i : i + 2, j : j + 2], [1 - y + i, y - i], [1 - x + j, x - j]
                )
            inside = (point >= -0.5).all() and (point < (24.5, 32.5)).all()
            wanted = [*point, keypoints[b, k, 2]] if inside else [0, 0, 0]
            np.testing.assert_allclose(known.keypoints[b, k].numpy(), wanted, atol=2e-4)


def test_a_known_warp_costs_its_flow_and_a_tenth_of_its_outline() -> None:
    """Logits that say nothing cost ln 3; flow that is one unit too long everywhere costs the weights of its levels."""
    visibility = torch.zeros(1, 1, *PAIR_SHAPE, dtype=torch.uint8)
    visibility[..., :20] = 2
    known = KnownWarp(torch.full((1, 2, *PAIR_SHAPE), 8.0), torch.zeros(1, 18, 3), visibility)
    none = known_warp_loss(flow_prediction((8.0, 8.0), (0.0, 0.0, 0.0)), known)
    long = known_warp_loss(flow_prediction((8.0 + FLOW_UNIT, 8.0), (0.0, 0.0, 0.0)), known)
    assert float(none) == pytest.approx(0.1 * math.log(3), rel=1e-4)
    assert float(long - none) == pytest.approx(0.32 + 0.16 + 0.08, rel=1e-4)
    # The person is visible: what shows it costs less, by 2 nats there and by -2 on the background's 20 of 48 columns.
    sure = known_warp_loss(flow_prediction((8.0, 8.0), (2.0, 0.0, 0.0)), known)
    assert float(sure) == pytest.approx(0.1 * (math.log(math.e**2 + 2) - 2 * 28 / 48), rel=1e-4)
