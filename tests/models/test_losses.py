"""Losses against values computed by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ptx.models.flow_net import FlowPrediction
from ptx.models.losses import (
    MAX_ASSIGNMENT_NLL,
    PYRAMID_WEIGHTS,
    adversarial_loss,
    assignment_loss,
    end_point_error,
    flow_loss,
    gan_terms,
    gradient_loss,
    part_loss,
    pyramid_loss,
)
from ptx.models.part_motion import PART_LABELS
from ptx.models.variants import AdversarialKind
from ptx.models.warping import FLOW_UNIT


def body(height: int = 16, width: int = 16) -> torch.Tensor:
    """Visible in columns 4..7, hidden in 8..11, background elsewhere."""
    labels = torch.full((1, 1, height, width), 2, dtype=torch.uint8)
    labels[..., 4:8], labels[..., 8:12] = 0, 1
    return labels


def test_end_point_error_counts_the_body_only() -> None:
    truth = torch.zeros(1, 2, 16, 16)
    flow = torch.full((1, 2, 16, 16), 100.0)
    flow[:, 0, :, 4:12], flow[:, 1, :, 4:12] = 3.0, 4.0
    assert end_point_error(flow, truth, body()).tolist() == [5.0]


def test_end_point_error_is_the_length_of_the_difference() -> None:
    """Of (7, 2) and (1, -6) px: √(6² + 8²)."""
    flow, truth = (torch.tensor(xy)[None, :, None, None].expand(1, 2, 16, 16) for xy in ((7.0, 2.0), (1.0, -6.0)))
    assert end_point_error(flow, truth, body()).tolist() == [10.0]


def test_pyramid_of_the_truth_costs_nothing_though_the_background_is_zero() -> None:
    truth = torch.full((1, 2, 16, 16), 10.0) * (body() < 2)
    exact = [torch.full((1, 2, 16 // 2**i, 16 // 2**i), 10.0 / FLOW_UNIT) for i in (1, 2, 3)]
    assert pyramid_loss(exact, truth, body()).item() == pytest.approx(0, abs=1e-6)
    off = [f + 3 / FLOW_UNIT for f in exact]
    assert pyramid_loss(off, truth, body()).item() == pytest.approx(
        (0.32 + 0.16 + 0.08) * math.sqrt(18) / FLOW_UNIT, rel=1e-5
    )


def test_part_loss_where_a_visible_pixel_lands_in_another_part() -> None:
    part = torch.zeros(1, 16, 16, dtype=torch.uint8)
    part[..., 4:8], part[..., 8:12] = 1, 2
    truth = torch.zeros(1, 2, 16, 16)
    assert part_loss(truth, truth + 1, body(), part, part) == 0  # every pixel lands in its own part
    flow = truth.clone()
    flow[:, 0] = 4  # from part 1 to part 2, from part 2 to the background, which is hidden and does not count
    assert part_loss(flow, truth, body(), part, part).item() == pytest.approx((4 / FLOW_UNIT) * (4 / 16) / 2, rel=1e-5)
    still = torch.zeros(3, 2, 16, 16)  # three pictures, of which two do not move: a third of the error
    three = part_loss(
        torch.cat([flow, truth, truth]), still, *(x.expand(3, *x.shape[1:]) for x in (body(), part, part))
    )
    assert three.item() == pytest.approx((4 / FLOW_UNIT) * (4 / 16) / 6, rel=1e-5)


def test_perfect_prediction() -> None:
    logits = torch.nn.functional.one_hot(body().squeeze(1).long(), 3).permute(0, 3, 1, 2).float() * 50
    prediction = FlowPrediction([torch.zeros(1, 2, 8, 8)], logits)
    part = (body().squeeze(1) < 2).to(torch.uint8)
    weights = {"weights": PYRAMID_WEIGHTS["fine_first"], "part_weight": 5.0, "assign_weight": 0.0}
    losses = flow_loss(prediction, torch.zeros(1, 2, 16, 16), body(), part, part, **weights)
    assert sum(losses.values()).item() == pytest.approx(0, abs=1e-6)


def test_assignment_asks_for_any_of_the_parts_that_a_pixel_may_belong_to() -> None:
    part = torch.zeros(1, 16, 16, dtype=torch.uint8)
    part[..., 4:12] = 6
    legs = torch.tensor(PART_LABELS) == 6
    even = torch.zeros(1, len(PART_LABELS), 8, 8)
    assert assignment_loss(even, part).item() == pytest.approx(math.log(len(PART_LABELS) / int(legs.sum())), rel=1e-5)
    first = legs & (legs.cumsum(0) == 1)  # the thigh alone
    sure = even + 60 * first[None, :, None, None]
    assert assignment_loss(sure, part).item() == pytest.approx(0, abs=1e-5)
    lost = even - 2e4 * legs[None, :, None, None]  # the keypoints do not show the leg
    assert assignment_loss(lost, part).item() == MAX_ASSIGNMENT_NLL


@pytest.mark.parametrize(("kind", "expected"), [("bce", math.log(2)), ("lsgan", 1.0)])
def test_adversarial_of_an_undecided_judge(kind: str, expected: float) -> None:
    assert adversarial_loss(torch.zeros(2, 1, 4, 4), True, kind).item() == pytest.approx(expected)


def test_gradient_loss_ignores_a_constant_and_sees_a_blur() -> None:
    x = torch.rand(2, 3, 32, 32)
    assert gradient_loss(x, x + 0.2) < 1e-6
    assert gradient_loss(torch.nn.functional.avg_pool2d(x, 3, 1, 1), x) > 0.1


def test_each_side_of_an_adversarial_step_trains_one_network() -> None:
    """The generator's term reaches the painted picture alone, the discriminator's terms its weights alone; weights multiply."""
    torch.manual_seed(0)
    discriminator = nn.Conv2d(3, 1, 3)
    real, painted = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8, requires_grad=True)
    terms = gan_terms(discriminator, real, painted, weight=0.5, discriminator_weight=0.25, kind="lsgan")
    assert terms.generator.item() == pytest.approx(0.5 * (discriminator(painted) - 1).square().mean().item())
    assert terms.discriminator["real"].item() == pytest.approx(0.25 * (discriminator(real) - 1).square().mean().item())
    assert terms.discriminator["painted"].item() == pytest.approx(0.25 * discriminator(painted).square().mean().item())
    terms.generator.backward()
    assert discriminator.weight.grad is None
    assert painted.grad is not None
    painted.grad = None
    sum(terms.discriminator.values()).backward()
    assert discriminator.weight.grad is not None
    assert painted.grad is None


@pytest.mark.parametrize(
    ("real", "kind", "expected"),
    [
        (True, "bce", (math.log(1 + math.exp(-3)) + math.log(1 + math.exp(1))) / 2),
        (False, "bce", (math.log(1 + math.exp(3)) + math.log(1 + math.exp(-1))) / 2),
        (True, "lsgan", ((3 - 1) ** 2 + (-1 - 1) ** 2) / 2),
        (False, "lsgan", (3**2 + 1) / 2),
    ],
)
def test_adversarial_loss_by_hand(real: bool, kind: AdversarialKind, expected: float) -> None:
    """Of logits 3 and -1: -log σ(x) for real, -log(1 - σ(x)) for painted; squares about 1 and 0 (Mao et al., ICCV 2017)."""
    assert adversarial_loss(torch.tensor([3.0, -1.0]), real, kind).item() == pytest.approx(expected)


def test_the_scales_weights_are_the_published_ones() -> None:
    """Finest first: .32 / 2^i in the code's last state; before 18 April 2019, about when the paper came out, the coarsest heaviest."""
    assert PYRAMID_WEIGHTS["fine_first"] == pytest.approx([0.32 / 2**level for level in range(5)])
    assert PYRAMID_WEIGHTS["coarse_first"] == (0.005, 0.01, 0.02, 0.08, 0.32)
    truth, labels = torch.zeros(1, 2, 32, 32), torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    for level in range(5):  # an error of 3 and 4 at one scale alone is 5 times its weight
        pyramid = [torch.zeros(1, 2, 16 >> i, 16 >> i) for i in range(5)]
        pyramid[level] += torch.tensor([3.0, 4.0])[:, None, None]
        for weights in PYRAMID_WEIGHTS.values():
            assert pyramid_loss(pyramid, truth, labels, weights).item() == pytest.approx(5 * weights[level])
    prediction = FlowPrediction([torch.ones(1, 2, 16, 16)], torch.zeros(1, 3, 32, 32))
    part = torch.zeros(1, 32, 32, dtype=torch.uint8)
    for weights in PYRAMID_WEIGHTS.values():
        terms = flow_loss(prediction, truth, labels, part, part, weights=weights, part_weight=5, assign_weight=0)
        assert terms["flow"].item() == pytest.approx(math.sqrt(2) * weights[0])
        assert terms["visibility"].item() == pytest.approx(math.log(3))


