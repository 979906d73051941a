"""Two encoders and one decoder: what each variant may look at."""

from __future__ import annotations

import pytest
import torch

from ptx.models.generator import Generator
from ptx.models.variants import Fusion
from tests.models.samples import SMALL, inputs


@pytest.mark.parametrize(
    ("fusion", "sees_flow", "sees_visibility"),
    [("residual", True, True), ("soft_gate", True, True), ("hard_gate", True, True), ("no_visibility", True, True),
     ("no_flow", False, False), ("single", False, False)],
)  # fmt: skip
def test_variants_see_what_they_should(fusion: Fusion, sees_flow: bool, sees_visibility: bool) -> None:
    """Flow on the background is never used, so visibility counts wherever flow does; but not as a label of its own."""
    net = Generator(**SMALL, fusion=fusion).eval()
    image, pose, flow, visibility = inputs()
    base = net(image, pose, flow, visibility)
    assert (net(image, pose, flow + 3, visibility) != base).any() == sees_flow
    assert (net(image, pose, flow, 2 - visibility) != base).any() == sees_visibility
    if fusion == "no_visibility":
        swapped = torch.where(visibility < 2, 1 - visibility.clamp(max=1), visibility)
        assert (net(image, pose, flow, swapped) == base).all()


def test_encoders_share_nothing() -> None:
    net = Generator(**SMALL)
    assert net.path.appearance is not None
    own = {id(p) for p in net.path.pose.parameters()}
    assert not own & {id(p) for p in net.path.appearance.parameters()}
