"""Metrics against scikit-image's."""

from __future__ import annotations

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ptx.evaluation.metrics import body_ssim, l1, psnr, ssim
from ptx.training.samples import to_pictures


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    a = torch.rand(3, 3, 40, 30) * 2 - 1
    return a, (a + 0.3 * torch.randn_like(a)).clamp(-1, 1)


def test_ssim_and_psnr_are_scikit_images(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    for x, y, similar, noise in zip(to_pictures(a), to_pictures(b), ssim(a, b), psnr(a, b), strict=True):
        assert structural_similarity(x, y, channel_axis=-1) == pytest.approx(float(similar), abs=1e-4)
        assert peak_signal_noise_ratio(x, y) == pytest.approx(float(noise), abs=1e-3)


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
