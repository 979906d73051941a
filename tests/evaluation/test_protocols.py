"""What becomes of pictures under a protocol."""

from __future__ import annotations

import torch

from ptx.evaluation.protocols import Protocol


def test_crop_resize_and_mask_agree() -> None:
    """A white square stays where the mask says that it is."""
    picture, mask = torch.full((1, 3, 64, 64), -1.0), torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    picture[..., 20:40, 20:40], mask[..., 20:40, 20:40] = 1, True
    rules = Protocol("x", crop=(8, 0, 56, 64), size=(32, 24))
    small, body = rules.prepare(picture, painted=True), rules.prepare_mask(mask)
    assert small.shape == (1, 3, 32, 24)
    assert body.shape == (1, 1, 32, 24)
    assert ((small[:, :1] > 0) == body).all()


def test_only_painted_pictures_go_through_a_file() -> None:
    torch.manual_seed(0)
    noise = torch.nn.functional.interpolate(torch.rand(2, 3, 4, 4) * 2 - 1, size=(32, 32), mode="bilinear")
    rules = Protocol("x", file="jpeg")
    assert torch.equal(rules.prepare(noise, painted=False), noise)
    written = rules.prepare(noise, painted=True)
    assert 0.001 < (written - noise).abs().mean() < 0.05
    assert "JPEG" in rules.words()
