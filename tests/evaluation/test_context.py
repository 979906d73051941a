"""A whole evaluation of trained models: the scores of ptx 0.1, its file, settings that add metrics, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.pairs import PairBatch
from ptx.evaluation.pairs import TestPairs as Pairs
from ptx.evaluation.protocols import Split, find_protocol
from ptx.evaluation.scores import FORMER_METHODS, Scores, read_scores
from ptx.evaluation.tables import comparison_table, score_table
from ptx.models.shipped import EFFICIENTNET_LITE0_SHA256
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.project import Project
from ptx.settings import EvaluateSettings
from tests.projects import make_project, run

SCORES = Path(__file__).parents[1] / "data" / "scores-0.1.json"

LATER = {"pd"}
"""Metrics that ptx 0.1 had not."""


@pytest.fixture(scope="module")
def scores(trained: Project) -> Scores:
    """Those of all models and test pairs."""
    context = EvaluationContext(trained.context, trained.data, trained.settings.evaluate)
    return evaluate_project(context, find_protocol("ours"), Silent())


def test_old_models_have_the_scores_that_the_old_code_gave_them(scores: Scores) -> None:
    """Every method, metric and pair (`tests/data/README.md`); processors round differently."""
    wanted = json.loads(SCORES.read_text())
    assert scores.protocol == wanted["protocol"]
    assert scores.pairs.tolist() == wanted["pairs"]
    assert list(scores.values) == [FORMER_METHODS.get(name, name) for name in wanted["values"]]
    for name, metrics in wanted["values"].items():
        found = scores.values[FORMER_METHODS.get(name, name)]
        assert [metric for metric in found if metric not in LATER] == list(metrics)
        for metric, values in metrics.items():
            assert found[metric].tolist() == pytest.approx(values, rel=1e-3, abs=1e-4), (name, metric)


def test_every_picture_has_a_perceptual_distance(scores: Scores) -> None:
    """And every table its column, with intervals; the network is named by its hash."""
    table = score_table(scores)
    (head,) = (line for line in table if "| ssim |" in line)
    for method, metrics in scores.values.items():
        assert ("pd" in metrics) == ("ssim" in metrics)
        if "pd" in metrics:
            (row,) = (line for line in table if line.startswith(f"| {method} |") and line.count("|") == head.count("|"))
            assert re.fullmatch(r" \S+ \(\S+ to \S+\) ", row.split("|")[head.split("|").index(" pd ")])
    assert scores.values["the target as JPEG"]["pd"].mean() < scores.values["copy the source"]["pd"].mean()
    assert EFFICIENTNET_LITE0_SHA256.startswith(scores.networks["efficientnet_lite0"])
    assert f"efficientnet_lite0 {scores.networks['efficientnet_lite0']}" in table[0]


@pytest.mark.slow
def test_scores_are_written_and_compared(scores: Scores) -> None:
    again = read_scores(scores.path)
    assert list(again.values) == list(scores.values)
    assert [list(metrics) for metrics in again.values.values()] == [list(metrics) for metrics in scores.values.values()]
    assert np.array_equal(again.values["generator"]["ssim"], scores.values["generator"]["ssim"])
    assert len(again.pairs) == len(scores.values["generator"]["ssim"])
    text = "\n".join(score_table(scores))
    assert "| copy the source |" in text
    assert "| fashion_is |" in text
    assert "7×7 uniform window" in text
    assert "+0 (+0 to +0)" in "\n".join(comparison_table(scores, again))
    assert "pckh" not in scores.values["generator"]
    assert scores.values["the target as JPEG"]["ssim"].min() > 0.9


@pytest.mark.slow
def test_settings_add_metrics_and_count_takes_pairs_away(
    context: EvaluationContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ptx.evaluation.learned_metrics.blazepose_detector", lambda: lambda picture: torch.zeros(18, 3))
    found = replace(context, settings=EvaluateSettings(keypoints="blazepose"))
    scores = evaluate_project(found, find_protocol("ours-jpeg"), Silent(), count=1)
    assert scores.values["generator"]["pckh"].tolist() == [0]  # of a detector that finds nobody
    assert len(scores.pairs) == 1
    assert (scores.values["copy the source"]["l1"] > 0).all()


def test_photographs_are_those_of_a_split(context: EvaluationContext) -> None:
    """Every target once: two persons with two images each for training, one for testing."""
    listing = context.training.pipeline.listing
    store = context.training.pipeline.store(context.training.pipeline.stage("ingest"))
    images = store.read("image", np.arange(6), np.uint8)
    numbers: dict[Split, int] = {"train": 0, "test": 1}
    for split, number in numbers.items():
        pictures = torch.cat([batch.pictures for batch in context.photographs(split)])
        wanted = images[np.asarray(listing.splits) == number]
        assert np.array_equal(((pictures.numpy() + 1) * 127.5).round().transpose(0, 2, 3, 1), wanted)


def test_networks_and_pairs_are_opened_once(context: EvaluationContext) -> None:
    assert context.methods is context.methods
    assert context.pairs is context.pairs
    assert context.models.network("train-flow") is context.models.network("train-flow")


def test_nothing_trained_and_nothing_done(tmp_path: Path) -> None:
    sizes = ("size=[32, 32]", "data.persons=2", "data.images_per_person=2", "data.test_fraction=0.5")
    project = make_project(tmp_path, *sizes, "silhouette.backend=none")
    context = EvaluationContext(project.context, project.data, project.settings.evaluate)
    with pytest.raises(PtxError, match="ingest, which is absent: `ptx run all` first"):
        evaluate_project(context, find_protocol("ours"), Silent())
    run(project)
    with pytest.raises(PtxError, match="no trained model to evaluate: `ptx run train-flow`"):
        evaluate_project(replace(context), find_protocol("ours"), Silent())


@pytest.mark.slow
def test_settings_of_the_batch_and_of_lpips_count(context: EvaluationContext, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    batches = Pairs.batches

    def record(self: Pairs, size: int) -> Iterator[PairBatch]:
        sizes.append(size)
        return batches(self, size)

    monkeypatch.setattr(Pairs, "batches", record)
    found = replace(context, settings=EvaluateSettings(batch=3, lpips_version="0.0"))
    scores = evaluate_project(found, find_protocol("ours"), Silent(), count=1)
    assert sizes == [3]
    assert "LPIPS 0.0, AlexNet" in scores.protocol


@pytest.mark.slow
def test_the_data_sets_table_says_whether_masks_count(
    context: EvaluationContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").write_bytes(b"")
    stand_in = lambda x: (x.mean((2, 3)), x.mean((2, 3)).softmax(1))  # noqa: E731
    monkeypatch.setattr(
        "ptx.evaluation.learned_metrics.Inception.load", lambda path: SimpleNamespace(to=lambda device: stand_in)
    )
    found = replace(context, settings=EvaluateSettings(inception=tmp_path / "weights"))
    plain = evaluate_project(found, find_protocol("ours"), Silent())
    assert "mask_is" not in plain.values["generator"]
    monkeypatch.setattr(type(context.data), "published_table", property(lambda self: "market1501"))
    masked = evaluate_project(found, find_protocol("ours"), Silent())
    assert np.isfinite(masked.values["generator"]["mask_is"]).all()
