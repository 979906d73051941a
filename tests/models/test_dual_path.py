"""Two encoders and one decoder: what each variant may look at."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ptx.models import dual_path
from ptx.models.dual_path import DualPath, Fuse
from ptx.models.garment_net import GarmentNet, SynthesisNet
from ptx.models.generator import Generator
from ptx.models.variants import FeatureAlignment, Fusion
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


SOURCE = torch.tensor([9.0, 2.0, 5.0, 3.0]).view(1, 1, 1, 4)
"""One feature of the source in a row of four cells."""

RIGHT_BY_ONE = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)
"""Each cell shows what the source has one to the right: 2, 5, 3, and nothing."""

LABELS = torch.tensor([0, 1, 2, 0], dtype=torch.uint8).view(1, 1, 1, 4)
"""Visible, hidden, background, visible."""


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def by_hand(kind: Fusion) -> list[float]:
    """CVPR 2019, §3.4 and its code's `G_vis_mode`, with the weights of `set_by_hand`.

    x_w = [2, 5, 3, 0]; E = [x_w where visible, x_w where hidden]; residual: x_w + conv(x_w ‖ conv(E)), E squeezed by .5 and .2;
    gate: x_w σ(conv(E)) by .5, -.2 and a bias of .1.
    """
    warped = [2.0, 5.0, 3.0, 0.0]
    squeezed = [0.5 * 2.0, 0.2 * 5.0, 0.0, 0.0]
    return {
        "no_visibility": warped,
        "hard_gate": [2.0, 5.0, 0.0, 0.0],
        "soft_gate": [2 * sigmoid(0.5 * 2 + 0.1), 5 * sigmoid(-0.2 * 5 + 0.1), 3 * sigmoid(0.1), 0.0],
        "residual": [x + 0.1 * x + 0.01 * s for x, s in zip(warped, squeezed, strict=True)],
        "residual_no_visibility": [x + 0.1 * x for x in warped],
    }[kind]


def set_by_hand(fuse: Fuse) -> Fuse:
    """Batch norms that change nothing, convolutions whose middle alone counts."""
    with torch.no_grad():
        if fuse.gate is not None:
            fuse.gate.weight[0, :, 0, 0] = torch.tensor([0.5, -0.2])
            fuse.gate.bias.fill_(0.1)
        if fuse.residual is not None:
            body = fuse.residual.body[0].weight.zero_()
            body[0, :, 1, 1] = torch.tensor([0.1, 0.01])[: body.shape[1]]
            if fuse.residual.squeeze is not None:
                fuse.residual.squeeze[0].weight[0, :, 0, 0] = torch.tensor([0.5, 0.2])
    for norm in (m for m in fuse.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.eps = 0.0
    return fuse.eval()


@pytest.mark.parametrize("kind", ["no_visibility", "hard_gate", "soft_gate", "residual", "residual_no_visibility"])
def test_fusions_by_hand(kind: Fusion) -> None:
    fused = set_by_hand(Fuse(1, kind))(SOURCE, RIGHT_BY_ONE, LABELS)
    torch.testing.assert_close(fused.flatten(), torch.tensor(by_hand(kind)))


def seen_by_decoder(path: DualPath, flow: float) -> tuple[list[list[Tensor]], Tensor, Tensor]:
    """The skips that the decoder gets; appearance and pose."""
    torch.manual_seed(0)
    appearance, pose = torch.rand(2, 3, 16, 16), torch.rand(2, 5, 16, 16)
    seen: list[list[list[Tensor]]] = []
    path.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    path.eval()(appearance, pose, torch.full((2, 2, 16, 16), flow), torch.zeros(2, 1, 16, 16, dtype=torch.uint8))
    return seen[0], appearance, pose


def test_nothing_is_warped_without_flow() -> None:
    """`no_flow`: two encoders, whose skips meet where they lie, the pose's first."""
    path = DualPath(5, 3, (4, 8, 12), 2, "no_flow")
    skips, appearance, pose = seen_by_decoder(path, 3.0)
    assert path.appearance is not None
    ours, theirs = path.pose(pose)[1], path.appearance(appearance)[1]
    for level in range(2):
        for block in range(2):
            torch.testing.assert_close(
                skips[level][block], torch.cat([ours[level][block], theirs[level][block]], dim=1)
            )


def test_a_single_encoder_sees_both() -> None:
    path = DualPath(5, 3, (4, 8, 12), 2, "single")
    skips, appearance, pose = seen_by_decoder(path, 3.0)
    assert path.appearance is None
    expected = path.pose(torch.cat([appearance, pose], dim=1))[1]
    assert all(
        torch.equal(a, b) for one, other in zip(skips, expected, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_the_finest_scales_alone_are_warped() -> None:
    """By the flow in px of each scale; the features that go on to the next scale are not."""
    path = DualPath(5, 3, (4, 8, 12, 12), 2, "no_visibility")
    skips, appearance, _ = seen_by_decoder(path, 4.0)
    assert path.appearance is not None
    theirs = path.appearance(appearance)[1]
    for level, shift in enumerate((4, 2, 0)):
        for block in range(2):
            got = skips[level][block][:, path_channels(level) :]
            moved = torch.zeros_like(got)
            size = got.shape[-1] - shift
            moved[..., :size, :size] = theirs[level][block][..., shift:, shift:]
            torch.testing.assert_close(got, moved, atol=1e-4, rtol=1e-4)


def path_channels(level: int) -> int:
    return (4, 8, 12)[level]


@pytest.mark.parametrize("alignment", ["published", "exact"])
def test_the_alignment_is_that_of_the_skips(alignment: FeatureAlignment, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("pool_flow", "pool_visibility"):
        plain = getattr(dual_path, name)
        monkeypatch.setattr(dual_path, name, lambda *given, plain=plain: (asked.append(given[-1]), plain(*given))[1])
    networks = [
        Generator(4, 8, 3, 2, alignment=alignment).path,
        GarmentNet(4, 8, 3, 2, alignment=alignment).path,
        SynthesisNet(4, 8, 3, 2, alignment=alignment).path,
    ]
    image, _, flow, visibility = inputs()
    for path in networks:
        path(image, torch.rand(2, path.pose.first[0].in_channels, 32, 16), flow, visibility)
    assert asked == [alignment] * 12
