"""SSIM under each rule against scikit-image, MS-SSIM against its definition with SciPy's filters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import structural_similarity

from ptx.models.pixels import to_uint8
from ptx.models.ssim import FIELD, LARGE, NARROW, PAINTED_RANGE, WANG, SsimRule, ms_ssim, ssim

WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    a = torch.nn.functional.interpolate(torch.rand(3, 3, 24, 12) * 2 - 1, size=(192, 96), mode="bilinear")
    return a, (a + 0.2 * torch.randn_like(a)).clamp(-1, 1)


GAUSSIAN = {"gaussian_weights": True, "use_sample_covariance": False}


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        (FIELD, {}),
        (WANG, {**GAUSSIAN, "sigma": 1.5, "data_range": 255}),
        (LARGE, {"win_size": 51}),
        (SsimRule(17, 2.4, False), {**GAUSSIAN, "sigma": 2.4, "data_range": 255}),  # more than LARGE_WINDOW
        (NARROW, {**GAUSSIAN, "sigma": 1.2, "data_range": "painted"}),
        (PAINTED_RANGE, {**GAUSSIAN, "sigma": 1.5, "data_range": "painted"}),
    ],
    ids=["field", "wang", "large", "large gaussian", "narrow", "painted range"],
)
def test_ssim_is_scikit_images(
    pictures: tuple[torch.Tensor, torch.Tensor], rule: SsimRule, theirs: dict[str, object]
) -> None:
    a, b = pictures[0] * 0.6, pictures[1]
    for x, y, mine in zip(to_uint8(a), to_uint8(b), ssim(a, b, rule), strict=True):
        given = dict(theirs)
        if given.get("data_range") == "painted":
            given["data_range"] = int(x.max()) - int(x.min())
        assert structural_similarity(x, y, channel_axis=-1, **given) == pytest.approx(float(mine), abs=1e-6)


def by_definition(x: np.ndarray, y: np.ndarray, scales: int) -> float:
    """MS-SSIM of one channel (H, W), 0..255."""
    result, weights = 1.0, WEIGHTS[:scales] / WEIGHTS[:scales].sum()
    for level, weight in enumerate(weights):

        def mean(z: np.ndarray) -> np.ndarray:
            return ndimage.gaussian_filter(z, 1.5, truncate=3.5, mode="reflect")[5:-5, 5:-5]

        mx, my = mean(x), mean(y)
        vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        structure = (2 * both + 58.5225) / (vx + vy + 58.5225)
        luminance = (2 * mx * my + 6.5025) / (mx**2 + my**2 + 6.5025)
        result *= float((structure * luminance if level == scales - 1 else structure).mean()) ** weight
        x, y = ((z[:-1:2, :-1:2] + z[1::2, :-1:2] + z[:-1:2, 1::2] + z[1::2, 1::2]) / 4 for z in (x, y))
    return result


def test_ms_ssim_is_its_definition(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    a, b = pictures
    for x, y, ours in zip(to_uint8(a), to_uint8(b), ms_ssim(a, b), strict=True):
        channels = [by_definition(x[..., c].astype(float), y[..., c].astype(float), 4) for c in range(3)]
        assert np.mean(channels) == pytest.approx(float(ours), abs=1e-4)
    assert ms_ssim(a, a).tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(("side", "scales"), [(176, 5), (88, 4), (16, 1)])
def test_ms_ssim_takes_the_scales_that_fit(side: int, scales: int) -> None:
    """A window of 11 px fits into 176 px at all five scales; b is darker, so that luminance, of the coarsest scale only, counts."""
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(1, 3, side, side, generator=generator) * 2 - 1
    b = (0.6 * a + 0.1 * torch.randn(a.shape, generator=generator) - 0.3).clamp(-1, 1)
    x, y = (to_uint8(picture)[0].astype(float) for picture in (a, b))
    channels = [by_definition(x[..., c], y[..., c], scales) for c in range(3)]
    assert ms_ssim(a, b).tolist() == pytest.approx([np.mean(channels)], abs=1e-4)