def test_terms_of_the_flow_carry_their_weights() -> None:
    """Every visible pixel is wrong by 4 px to the right and lands in no pixel of its own part; the mean is over x and y."""
    part = torch.zeros(1, 16, 16, dtype=torch.uint8)
    part[..., :8], part[..., 8:] = 1, 2
    labels = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0] = 8 / FLOW_UNIT
    truth = torch.zeros(1, 2, 16, 16)
    truth[:, 0] = 4
    logits = torch.zeros(1, len(PART_LABELS), 8, 8)
    prediction = FlowPrediction([flow], torch.zeros(1, 3, 16, 16), logits)
    expected = 4 / FLOW_UNIT / 2  # of all pixels: 8 px to the right of part 1 is part 2, of part 2 nothing
    for weight in (5.0, 2.0):
        scales = PYRAMID_WEIGHTS["fine_first"]
        terms = flow_loss(
            prediction, truth, labels, part, part, weights=scales, part_weight=weight, assign_weight=weight
        )
        assert terms["part"].item() == pytest.approx(weight * expected)
        assert terms["assignment"].item() == pytest.approx(weight * assignment_loss(logits, part).item())


def test_gradient_loss_by_hand() -> None:
    """Differences of neighbours right and down, at the full size, a half and a quarter; a mean over the scales."""
    a = torch.zeros(1, 1, 8, 8)
    b = torch.arange(8.0).expand(1, 1, 8, 8)  # grows by 1 to the right; by 2 a cell at half the size, by 4 at a quarter
    assert gradient_loss(a, b).item() == pytest.approx((1 + 2 + 4) / 3)
    assert gradient_loss(a, b.transpose(2, 3), scales=2).item() == pytest.approx((1 + 2) / 2)


