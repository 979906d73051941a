"""GarmentNet and SynthesisNet: shapes, gradients, and what each sees."""

from __future__ import annotations

import torch

from ptx.labels import GARMENTS
from ptx.models.garment_net import GarmentNet, SynthesisNet
from tests.models.samples import inputs


def test_garments_of_every_pixel() -> None:
    image, poses, flow, visibility = inputs()
    net = GarmentNet(8, 16, 3, 2)
    logits = net(image, poses.target, flow, visibility)
    assert logits.shape == (2, len(GARMENTS), 32, 16)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_pictures_from_fine_to_coarse() -> None:
    image, poses, flow, visibility = inputs()
    garments = torch.rand(2, len(GARMENTS), 32, 16).softmax(1)
    net = SynthesisNet(8, 16, 3, 2)
    pictures = net(image, poses, garments, flow, visibility)
    assert [p.shape for p in pictures] == [(2, 3, 32, 16), (2, 3, 16, 8), (2, 3, 8, 4)]
    assert max(float(p.abs().max()) for p in pictures) <= 1
    assert len(SynthesisNet(8, 16, 3, 2, pictures=1)(image, poses, garments, flow, visibility)) == 1


def test_garments_count_where_they_are_asked_for() -> None:
    image, poses, flow, visibility = inputs()
    a, b = torch.rand(2, 2, len(GARMENTS), 32, 16).unbind()
    for garments in (False, True):
        net = SynthesisNet(8, 16, 3, 2, garments=garments).eval()
        first, second = (net(image, poses, given, flow, visibility)[0] for given in (a, b))
        assert torch.equal(first, second) != garments
