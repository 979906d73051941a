"""Protocols: each against a transcription of the published code with scikit-image, Pillow, OpenCV and PyTorch; files and lines named.

Pictures are painted at 256×256, with borders of 40 px left and right, as the field's DeepFashion is.
"""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from ptx.evaluation.protocols import PROTOCOLS, EvaluationProtocol, Frame, find_protocol, truncate
from ptx.models.ssim import ssim
from ptx.pipeline.errors import PtxError

GAUSSIAN = {"gaussian_weights": True, "use_sample_covariance": False}


@pytest.fixture(scope="module")
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """What was painted, between 8-bit values and not over their whole range, and the photograph (2, 3, 256, 256)."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 32, 32, generator=generator) * 1.2 - 0.6
    smooth = F.interpolate(coarse, size=(256, 256), mode="bicubic", align_corners=False).clamp(-0.7, 0.6)
    painted = 0.9 * smooth + 0.05 * torch.randn(smooth.shape, generator=generator)
    return painted.clamp(-0.8, 0.7), ((smooth + 1) * 127.5).round() / 127.5 - 1


def whole(x: torch.Tensor) -> list[np.ndarray]:
    """Photographs as 8-bit pixels (256, 256, 3)."""
    return list(((x + 1) * 127.5).round().numpy().astype(np.uint8).transpose(0, 2, 3, 1))


def cut_off(x: torch.Tensor) -> list[np.ndarray]:
    """Painted pictures as all these codes write them, for example `util/util.py:18-21` of GFLA: astype(uint8) truncates."""
    return list(((x.numpy().transpose(0, 2, 3, 1) + 1) / 2.0 * 255.0).astype(np.uint8))


def as_jpeg(pixels: np.ndarray, quality: int | None = None) -> np.ndarray:
    """Write and read by Pillow with its own choice of quality, or another."""
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "JPEG", **({} if quality is None else {"quality": quality}))
    return np.asarray(Image.open(memory))


def prepared(name: str, pictures: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    rules = find_protocol(name)
    painted, target = pictures
    return rules.prepare(painted, painted=True), rules.prepare(target, painted=False)


def painted_range(x: np.ndarray) -> float:
    """data_range=generated_image.max() - generated_image.min() in all codes that have it."""
    return float(x.max()) - float(x.min())


def test_intrinsic2019(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """ly015/intrinsic_flow: SSIM of 8 bits (models/modules.py:574-589), scores of networks of files that OpenCV writes
    (scripts/test_pose_transfer_model.py:76-80), whose quality is 95."""
    rules = find_protocol("intrinsic2019")
    painted, target = prepared("intrinsic2019", pictures)
    found = ssim(painted, target, rules.ssim)
    shown = rules.for_networks(painted, painted=True)
    assert rules.ssim_256 is None
    for i, (x, y) in enumerate(zip(cut_off(pictures[0]), whole(pictures[1]), strict=True)):
        assert structural_similarity(x, y, channel_axis=-1) == pytest.approx(float(found[i]), abs=1e-5)
        written = cv2.imdecode(cv2.imencode(".jpg", x[..., ::-1])[1], cv2.IMREAD_COLOR)[..., ::-1]
        difference = whole(shown[i : i + 1])[0].astype(int) - written.astype(int)
        assert np.abs(difference).mean() < 0.1  # two builds of libjpeg; 2.5 of other quality
    assert torch.equal(rules.for_networks(target, painted=False), target)


def test_patn2019(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """tengteng95/Pose-Transfer: source, target and painted picture of 256×176 in one JPEG (models/PATN.py:264-269,
    util/visualizer.py:137, util/util.py:105-107), read again and bordered (tool/getMetrics_fashion.py:58-80), SSIM (:23-30)."""
    rules = find_protocol("patn2019")
    painted, target = prepared("patn2019", pictures)
    assert painted.shape == target.shape == (2, 3, 256, 256)
    files = [as_jpeg(x) for x in cut_off(pictures[0][..., 40:216])]
    assert (
        np.stack(whole(painted[..., 40:216])) != np.stack(files)
    ).mean() < 1e-3  # a few values are whole but for 32 bits
    found = ssim(painted, target, rules.ssim)
    for i, (x, y) in enumerate(zip(cut_off(pictures[0][..., 40:216]), whole(pictures[1][..., 40:216]), strict=True)):
        vis = np.zeros((256, 176 * 5, 3), np.uint8)
        vis[:, 176 * 2 : 176 * 3], vis[:, 176 * 4 :] = y, x
        vis = as_jpeg(vis)
        bordered = []
        for part in (vis[:, 2 * 176 : 3 * 176], vis[:, 4 * 176 :]):
            image_bound = (np.ones((256, 176 + 40 * 2, 3)) * 255).astype(np.uint8)
            image_bound[:, 40:216] = part
            bordered.append(image_bound)
        reference, generated = bordered
        value = structural_similarity(
            reference, generated, sigma=1.5, channel_axis=-1, data_range=painted_range(generated), **GAUSSIAN
        )
        assert value == pytest.approx(
            float(found[i]), abs=5e-4
        )  # black neighbours bleed a little into the edges of the JPEG
    market = torch.rand(1, 3, 128, 64) * 2 - 1  # tool/getMetrics_market.py has no border
    assert rules.prepare(market, painted=True).shape == market.shape


def stretched(pixels: np.ndarray, resample: Image.Resampling) -> np.ndarray:
    """The portrait of a square picture, resized to 256×256."""
    return np.asarray(Image.fromarray(pixels[:, 40:216]).resize((256, 256), resample))


def floats(pixels: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pixels).transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1


def test_gfla2020(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """RenYurui/Global-Flow-Local-Attention: pictures of 256×176 resized to 256×256 by Pillow (data/base_dataset.py:62-63); painted
    ones saved as .jpg (model/base_model.py:224-237); two SSIMs (script/metrics.py:331-344)."""
    rules = find_protocol("gfla2020")
    painted, target = prepared("gfla2020", pictures)
    one, two = ssim(painted, target, rules.ssim), ssim(painted, target, rules.ssim_256)
    cut = F.interpolate(pictures[0][..., 40:216], size=(256, 256), mode="bilinear", align_corners=False)
    files = [as_jpeg(x) for x in cut_off(cut)]
    assert (np.stack(whole(painted)) != np.stack(files)).mean() < 1e-2  # rounded instead, most values differ
    for i, (x, y) in enumerate(zip(cut_off(cut), whole(pictures[1]), strict=True)):
        gt = stretched(y, Image.Resampling.BILINEAR).astype(np.float32) / 255.0
        pred = as_jpeg(x).astype(np.float32) / 255.0
        value = structural_similarity(gt, pred, data_range=1, win_size=51, channel_axis=-1)
        assert value == pytest.approx(float(one[i]), abs=2e-4)
        gt, pred = gt * 255.0, pred * 255.0
        value = structural_similarity(gt, pred, sigma=1.5, channel_axis=-1, data_range=painted_range(pred), **GAUSSIAN)
        assert value == pytest.approx(float(two[i]), abs=2e-3)


def test_pidm2023(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """ankanbhunia/PIDM: pictures resized to 256×256, bicubic (data/prepare_data.py:26); painted ones as PNG (utils/gen.py:150-155);
    two SSIMs of the squares, σ 1.2 (utils/metrics.py:342-351); for LPIPS and FID 256×176 by OpenCV (:110, :503)."""
    rules = find_protocol("pidm2023")
    painted, target = prepared("pidm2023", pictures)
    one, two = ssim(painted, target, rules.ssim), ssim(painted, target, rules.ssim_256)
    square = F.interpolate(
        pictures[0][..., 40:216], size=(256, 256), mode="bicubic", align_corners=False, antialias=True
    )
    shown = rules.for_networks(painted, painted=True)
    for i, (x, y) in enumerate(zip(cut_off(square), whole(pictures[1]), strict=True)):
        gt = stretched(y, Image.Resampling.BICUBIC).astype(np.float32) / 255.0
        pred = x.astype(np.float32) / 255.0
        value = structural_similarity(gt, pred, data_range=1, win_size=51, channel_axis=-1)
        assert value == pytest.approx(float(one[i]), abs=2e-4)
        gt, pred = gt * 255.0, pred * 255.0
        value = structural_similarity(gt, pred, sigma=1.2, channel_axis=-1, data_range=painted_range(pred), **GAUSSIAN)
        assert value == pytest.approx(float(two[i]), abs=2e-3)
        wanted = cv2.resize(x.astype(np.float32), (176, 256)) / 127.5 - 1
        difference = np.abs(shown[i].numpy().transpose(1, 2, 0) - wanted)
        assert difference.max() < 1 / 127  # here and there a value is a level lower
        assert difference.mean() < 1e-4


def test_cfld2024(pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """YanzuoLu/CFLD: bicubic to 256×176, 8 bits cut off (pose_transfer_test.py:119-122), two SSIMs (models/metrics.py:75-82)."""
    rules = find_protocol("cfld2024")
    small = F.interpolate(pictures[0], size=(384, 384), mode="bilinear")  # a painter of larger pictures: 384×264
    painted, target = rules.prepare(small, painted=True), rules.prepare(pictures[1], painted=False)
    one, two = ssim(painted, target, rules.ssim), ssim(painted, target, rules.ssim_256)
    sampling_imgs = F.interpolate((small[..., 60:324] + 1) / 2, (256, 176), mode="bicubic", antialias=True)
    sampling_imgs = (sampling_imgs.float() * 255.0).clamp(0, 255).to(dtype=torch.uint8).to(torch.float32) / 255.0
    for i in range(2):
        gt = (pictures[1][i, :, :, 40:216].numpy() + 1) / 2
        pred = sampling_imgs[i].numpy()
        value = structural_similarity(gt, pred, data_range=1, win_size=51, channel_axis=0)
        assert value == pytest.approx(float(one[i]), abs=1e-5)
        gt, pred = gt * 255.0, pred * 255.0
        value = structural_similarity(gt, pred, sigma=1.5, channel_axis=0, data_range=painted_range(pred), **GAUSSIAN)
        assert value == pytest.approx(float(two[i]), abs=1e-5)


@pytest.mark.parametrize("name", ["gfla2020", "pidm2023", "cfld2024"])
def test_inception_is_shown_what_these_codes_show_it(name: str, pictures: tuple[torch.Tensor, torch.Tensor]) -> None:
    """script/inception.py:121-128 of GFLA, which PIDM has too, and models/metrics.py:89-93 of CFLD, of pictures in 0..1."""
    x = (pictures[1] + 1) / 2
    x = F.interpolate(x, size=(299, 299), mode="bilinear")
    x[:, 0] = x[:, 0] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
    x[:, 1] = x[:, 1] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
    x[:, 2] = x[:, 2] * (0.225 / 0.5) + (0.406 - 0.5) / 0.5
    found = find_protocol(name).for_inception(pictures[1])
    resized = F.interpolate(found, size=(299, 299), mode="bilinear", align_corners=False, antialias=True)
    torch.testing.assert_close(resized, x, atol=1e-5, rtol=0)


def test_all_rules_look_at_the_same_photographs() -> None:
    """FID's reference is the training photographs in every code that has FID (CFLD: datasets/deepfashion.py:232-250)."""
    assert {rules.reference for rules in PROTOCOLS.values()} == {"train"}


