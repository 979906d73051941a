"""What the networks that score are shown, and of which part of a picture; scores of sets by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import entropy

from ptx.evaluation.classifiers import ClothesClassifiers
from ptx.evaluation.fid import Moments, ReferenceSet, inception_pseudo_values
from ptx.evaluation.learned_metrics import (
    FEATURES,
    LearnedMetrics,
    SetStatistics,
    open_learned_metrics,
    set_pseudo_values,
)
from ptx.evaluation.lpips import Lpips
from ptx.evaluation.protocols import find_protocol
from ptx.models.pose_mask import pose_mask
from ptx.models.shipped import EFFICIENTNET_LITE0
from ptx.models.weights import file_hash
from ptx.pipeline.errors import PtxError
from ptx.settings import EvaluateSettings
from ptx.training.models import FolderModels
from tests.evaluation.hand_made import random_rows, standing


def brightness(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Stands in for Inception: the pictures' mean colours, and class 1 the surer the brighter one is."""
    mean = x.mean((1, 2, 3))
    return x.mean((2, 3)), torch.stack([-4 * mean, 4 * mean], dim=1).softmax(1)


def inception_score(p: np.ndarray) -> float:
    """Of class probabilities (N, C), over ten splits."""
    divergences = [np.mean([entropy(row, part.mean(0)) for row in part]) for part in np.array_split(p, 10)]
    return float(np.exp(divergences).mean())


def test_without_networks_nothing_is_scored() -> None:
    rows = random_rows(2)
    metrics = LearnedMetrics()
    assert metrics.distances_to(rows["target"])(rows["source"]) == {}
    assert metrics.picture_scores(rows["source"], rows["source"], rows["target"], rows) == {}
    assert metrics.set_statistics(rows["source"], pose_mask(standing(2), 128, 64) > 0, find_protocol("ours")) == {}


def test_market_is_also_scored_within_the_mask() -> None:
    """The masked score is that of pictures whose background was black all along."""
    torch.manual_seed(0)
    painted = find_protocol("ours").prepare(torch.rand(40, 1, 1, 1) * torch.rand(40, 3, 128, 64) * 2 - 1, painted=True)
    pose = pose_mask(standing(40), 128, 64) > 0
    collected = {}
    for name, masked in (("market", True), ("fashion", False)):
        metrics, statistics = LearnedMetrics(inception=brightness, masked=masked), SetStatistics()
        for start in range(0, 40, 16):
            batch = slice(start, start + 16)
            shown = metrics.set_statistics(painted[batch], pose[batch], find_protocol("ours"))
            statistics.add("ours", shown, np.arange(40)[batch])
        reference = ReferenceSet(Moments.of(np.random.default_rng(0).normal(size=(9, 3))))
        collected[name] = next(statistics.pseudo_values(reference))[2]
    pixels = np.where(pose.numpy(), ((painted.numpy() + 1) * 127.5).round(), 0)
    logits = 4 * (pixels.mean((1, 2, 3)) / 127.5 - 1)
    certain = 1 / (1 + np.exp(-2 * logits))
    market, fashion = collected["market"], collected["fashion"]
    assert market["mask_is"].mean() == pytest.approx(inception_score(np.stack([1 - certain, certain], 1)), rel=1e-5)
    assert list(fashion) == ["fid", "is"]
    assert np.array_equal(market["is"], fashion["is"])
    assert market["fid"].shape == market["is"].shape == (40,)


def test_pictures_are_shown_as_their_files_hold_them() -> None:
    """Networks see 8 bits; the detector sees what was painted, not what the protocol made of it."""
    rows = random_rows(2)
    raw, protocol = rows["source"], find_protocol("ours")
    painted = protocol.for_networks(protocol.prepare(raw.flip(3), painted=True), painted=True)
    detected: list[np.ndarray] = []

    def detector(picture: np.ndarray) -> torch.Tensor:
        detected.append(picture)
        return standing(1)[0]

    metrics = LearnedMetrics(inception=brightness, detector=detector, lpips=lambda a, b: (a - b).mean((1, 2, 3)))
    statistics = metrics.set_statistics(painted, torch.ones(2, 1, 128, 64, dtype=torch.bool), protocol)
    levels = ((raw.flip(3).numpy() + 1) * 127.5).round() / 127.5 - 1
    np.testing.assert_allclose(statistics[FEATURES].numpy(), levels.mean((2, 3)), atol=1e-6)
    scores = metrics.picture_scores(raw, painted, rows["target"], rows)
    assert scores["pckh"].tolist() == [1, 1]
    pixels = ((raw.numpy() + 1) * 127.5).round().astype(np.uint8)
    assert np.array_equal(np.stack(detected), pixels.transpose(0, 2, 3, 1))
    assert torch.equal(scores["lpips"], (painted - rows["target"]).mean((1, 2, 3)))


