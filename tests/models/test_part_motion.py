"""What poses say of the parts' motion: as large as the person, whatever the picture's size; and learnable where limbs are not."""

from __future__ import annotations

import torch

from ptx.geometry.joints import PARTS as BODY_PARTS
from ptx.models.flow_net import half_size_part_flows
from ptx.models.part_affine import part_flows
from ptx.models.part_motion import PART_LABELS, PartMotion
from ptx.models.pose_maps import RIGID_PARTS
from tests.models.samples import person


def poses(scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    target = torch.from_numpy(person())[None].repeat(2, 1, 1)
    source = target.clone()
    source[:, 7, :2] += torch.tensor([14.0, -30.0])
    source[1, 3] = float("nan")
    for pose in (source, target):
        pose[..., :2] *= scale
    return source, target


def willing() -> PartMotion:
    torch.manual_seed(0)
    net = PartMotion(32)
    torch.nn.init.normal_(net.layers[-1].weight, std=0.3)
    return net


def test_an_untrained_net_hardly_corrects_anything() -> None:
    source, target = poses()
    parts, pixels = half_size_part_flows(source, target, 112, 64)
    torch.manual_seed(0)
    corrected = PartMotion()(source, target, parts, pixels)
    assert (corrected.flows - parts.flows).abs().max() < 0.5
    assert (corrected.distance - parts.distance).abs().max() < 0.5


def test_corrections_grow_with_the_person() -> None:
    net, found = willing(), []
    for scale in (1, 2):
        source, target = poses(scale)
        rows, columns = torch.arange(112.0) * scale, torch.arange(64.0) * scale
        pixels = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
        parts = part_flows(source, target, 112, 64)
        corrected = net(source, target, parts, pixels)
        found.append(((corrected.flows - parts.flows) / scale, (corrected.distance - parts.distance) / scale))
    for small, large in zip(*found, strict=True):
        assert small.abs().max() > 1
        torch.testing.assert_close(small, large, atol=2e-3, rtol=1e-4)


def test_the_groups_are_those_of_the_body() -> None:
    names = [BODY_PARTS[group] for group in PART_LABELS]
    assert names[:3] == ["torso", "torso", "head"]
    for name, (keypoints, *_) in zip(names[3:], RIGID_PARTS[2:], strict=True):
        side, limb = name.split("_")
        assert all(k.startswith(side) for k in keypoints)
        assert limb == ("arm" if keypoints[1].endswith(("elbow", "wrist")) else "leg")
