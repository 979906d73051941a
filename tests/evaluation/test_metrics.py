"""Metrics against scikit-image's."""

from __future__ import annotations

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from ptx.evaluation.metrics import black_outside, body_ssim, l1, masked_ssim, psnr, visibility_iou
from ptx.models.pixels import to_uint8
from ptx.models.ssim import ssim


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    a = torch.rand(3, 3, 40, 30) * 2 - 1
    return a, (a + 0.3 * torch.randn_like(a)).clamp(-1, 1)


def test_psnr_is_scikit_images(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    for x, y, noise in zip(to_uint8(a), to_uint8(b), psnr(a, b), strict=True):
        assert peak_signal_noise_ratio(x, y) == pytest.approx(float(noise), abs=1e-3)


def test_one_level_of_one_pixel_is_a_difference() -> None:
    """PSNR 10 log10(255² · 3 · 4 · 5) and L1 1/255 of a sixtieth."""
    a = torch.full((1, 3, 4, 5), 1 / 255)  # level 128
    b = a.clone()
    b[0, 1, 2, 3] = 3 / 255
    assert psnr(a, b).tolist() == pytest.approx([10 * math.log10(255**2 * 60)])
    assert l1(a, b).tolist() == pytest.approx([1 / 255 / 60])
    assert l1(a - 1, a + 1).tolist() == [1]


def test_equal_pictures(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, _ = pictures
    assert ssim(a, a).tolist() == pytest.approx([1, 1, 1])
    assert l1(a, a).tolist() == [0, 0, 0]
    assert psnr(a, a).tolist() == [100, 100, 100]


def test_body_ssim_looks_at_the_body_only(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    body = torch.zeros(3, 1, 40, 30)
    body[:, :, :20] = 1
    half = torch.where(torch.arange(40)[:, None] < 24, a, b)  # equal wherever a window on the body reaches
    assert body_ssim(a, half, body).tolist() == pytest.approx([1, 1, 1])
    assert (body_ssim(a, b, body) < 0.95).all()
    assert body_ssim(a, b, body * 0).tolist() == [1, 1, 1]


def test_a_body_of_one_pixel_is_scored_by_its_window(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    body = torch.zeros(3, 1, 40, 30)
    body[..., 20, 12] = 1
    window = (slice(None), slice(None), slice(17, 24), slice(9, 16))  # 7×7 around it
    assert body_ssim(a, b, body).tolist() == pytest.approx(ssim(a[window], b[window]).tolist(), abs=1e-6)


def test_masked_ssim_is_of_black_backgrounds(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    body = torch.zeros(3, 1, 40, 30, dtype=torch.bool)
    body[:, :, :20] = True
    assert masked_ssim(a, torch.where(body, a, b), body).tolist() == pytest.approx([1, 1, 1])
    black = [x.masked_fill(~body, -1) for x in (a, b)]
    assert torch.equal(masked_ssim(a, b, body), ssim(*black))
    assert torch.equal(black_outside(a, body), black[0])  # Inception sees these values


def test_visibility_iou() -> None:
    truth = torch.tensor([[[[0, 0, 1, 2]]], [[[2, 2, 2, 2]]]])
    labels = torch.tensor([[[[0, 1, 1, 2]]], [[[2, 2, 2, 2]]]])
    assert visibility_iou(labels, truth).tolist() == pytest.approx([(0.5 + 0.5 + 1) / 3, 1])
