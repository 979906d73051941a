"""`ptx evaluate` on a tiny workspace: baselines are there, values are kept for every pair, the truth is the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import zarr

from ptx.datasets.people import People, PeopleOptions
from ptx.evaluation.evaluate import evaluate, read_evaluation
from ptx.evaluation.methods import Truth
from ptx.evaluation.tables import compare, interval, lines
from ptx.pipeline.errors import PtxError
from ptx.pipeline.run import run_stage
from tests.training.test_training import QUIET, pipeline, train


def test_table_and_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = pipeline(tmp_path)
    for stage in chosen.active:
        run_stage(chosen, stage, QUIET)
    with pytest.raises(PtxError, match="no trained model to evaluate: `ptx run train-flow`"):
        evaluate(chosen, QUIET)
    for name in ("train-flow", "train-generator", "train-pixel-warp"):
        train(tmp_path, name, 4)
    steps = [f"{name}.steps=4" for name in ("train_flow", "train_generator", "train_pixel_warp")]
    done = evaluate(pipeline(tmp_path, *steps), QUIET)
    warps = [f"warp by {name} flow" for name in ("predicted", "fitted", "true")]
    assert [n for n in done.values if "ssim" in done.values[n]][:7] == [
        "copy the source", warps[0], "warp by flow of fitted poses", *warps[1:], "the target as JPEG", "generator",
    ]  # fmt: skip
    assert "generator + pixel warping" in done.values
    epe = {name: values["epe"].mean() for name, values in done.values.items() if "epe" in values}
    assert epe["fitted flow"] < 0.2 * epe["zero flow"]
    assert epe["flow of fitted poses"] < 0.2 * epe["zero flow"]
    stored = zarr.open_group(done.path, mode="r")
    assert np.array_equal(stored["generator/ssim"][:], done.values["generator"]["ssim"])
    assert len(stored["pair"][:]) == len(done.values["generator"]["ssim"])
    assert done.values["fitted flow"]["visibility_iou"].mean() > 0.7
    text = "\n".join(lines(done))
    assert "| copy the source |" in text
    assert "7×7 uniform window" in text
    assert done.values["the target as JPEG"]["ssim"].min() > 0.9
    again = read_evaluation(tmp_path)
    assert list(again.values) == list(done.values)
    assert [list(metrics) for metrics in again.values.values()] == [list(metrics) for metrics in done.values.values()]
    assert "+0 (+0 to +0)" in "\n".join(compare(done, again))
    assert "pckh" not in done.values["generator"]
    monkeypatch.setattr("ptx.evaluation.learned_metrics.mediapipe_detector", lambda: lambda picture: torch.zeros(18, 3))
    found = "evaluate.keypoints=mediapipe"
    jpeg = evaluate(pipeline(tmp_path, *steps, found), QUIET, count=3, rules="ours-jpeg")
    assert jpeg.values["generator"]["pckh"].tolist() == [0, 0, 0]  # of a detector that sees nobody
    assert len(jpeg.pairs) == 3
    assert (jpeg.values["copy the source"]["l1"] > 0).all()
    with pytest.raises(PtxError, match="scored by other rules"):
        compare(jpeg, again)
    with pytest.raises(PtxError, match="no protocol 'x'"):
        evaluate(pipeline(tmp_path, *steps), QUIET, rules="x")
    with pytest.raises(PtxError, match="holds no scores"):
        read_evaluation(tmp_path / "nowhere")


def test_truth_of_an_image_with_itself_is_no_motion() -> None:
    truth = Truth(People(PeopleOptions(1, 2, size=(64, 64), body="small")), (64, 64))
    flow, visibility = truth.flow(0, 0)
    assert flow.abs().max() < 1e-3
    assert (visibility == 1).sum() < 0.01 * (visibility < 2).sum()


def test_interval_holds_the_mean_and_shrinks() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(5, 1, 20), rng.normal(5, 1, 2000)
    for values in (few, many):
        mean, low, high = interval(values)
        assert low < mean < high
    assert interval(np.append(few, np.nan)) == interval(few)
    assert np.ptp(interval(many)) < np.ptp(interval(few)) / 3
