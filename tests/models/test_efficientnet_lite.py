"""EfficientNet-Lite0 against its original, run by LiteRT on a photograph (`tools/build_perceptual.py`), and the distance by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ptx.models.efficientnet_lite import EfficientNetLite0, SameConv, feature_distance, unit_features
from ptx.models.pixels import to_tensor
from ptx.models.shipped import EFFICIENTNET_LITE0, EFFICIENTNET_LITE0_SHA256, NETWORKS
from ptx.pipeline.errors import PtxError

DATA = Path(__file__).parents[1] / "data"
GOLDEN = np.load(DATA / "efficientnet_lite0.npz")


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    return EfficientNetLite0.load()


def square_photograph() -> torch.Tensor:
    """(1, 3, 224, 224) of -1..1: what the original was shown, made without any code of ours."""
    picture = Image.open(DATA / "detector" / "0.jpg").convert("RGB")
    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return to_tensor(np.asarray(square.resize((224, 224), Image.Resampling.BICUBIC)))[None]


@torch.no_grad()
@pytest.mark.parametrize(("level", "side"), list(enumerate((112, 56, 28, 14, 7))))
def test_features_are_the_originals(network: EfficientNetLite0, level: int, side: int) -> None:
    """To a thousandth of their size (root mean square), also at the borders; weights of 32 bits, to a hundred-thousandth or so."""
    ours = network(square_photograph())[level][0].permute(1, 2, 0).numpy()
    theirs = GOLDEN[f"features{side}"]
    places, channels = (
        np.linspace(0, length - 1, count).round().astype(int)
        for length, count in ((side, theirs.shape[0]), (ours.shape[-1], theirs.shape[-1]))
    )
    assert ours.shape[:2] == (side, side)
    assert theirs.std() > 0.3
    error = ours[np.ix_(places, places, channels)] - theirs
    size = np.sqrt(np.square(theirs).mean())
    assert np.sqrt(np.square(error).mean()) <= (1e-3 if side == 7 else 3e-5) * size


def test_the_file_is_the_one_whose_hash_is_known() -> None:
    assert hashlib.sha256(EFFICIENTNET_LITE0.read_bytes()).hexdigest() == EFFICIENTNET_LITE0_SHA256
    assert EFFICIENTNET_LITE0.stat().st_size <= 9_500_000
    licence = (NETWORKS / "LICENSE").read_text()
    assert EFFICIENTNET_LITE0_SHA256 in licence
    assert "Apache License" in licence
    assert sum(path.stat().st_size for path in NETWORKS.parent.rglob("*") if path.is_file()) <= 48e6


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    content = bytearray(EFFICIENTNET_LITE0.read_bytes())
    content[-1] ^= 1
    path = tmp_path / "network.safetensors"
    path.write_bytes(content)
    with pytest.raises(PtxError, match=r"network.safetensors: is not the file that came with ptx: install ptx again"):
        EfficientNetLite0.load(path)
    with pytest.raises(PtxError, match="no such file; it should hold EfficientNet-Lite0"):
        EfficientNetLite0.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "first"),
    [
        (8, 3, 2, 0),
        (9, 3, 2, -1),
        (8, 5, 2, -1),
        (9, 5, 2, -2),
        (8, 5, 1, -2),
        (7, 3, 1, -1),
        (1, 3, 2, -1),
        (8, 1, 1, 0),
    ],
)
def test_padding_is_tensorflows(size: int, kernel: int, stride: int, first: int) -> None:
    """The first window begins at `first`: half of what windows reach beyond the picture, the smaller half before it."""
    conv = SameConv(1, 1, kernel, stride)
    x = torch.randn(1, 1, size, size, dtype=torch.float64)
    out = conv.double()(x)[0, 0].detach().numpy()
    weight = conv.weight.detach().numpy()[0, 0]
    assert out.shape == (-(-size // stride),) * 2
    for (row, column), value in np.ndenumerate(out):
        total = float(conv.bias.detach())
        for i, j in np.ndindex(kernel, kernel):
            y, z = row * stride + first + i, column * stride + first + j
            total += weight[i, j] * float(x[0, 0, y, z]) if 0 <= y < size and 0 <= z < size else 0.0
        assert value == pytest.approx(total)


@pytest.mark.slow
@torch.no_grad()
def test_features_of_any_size(network: EfficientNetLite0) -> None:
    """Of a batch each picture's are its own; sizes are halved and rounded up."""
    pictures = torch.rand(2, 3, 70, 33, generator=torch.manual_seed(0)) * 2 - 1
    both = network(pictures)
    assert [tuple(one.shape[-2:]) for one in both] == [(35, 17), (18, 9), (9, 5), (5, 3), (3, 2)]
    for one, alone in zip(both, network(pictures[1:]), strict=True):
        torch.testing.assert_close(one[1:], alone, rtol=1e-4, atol=1e-4)
        assert 0 <= one.min() < one.max() <= 6


def test_the_distance_by_hand() -> None:
    """One depth with vectors at a right angle (2) and equal ones (0), one where they differ in length alone (0)."""
    a = [torch.tensor([[[[3.0, 1.0]], [[0.0, 1.0]]]]), torch.tensor([[[[1.0]], [[2.0]]]])]
    b = [torch.tensor([[[[0.0, 1.0]], [[5.0, 1.0]]]]), torch.tensor([[[[2.0]], [[4.0]]]])]
    assert feature_distance(unit_features(a), unit_features(b)).tolist() == pytest.approx([(2 / 2 + 0) / 2], abs=1e-5)
    assert feature_distance(unit_features(a), unit_features(a)).tolist() == [0]
    (nearly_nothing,) = unit_features([torch.tensor([[[[1e-6]], [[0.0]]]])])
    assert nearly_nothing.flatten().tolist() == pytest.approx(
        [0.5, 0]
    )  # beside a millionth, which keeps nothing from being divided by 0


def test_a_gradient_reaches_the_picture_and_no_weight(network: EfficientNetLite0) -> None:
    """Also where features are all zero, whose length has no derivative."""
    x = (torch.rand(1, 3, 32, 32, generator=torch.manual_seed(0)) * 2 - 1).requires_grad_()
    wanted = unit_features(network(-x.detach()))
    feature_distance(unit_features(network(x)), wanted).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())
    nothing = torch.zeros(1, 2, 1, 1, requires_grad=True)
    feature_distance(unit_features([nothing]), [torch.ones(1, 2, 1, 1)]).sum().backward()
    assert nothing.grad is not None
    assert nothing.grad.isfinite().all()
