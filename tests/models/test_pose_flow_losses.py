"""Learning flow without knowing it: what fits costs less, light does not count, warps on purpose are what they say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ptx.models.flow_net import FlowPrediction
from ptx.models.pose_flow_losses import (
    PairWeights,
    active_levels,
    known_warp,
    known_warp_loss,
    pair_loss,
    texture_distance,
)
from ptx.models.warping import FLOW_UNIT

WEIGHTS = PairWeights(texture=1.0, garments=0.5, hidden=0.35, smooth=0.5)
SHAPE = (64, 48)


def prediction(flow: tuple[float, float], logits: tuple[float, float, float] = (9.0, 0.0, 0.0)) -> FlowPrediction:
    """The same flow (px) and logits everywhere, for one picture."""
    one = torch.tensor(flow)[None, :, None, None] / FLOW_UNIT
    pyramid = [one.expand(1, 2, SHAPE[0] >> k, SHAPE[1] >> k).clone() for k in (1, 2, 3)]
    return FlowPrediction(pyramid, torch.tensor(logits)[None, :, None, None].expand(1, 3, *SHAPE).clone())


def striped(shift: int = 0, light: float = 1.0) -> tuple[Tensor, Tensor]:
    """A picture of a striped square and its labels, moved right by `shift` px."""
    picture, labels = torch.full((1, 3, *SHAPE), -0.2), torch.zeros(1, *SHAPE, dtype=torch.uint8)
    stripes = ((torch.arange(24) // 4) % 2).float() * 1.2 - 0.7
    picture[..., 16:48, 8 + shift : 32 + shift] = stripes * light
    labels[:, 16:48, 8 + shift : 32 + shift] = 3
    return picture, labels


def test_the_right_flow_fits_best() -> None:
    (source, before), (target, after) = striped(), striped(8)
    fits = {
        dx: float(pair_loss(prediction((dx, 0.0)), source, target, before, after, WEIGHTS)["fit"])
        for dx in (-16.0, -12.0, -8.0, -4.0, 0.0)
    }
    assert min(fits, key=lambda dx: fits[dx]) == -8
    assert fits[-8.0] < 0.02
    # Each idea on its own finds it too.
    for weights in (WEIGHTS._replace(garments=0.0), WEIGHTS._replace(texture=0.0)):
        alone = [
            float(pair_loss(prediction((dx, 0.0)), source, target, before, after, weights)["fit"]) for dx in (-8.0, 0.0)
        ]
        assert alone[0] < alone[1]


def test_hidden_costs_what_it_costs() -> None:
    (source, before), (target, after) = striped(), striped(8)
    terms = pair_loss(prediction((30.0, 0.0), (0.0, 20.0, 0.0)), source, target, before, after, WEIGHTS)
    assert float(terms["fit"]) == pytest.approx(WEIGHTS.hidden, rel=1e-3)
    # ... which pays where nothing fits, and not where all does.
    for dx, cheaper in ((30.0, "hidden"), (-8.0, "visible")):
        cost = {
            name: float(pair_loss(prediction((dx, 0.0), logits), source, target, before, after, WEIGHTS)["fit"])
            for name, logits in (("visible", (9.0, 0.0, 0.0)), ("hidden", (0.0, 9.0, 0.0)))
        }
        assert min(cost, key=lambda name: cost[name]) == cheaper


def test_light_counts_less_than_pattern() -> None:
    plain, shaded, moved = striped()[0], striped(light=0.75)[0], striped(4)[0]
    inside = (slice(None), slice(None), slice(20, 44), slice(14, 30))
    assert texture_distance(plain, plain).abs().max() == 0
    assert texture_distance(plain, shaded)[inside].mean() < 0.25 * texture_distance(plain, moved)[inside].mean()


def test_constant_flow_is_smooth_and_a_bend_is_not() -> None:
    source, labels = striped()
    flat = prediction((3.0, -2.0))
    assert float(pair_loss(flat, source, source, labels, labels, WEIGHTS)["smooth"]) < 1e-6
    bent = prediction((0.0, 0.0))
    for flow in bent.pyramid:
        flow[:, 0] = (torch.arange(flow.shape[-1]) / flow.shape[-1]) ** 2
    assert float(pair_loss(bent, source, source, labels, labels, WEIGHTS)["smooth"]) > 1e-4


def test_coarse_comes_first() -> None:
    assert active_levels(0.0, 0.3, 3) == [0, 0, 1]
    assert active_levels(0.16, 0.3, 3) == [0, 1, 1]
    assert active_levels(0.3, 0.3, 3) == [1, 1, 1]
    assert active_levels(0.0, 0.0, 3) == [1, 1, 1]


def test_locked_levels_get_no_gradient() -> None:
    source, labels = striped()
    made = prediction((1.0, 0.0))
    for flow in made.pyramid:
        flow.requires_grad_(True)
    terms = pair_loss(made, source, source, labels, labels, WEIGHTS, (0.0, 0.0, 1.0))
    torch.stack(list(terms.values())).sum().backward()
    assert [flow.grad is not None for flow in made.pyramid] == [False, True, False]


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
    parsing = torch.zeros(1, *SHAPE, dtype=torch.uint8)
    parsing[:, 10:50, 10:40] = 4
    known = known_warp(torch.rand(1, 18, 3) * 40, parsing, bend=0.0)
    body = (known.visibility == 0).float()
    right = [
        F.avg_pool2d(known.flow * body, 2**k) / F.avg_pool2d(body, 2**k).clamp(min=1e-6) / FLOW_UNIT for k in (1, 2, 3)
    ]
    sure = torch.cat([body, torch.zeros_like(body), 1 - body], dim=1) * 40 - 20
    assert float(known_warp_loss(FlowPrediction(right, sure), known)) < 1e-4
    assert float(known_warp_loss(prediction((0.0, 0.0)), known)) > 0.02