def test_frame_and_mask_agree() -> None:
    """A white square stays where the mask says that it is."""
    picture, mask = torch.full((1, 3, 64, 64), -1.0), torch.zeros(1, 1, 64, 64, dtype=torch.bool)
    picture[..., 20:40, 24:40], mask[..., 20:40, 24:40] = 1, True
    rules = EvaluationProtocol("x", frame=Frame(border=40))
    small, body = rules.prepare(picture, painted=True), rules.prepare_mask(mask)
    assert small.shape == (1, 3, 64, 64)  # 44 px and 10 px on either side: 256 px would have 176 and 40
    assert body.shape == (1, 1, 64, 64)
    assert ((small[:, :1] > 0) == body)[..., 10:54].all()
    assert (small[..., :10] == 1).all()
    assert not body[..., :10].any()


def test_masks_are_stretched_as_pictures_are() -> None:
    """Nearest pixels, by NumPy: 176 of 200 columns become 256; of a picture twice as large every other pixel stays, between borders."""
    rng = np.random.default_rng(0)
    mask = rng.random((256, 200)) < 0.5
    found = find_protocol("gfla2020").prepare_mask(torch.from_numpy(mask)[None, None])
    assert (found[0, 0].numpy() == mask[:, 12 + np.arange(256) * 176 // 256]).all()
    large = rng.random((512, 400)) < 0.5
    found = find_protocol("patn2019").prepare_mask(torch.from_numpy(large)[None, None])
    assert found.shape == (1, 1, 256, 256)
    assert (found[0, 0, :, 40:216].numpy() == large[::2, 24:376:2]).all()
    assert not found[..., :40].any()
    assert not found[..., 216:].any()
    assert torch.equal(find_protocol("ours").prepare_mask(found), found)
    narrow = torch.from_numpy(large[None, None, :128, :64])  # Market-1501's: whole, without a border
    assert torch.equal(find_protocol("patn2019").prepare_mask(narrow), narrow)


def test_values_are_cut_off_to_the_next_lower_level() -> None:
    """32 bits hold the 256 levels to within 1e-5, so that they stay; what is more than 1e-4 below one is one lower."""
    levels = torch.arange(256.0)
    assert ((truncate(levels / 127.5 - 1) + 1) * 127.5).round().tolist() == levels.tolist()
    below = (levels[1:].double() - 1.5e-4) / 127.5 - 1
    assert ((truncate(below) + 1) * 127.5).round().tolist() == levels[:-1].tolist()
    assert truncate(torch.tensor([-1.5, 1.5])).tolist() == [-1, 1]


def test_pictures_are_never_enlarged_and_narrow_ones_left_whole() -> None:
    for rules in PROTOCOLS.values():
        market = torch.rand(1, 3, 128, 64) * 2 - 1
        assert rules.prepare(market, painted=True).shape == market.shape
        small = torch.rand(1, 3, 64, 64) * 2 - 1
        assert rules.prepare(small, painted=False).shape[2] == 64
        large = rules.prepare(torch.rand(1, 3, 512, 352), painted=False)
        assert large.shape[2] == (512 if rules.frame is None else 256)
    assert find_protocol("gfla2020").prepare(torch.rand(1, 3, 128, 128), painted=False).shape == (1, 3, 128, 128)
    assert find_protocol("cfld2024").prepare(torch.rand(1, 3, 128, 128), painted=False).shape == (1, 3, 128, 88)


def test_only_painted_pictures_go_through_a_file() -> None:
    torch.manual_seed(0)
    noise = F.interpolate(torch.rand(2, 3, 4, 4) * 2 - 1, size=(32, 32), mode="bilinear")
    rules = EvaluationProtocol("x", jpeg=95)
    assert torch.equal(rules.prepare(noise, painted=False), noise)
    written = rules.prepare(noise, painted=True)
    assert 0.001 < (written - noise).abs().mean() < 0.05
    assert "JPEG" in rules.description


def test_windows_larger_than_the_pictures_are_refused() -> None:
    with pytest.raises(
        PtxError, match=r"--protocol gfla2020: its SSIM has windows of 51×51 px, .* pictures of 48×48 here"
    ):
        find_protocol("gfla2020").check_size(48, 48)
    find_protocol("gfla2020").check_size(128, 64)
    with pytest.raises(PtxError, match="windows of 11×11"):
        find_protocol("ours").check_size(32, 8)


def test_protocols_are_found_by_name_and_described() -> None:
    assert all(find_protocol(name) is rules for name, rules in PROTOCOLS.items())
    assert len({rules.description for rules in PROTOCOLS.values()}) == len(PROTOCOLS)
    with pytest.raises(PtxError, match="no protocol 'x'; there are ours, ours-jpeg"):
        find_protocol("x")
    assert find_protocol("ours").description == (
        "whole pictures, working size, 8 bits; SSIM 7×7 uniform window, sample covariance, RGB of 8 bits (scikit-image's default); "
        "LPIPS 0.1, AlexNet; FID against the train photographs; masks around the target pose"
    )
    gaussian = "11×11 Gaussian window of σ 1.5, range of values of the painted picture"
    rest = "LPIPS 0.1, AlexNet; FID against the train photographs"
    assert find_protocol("patn2019").description == (
        "the middle 176:256 of pictures between white borders of 40, JPEG of quality 75, targets too, truncated; "
        f"SSIM {gaussian}; {rest}; masks around the target pose"
    )
    assert find_protocol("pidm2023").description == (
        "the middle 176:256 of pictures stretched to 256×256 (for networks 176×256), 8 bits, truncated; "
        f"SSIM 51×51 uniform window, sample covariance; SSIM_256 {gaussian.replace('11', '9').replace('1.5', '1.2')}; "
        f"{rest}, shown to Inception as 0..1; masks around the target pose"
    )
