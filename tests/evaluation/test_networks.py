"""LPIPS, FID and inception score with weights drawn at random: sizes, formulas, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import entropy

from ptx.evaluation.inception import Inception, frechet_distance, inception_score
from ptx.evaluation.lpips import Lpips
from ptx.pipeline.errors import PtxError


def test_inception_is_torchvisions_in_size(tmp_path: Path) -> None:
    """23,834,568 parameters: torchvision's 27,161,264 without the auxiliary head's 3,326,696."""
    net = Inception().eval()
    assert sum(p.numel() for p in net.parameters()) == 23_834_568
    with torch.inference_mode():
        features, probabilities = net(torch.rand(1, 3, 64, 32) * 2 - 1)
    assert features.shape == (1, 2048)
    assert probabilities.sum(1).tolist() == pytest.approx([1])
    save_file({"other": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(PtxError, match="does not hold Inception-v3"):
        Inception.load(tmp_path / "w.safetensors")
    with pytest.raises(PtxError, match="no such file"):
        Inception.load(tmp_path / "nowhere.pth")


def test_frechet_distance_of_known_normals() -> None:
    """For commuting covariances: |m - n|² + sum of (s - t)² over the axes' deviations."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(200_000, 3))
    a, b = base * (1, 2, 3), rng.permutation(base) * (2, 2, 1) + (1, 0, 0)
    assert frechet_distance(a, b) == pytest.approx(1 + 1 + 0 + 4, rel=0.02)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_inception_score_of_known_classes() -> None:
    """Certain and evenly spread over C classes is C; no idea is 1."""
    certain = np.tile(np.eye(5), (20, 1))
    assert inception_score(certain, splits=4) == pytest.approx(5)
    assert inception_score(np.full((40, 5), 0.2)) == pytest.approx(1)


@pytest.mark.parametrize("count", [400, 30])
def test_frechet_distance_by_singular_values(count: int) -> None:
    """The trace of (AB)^½ is the sum of singular values of the product of both centred tables; also where A and B have no full rank."""
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(2, 64, 64))
    a, b = rng.normal(size=(count, 64)) @ mixing[0], rng.normal(size=(count + 9, 64)) @ mixing[1] + 0.5
    x, y = ((t - t.mean(0)) / np.sqrt(len(t) - 1) for t in (a, b))
    root = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * root
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-4)


def test_inception_score_by_relative_entropy() -> None:
    """SciPy's, of each of ten parts in their order."""
    p = np.random.default_rng(0).dirichlet(np.full(7, 0.3), size=237)
    parts = [p[i] for i in np.array_split(np.arange(len(p)), 10)]
    wanted = np.mean([np.exp(np.mean([entropy(row, part.mean(0)) for row in part])) for part in parts])
    assert inception_score(p) == pytest.approx(wanted)
    assert wanted > 2


def test_lpips_by_definition(tmp_path: Path) -> None:
    """Equal pictures are 0 apart; one level of features, by hand."""
    torch.manual_seed(0)
    plain = Lpips()
    weights = {f"lin{i}.model.1.weight": torch.rand_like(w) * (i == 0) for i, w in enumerate(plain.linear)}
    save_file(weights, tmp_path / "lin.safetensors")
    save_file({k: v for k, v in plain.state_dict().items() if k.startswith("features")}, tmp_path / "alex.safetensors")
    net = Lpips.load(tmp_path / "alex.safetensors", tmp_path / "lin.safetensors")
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    assert net(a, a).tolist() == [0, 0]
    first = net.features["0"]
    x, y = (torch.relu(first((p - net.shift) / net.scale)) for p in (a, b))
    x, y = (p / p.norm(dim=1, keepdim=True) for p in (x, y))
    wanted = torch.einsum("bchw,c->bhw", (x - y) ** 2, net.linear[0].flatten()).mean((1, 2))
    assert net(a, b).tolist() == pytest.approx(wanted.tolist(), rel=1e-4)
    with pytest.raises(PtxError, match="does not hold AlexNet"):
        Lpips.load(tmp_path / "lin.safetensors", tmp_path / "lin.safetensors")
