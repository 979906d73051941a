"""Protocols: how pictures and masks are prepared, and that the published rules differ."""

from __future__ import annotations

import itertools

import pytest
import torch

from ptx.evaluation.protocols import PROTOCOLS, EvaluationProtocol, find_protocol
from ptx.models.ssim import ssim
from ptx.pipeline.errors import PtxError


def test_crop_resize_and_mask_agree() -> None:
    """A white square stays where the mask says that it is."""
    picture, mask = torch.full((1, 3, 64, 64), -1.0), torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    picture[..., 20:40, 20:40], mask[..., 20:40, 20:40] = 1, True
    rules = EvaluationProtocol("x", crop=(8, 0, 56, 64), size=(32, 24))
    small, body = rules.prepare(picture, painted=True), rules.prepare_mask(mask)
    assert small.shape == (1, 3, 32, 24)
    assert body.shape == (1, 1, 32, 24)
    assert ((small[:, :1] > 0) == body).all()


def test_only_painted_pictures_go_through_a_file() -> None:
    torch.manual_seed(0)
    noise = torch.nn.functional.interpolate(torch.rand(2, 3, 4, 4) * 2 - 1, size=(32, 32), mode="bilinear")
    rules = EvaluationProtocol("x", file="jpeg")
    assert torch.equal(rules.prepare(noise, painted=False), noise)
    written = rules.prepare(noise, painted=True)
    assert 0.001 < (written - noise).abs().mean() < 0.05
    assert "JPEG" in rules.description


def test_a_square_is_white_around_pictures_and_empty_around_masks() -> None:
    rules, picture = find_protocol("patn2019"), torch.full((1, 3, 20, 12), -1.0)
    wide = rules.prepare(picture, painted=True)
    assert wide.shape == (1, 3, 20, 20)
    assert torch.equal(wide[..., 4:16], picture)
    assert (wide[..., :4] == 1).all()
    assert (wide[..., 16:] == 1).all()
    mask = rules.prepare_mask(torch.ones(1, 1, 20, 12, dtype=torch.bool))
    assert mask.sum() == 240


def test_the_five_published_rules_disagree_on_the_same_pictures() -> None:
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 6) * 2 - 1, size=(96, 72), mode="bilinear")
    painted = 0.7 * smooth + 0.1 * torch.randn_like(smooth)
    found = {}
    for name in ("intrinsic2019", "patn2019", "gfla2020", "pidm2023", "cfld2024"):
        rules = find_protocol(name)
        pair = rules.prepare(painted, painted=True), rules.prepare(smooth, painted=False)
        found[name] = float(ssim(*pair, rules.ssim))
    values = sorted(found.values())
    assert min(b - a for a, b in itertools.pairwise(values)) > 0.003, found
    assert values[-1] - values[0] > 0.1


def test_protocols_are_found_by_name_and_described() -> None:
    assert all(find_protocol(name) is rules for name, rules in PROTOCOLS.items())
    with pytest.raises(PtxError, match="no protocol 'x'; there are ours, ours-jpeg"):
        find_protocol("x")
    assert find_protocol("ours").description == (
        "whole pictures, working size, 8 bits; SSIM 7×7 uniform window, sample covariance, RGB of 8 bits (scikit-image's default); "
        "LPIPS 0.1, AlexNet; FID against the train photographs; masks around the target pose"
    )
