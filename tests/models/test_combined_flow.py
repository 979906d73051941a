"""The blend of two flows: by hand where the network says nothing, and what it can say."""

from __future__ import annotations

import math

import pytest
import torch

from ptx.models.combined_flow import PRIOR_LOGIT, CarriedFlow, CombinedFlow, FlowBlend
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.models.part_affine import part_affine_flow
from ptx.models.warping import FLOW_UNIT

SIZE = (32, 24)
BODY = 1 / (1 + math.exp(-PRIOR_LOGIT))


@pytest.fixture
def blend() -> FlowBlend:
    """A blend whose head says 0 everywhere."""
    torch.manual_seed(0)
    made = FlowBlend(4, 8, 2, 3.0).eval()
    for parameter in made.head.parameters():
        torch.nn.init.zeros_(parameter)
    return made


@pytest.fixture
def carried() -> CarriedFlow:
    """A body in the left half, 2 px from the left, the lower half of it hidden."""
    labels = torch.full((1, 1, *SIZE), 2, dtype=torch.uint8)
    labels[..., :12] = 0
    labels[..., 16:, :12] = 1
    flow = torch.zeros(1, 2, *SIZE)
    flow[:, 0, :, :12] = -2.0
    return CarriedFlow(flow, labels)


@pytest.fixture
def learned() -> FlowPrediction:
    """5 px down everywhere; the upper rows are background, the others visible."""
    flow = torch.zeros(1, 2, 16, 12)
    flow[:, 1] = 5 / FLOW_UNIT
    logits = torch.zeros(1, 3, *SIZE)
    logits[:, 2, :8] = 9.0
    logits[:, 0, 8:] = 9.0
    return FlowPrediction([flow], logits)


def poses() -> tuple[torch.Tensor, torch.Tensor]:
    keypoints = torch.rand(2, 1, 18, 3, generator=torch.Generator().manual_seed(1)) * 20 + 1
    return keypoints[0], keypoints[1]


def test_before_it_has_learned_the_body_leads_where_it_is(
    blend: FlowBlend, carried: CarriedFlow, learned: FlowPrediction
) -> None:
    image = torch.rand(1, 3, *SIZE)
    out = blend(carried, learned, *poses(), image)
    inside = BODY * torch.tensor([-2.0, 0.0]) + (1 - BODY) * torch.tensor([0.0, 5.0])
    torch.testing.assert_close(out.dense[0, :, :, :12], inside[:, None, None].expand(2, 32, 12))
    around = part_affine_flow(*poses(), *SIZE)[0, :, :, 12:]
    mixed = (1 - BODY) * around + BODY * torch.tensor([0.0, 5.0])[:, None, None]
    torch.testing.assert_close(out.dense[0, :, :, 12:], mixed)
    assert (out.weight[..., :12] > 0.8).all()
    assert (out.weight[..., 12:] < 0.2).all()


def test_labels_are_those_of_both(blend: FlowBlend, carried: CarriedFlow, learned: FlowPrediction) -> None:
    """Where both say the same, it is that; the body and its hidden part come before a learned label that is less sure."""
    labels = blend(carried, learned, *poses(), torch.rand(1, 3, *SIZE)).visibility[0, 0]
    assert (labels[8:16, :12] == 0).all()
    assert (labels[:8, 12:] == 2).all()
    unsure = learned._replace(logits=learned.logits / 20)
    labels = blend(carried, unsure, *poses(), torch.rand(1, 3, *SIZE)).visibility[0, 0]
    assert torch.equal(labels, carried.visibility[0, 0])


def test_no_flow_where_the_background_is(blend: FlowBlend, carried: CarriedFlow, learned: FlowPrediction) -> None:
    out = blend(carried, learned, *poses(), torch.rand(1, 3, *SIZE))
    background = (out.visibility == 2).expand(-1, 2, -1, -1)
    assert background.any()
    assert not out.flow[background].any()
    assert torch.equal(out.flow[~background], out.dense[~background])


def test_it_learns_whom_to_follow(carried: CarriedFlow, learned: FlowPrediction) -> None:
    """The truth is the learned flow on the body's upper half and the body's below: a few steps find that."""
    torch.manual_seed(0)
    blend, image = FlowBlend(8, 16, 2, 3.0).train(), torch.rand(1, 3, *SIZE)
    truth = carried.flow.clone()
    truth[:, :, :16] = learned.dense[:, :, :16]
    optimiser = torch.optim.Adam(blend.parameters(), 1e-2)
    errors = []
    for _ in range(40):
        error = (blend(carried, learned, *poses(), image).dense - truth).norm(dim=1)[..., :12].mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.3 * errors[0]


def test_the_whole_asks_its_network(blend: FlowBlend, carried: CarriedFlow) -> None:
    torch.manual_seed(0)
    network, image = FlowNet(4, 8, 2, picture=True).eval(), torch.rand(1, 3, *SIZE)
    with torch.no_grad():
        whole = CombinedFlow(network, blend)(carried, *poses(), image)
        by_hand = blend(carried, network(*poses(), image), *poses(), image)
    assert torch.equal(whole.dense, by_hand.dense)
