"""Painters: networks of a system joined, by their own flow or a given one; what is exported is a dictionary."""

from __future__ import annotations

import pytest
import torch

from ptx.geometry.labels import BACKGROUND
from ptx.inference.painter import ExportedPainter, FlowPainter, Painted, Painter, PoseFlowPainter, ViewPainter
from ptx.models.flow_net import FlowNet
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator, PixelWarp
from ptx.models.pg2 import CoarseNet, RefineNet
from ptx.models.warping import warp_pixels

SIZE = (32, 32)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Picture, keypoints, wanted pose of a batch of two."""
    torch.manual_seed(0)
    image = torch.rand(2, 3, *SIZE) * 2 - 1
    keypoints, pose = (torch.rand(2, 2, 18, 3) * torch.tensor([31.0, 31.0, 1.0])).unbind()
    return image, keypoints, pose


@pytest.fixture
def painters() -> dict[str, Painter]:
    torch.manual_seed(1)
    flow = FlowNet(8, 16, 3)
    made = {
        "flow": FlowPainter(flow, Generator(8, 16, 3, 2, background="layers"), PixelWarp(8, 16, 3), 3.0),
        "plain flow": FlowPainter(flow, Generator(8, 16, 3, 2), None, 3.0),
        "pose-flow": PoseFlowPainter(flow, GarmentNet(8, 16, 3, 2), SynthesisNet(8, 16, 3, 2), 3.0),
        "view": ViewPainter(flow, CoarseNet(SIZE, 8, 3), RefineNet(8, 3, texture=True), 3.0),
        "coarse view": ViewPainter(flow, CoarseNet(SIZE, 8, 3), None, 3.0),
    }
    return {name: painter.eval() for name, painter in made.items()}


@torch.no_grad()
def test_every_system_gives_the_same_fields(
    painters: dict[str, Painter], inputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    for name, painter in painters.items():
        painted = painter(*inputs)
        assert isinstance(painted, Painted)
        assert painted.picture.shape == painted.warped.shape == (2, 3, *SIZE)
        assert painted.picture.abs().max() <= 1
        assert painted.flow.shape == (2, 2, *SIZE)
        assert painted.visibility.dtype == torch.uint8
        assert torch.equal(painted.warped, warp_pixels(inputs[0], painted.flow, painted.visibility))
        assert (painted.garments is not None) == (name == "pose-flow")
        if painted.garments is not None:
            assert painted.garments.shape == (2, *SIZE)


@torch.no_grad()
def test_a_given_flow_is_painted_by(
    painters: dict[str, Painter], inputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    for name, painter in painters.items():
        own = painter(*inputs)
        same = painter.paint(*inputs, own.flow, own.visibility)
        assert torch.equal(same.picture, own.picture)
        nothing = torch.full_like(own.visibility, BACKGROUND)
        other = painter.paint(*inputs, own.flow, nothing)
        assert (other.warped == -1).all()
        assert torch.equal(other.picture, own.picture) == (name == "coarse view")  # which sees no flow


@torch.no_grad()
def test_exported_painters_give_dictionaries(
    painters: dict[str, Painter], inputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
) -> None:
    for name, painter in painters.items():
        out = ExportedPainter(painter)(*inputs)
        fields = [field for field in Painted._fields if field != "garments" or name == "pose-flow"]
        assert list(out) == fields
        assert torch.equal(out["picture"], painter(*inputs).picture)