def test_sets_are_scored_in_the_order_of_their_pairs() -> None:
    """Pairs without fits come last, and each pseudo-value still stands at its own pair; the splits of IS are those of the listing."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 30).astype(np.float32)
    positions = rng.permutation(40)[:30]
    statistics = SetStatistics()
    for part in np.array_split(np.arange(30), 4):
        statistics.add("ours", {"is": torch.from_numpy(probabilities[part])}, positions[part])
    ((name, found, scores),) = statistics.pseudo_values(None)
    assert name == "ours"
    assert found.tolist() == sorted(positions.tolist())
    wanted = inception_pseudo_values(probabilities[np.argsort(positions)].astype(np.float64))
    np.testing.assert_allclose(scores["is"], wanted, rtol=1e-12)
    assert wanted.mean() == pytest.approx(inception_score(probabilities[np.argsort(positions)]), rel=1e-5)


def test_categories_of_clothes_give_their_own_inception_score() -> None:
    metrics = LearnedMetrics(classifiers=ClothesClassifiers(categories=lambda x: 9 * x.mean((2, 3))))
    statistics = SetStatistics()
    colours = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (40, 3))).float()
    for start in range(0, 40, 7):
        part = colours[start : start + 7]
        painted = part[:, :, None, None].expand(-1, 3, 8, 8)
        shown = metrics.set_statistics(painted, torch.ones(len(part), 1, 8, 8, dtype=torch.bool), find_protocol("ours"))
        statistics.add("ours", shown, start + np.arange(len(part)))
    scores = next(statistics.pseudo_values(None))[2]
    assert list(scores) == ["fashion_is"]
    assert scores["fashion_is"].mean() == pytest.approx(inception_score((9 * colours).softmax(1).numpy()), rel=1e-5)


def test_fid_needs_a_reference() -> None:
    features = np.random.default_rng(0).normal(size=(20, 3))
    assert set_pseudo_values({FEATURES: features}, None) == {}
    fid = set_pseudo_values({FEATURES: features}, ReferenceSet(Moments.of(features)))["fid"]
    assert fid.mean() == pytest.approx(0, abs=1e-9)


def test_networks_are_read_from_the_files_that_settings_name(tmp_path: Path) -> None:
    models = FolderModels(tmp_path / "models")
    ours = {"efficientnet_lite0": file_hash(EFFICIENTNET_LITE0)}
    plain = open_learned_metrics(EvaluateSettings(), models, masked=True)
    assert plain == LearnedMetrics(perceptual=plain.perceptual, masked=True, hashes=ours)
    assert plain.perceptual is not None
    alexnet, linear = tmp_path / "alexnet.safetensors", tmp_path / "lpips.safetensors"
    network = Lpips()
    save_file({k: v for k, v in network.state_dict().items() if k.startswith("features")}, alexnet)
    save_file({f"lin{i}.model.1.weight": torch.rand_like(w) for i, w in enumerate(network.linear)}, linear)
    metrics = open_learned_metrics(EvaluateSettings(alexnet=alexnet, lpips=linear), models, masked=False)
    assert isinstance(metrics.lpips, Lpips)
    assert metrics.hashes == {"alexnet": file_hash(alexnet), "lpips": file_hash(linear), **ours}
    with pytest.raises(PtxError, match=r"LPIPS needs both evaluate.alexnet and evaluate.lpips"):
        open_learned_metrics(EvaluateSettings(alexnet=alexnet), models, masked=False)