def test_a_body_of_one_pixel() -> None:
    """Means are over what is there, be it one pixel."""
    labels = torch.full((1, 1, 4, 4), 2, dtype=torch.uint8)
    labels[..., 1, 1] = 0
    flow = torch.tensor([3.0, 4.0])[:, None, None].expand(1, 2, 4, 4)
    assert end_point_error(flow, torch.zeros(1, 2, 4, 4), labels).tolist() == [5.0]
    assert end_point_error(flow, flow, torch.full_like(labels, 2)).tolist() == [0.0]  # nobody


def test_assignment_of_the_first_part_and_of_impossible_ones() -> None:
    """The label 1 is a part, 0 is none; a part that its logits make impossible costs 8 nats."""
    assert MAX_ASSIGNMENT_NLL == 8
    part = torch.ones(1, 4, 4, dtype=torch.uint8)
    logits = torch.zeros(1, len(PART_LABELS), 2, 2)
    own = torch.tensor(PART_LABELS) == 1
    fraction = own.sum().item() / len(PART_LABELS)
    assert 0 < fraction < 1
    assert assignment_loss(logits, part).item() == pytest.approx(-math.log(fraction))
    part[..., :2, :2] = 0  # one of the four cells is background
    logits[:, own, 0, 0] = 50
    assert assignment_loss(logits, part).item() == pytest.approx(-math.log(fraction))
    impossible = torch.where(own[:, None, None], -1e9, 0.0).expand(1, -1, 2, 2)
    assert assignment_loss(impossible, torch.ones_like(part)).item() == pytest.approx(8)
