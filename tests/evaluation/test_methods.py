"""The methods of a workspace: which there are, what they share, and what baselines do to pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ptx.evaluation.context import EvaluationContext
from ptx.evaluation.evaluate import evaluate
from ptx.evaluation.learned_metrics import LearnedMetrics
from ptx.evaluation.methods import SYSTEM_METHODS, open_flow_methods, open_methods, warp_body
from ptx.evaluation.pairs import LabelledFlow, PairBatch
from ptx.evaluation.pairs import TestPairs as Pairs
from ptx.evaluation.protocols import find_protocol
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.systems import assemble
from ptx.models.combined_flow import FlowBlend
from ptx.models.flow_net import FlowNet
from ptx.pipeline.errors import PtxError
from ptx.training.data import TEST
from ptx.training.models import FolderModels
from ptx.training.training import FROM_BODIES
from tests.conftest import write_model
from tests.evaluation.hand_made import random_flow, random_rows
from tests.projects import TO_VISIBILITY, make_project, run

FLOWS = ["regressed (A)", "learned (B)", "projected from fits to keypoints", "projected, stored"]


def test_all_that_is_trained_is_compared(context: EvaluationContext) -> None:
    methods = context.methods
    assert [method.name for method in methods.flow] == ["zero flow", "part-affine flow", *FLOWS]
    assert [method.name for method in methods.systems] == [row.name for row in SYSTEM_METHODS]
    assert [method.name for method in methods.images] == [
        "copy the source",
        *(f"warp by {name}" for name in (*FLOWS, "ground truth")),
        "the target as JPEG",
        *(row.name for row in SYSTEM_METHODS),
    ]


@pytest.mark.slow
def test_what_pairs_do_not_come_with_is_left_out(context: EvaluationContext) -> None:
    pairs = Pairs.of(context.training.pipeline, TEST, ())
    methods = open_methods(context.models, pairs, "small")
    assert [method.name for method in methods.labelled_flow] == FLOWS[:-1]
    assert "warp by ground truth" not in [method.name for method in methods.images]


@pytest.mark.slow
def test_combined_flow_stands_beside_both_that_it_is_made_of(context: EvaluationContext, models: Path) -> None:
    """And gives flow and labels of the pairs' size, by bodies that are dressed on the spot."""
    write_model(models, "combined-flow", "train_combined_flow", FlowBlend(8, 16, 3, 3.0))
    methods = open_flow_methods(FolderModels(models), context.pairs, "small")
    assert [method.name for method in methods] == [
        "regressed (A)", "learned (B)", "projected from dressed fits", "combined", *FLOWS[2:],
    ]  # fmt: skip
    batch = next(context.pairs.batches())
    with torch.inference_mode():
        dressed, combined = (method.run(batch) for method in methods[2:4])
    for found in (dressed, combined):
        assert found.flow.shape == (2, 2, 64, 32)
        assert found.visibility.shape == (2, 1, 64, 32)
        assert found.flow.isfinite().all()


def test_without_a_system_there_is_nothing_to_evaluate(context: EvaluationContext, tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no trained model to evaluate: `ptx run train-flow`"):
        open_methods(FolderModels(tmp_path), context.pairs, "small")


def test_systems_paint_as_they_do_alone(context: EvaluationContext) -> None:
    """Sharing predicted flow changes no pixel."""
    batch = next(context.pairs.batches())
    rows = batch.rows
    with torch.inference_mode():
        for row, method in zip(SYSTEM_METHODS, context.methods.systems, strict=True):
            painter = assemble(row.system, context.models, refined=row.refined)
            alone = painter(rows["source"], rows["source_keypoints"], rows["target_keypoints"]).picture
            assert torch.equal(method.run(batch), alone), row.name


def test_each_network_predicts_once_a_batch(context: EvaluationContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """All methods on one batch: two flow networks, and one fit of all bodies."""
    asked: list[str] = []
    plain = nn.Module.__call__

    def call(self: nn.Module, *inputs: Tensor) -> Tensor:
        if isinstance(self, FlowNet | FittedFlow):
            asked.append(type(self).__name__)
        return plain(self, *inputs)

    methods, batch = context.methods, next(context.pairs.batches())
    monkeypatch.setattr(nn.Module, "__call__", call)
    with torch.inference_mode():
        for method in (*methods.images, *methods.flow):
            method.run(batch)
    assert sorted(asked) == ["FittedFlow", "FlowNet", "FlowNet"]


def test_baselines_by_hand(context: EvaluationContext) -> None:
    batch = next(context.pairs.batches())
    rows, truth = batch.rows, batch.truth
    assert truth is not None
    with torch.inference_mode():
        images = {method.name: method.run(batch) for method in context.methods.baselines}
        flows = {method.name: method.run(batch) for method in context.methods.flow}
    assert torch.equal(images["copy the source"], rows["source"])
    assert 0 < (images["the target as JPEG"] - rows["target"]).abs().mean() < 0.05
    assert (flows["zero flow"].flow == 0).all()
    assert flows["zero flow"].visibility is None
    assert torch.equal(flows["projected, stored"].flow, rows["flow"])
    assert torch.equal(images["warp by ground truth"], warp_body(rows["source"], truth))


@pytest.mark.slow
def test_flow_of_fitted_bodies_is_close_to_the_exact_flow(tmp_path: Path, models: Path) -> None:
    """Both that of the stores and that of bodies fitted on the spot."""
    project = make_project(tmp_path / "work", "size=[64, 48]", "data.persons=6", "data.images_per_person=3")
    run(project, *TO_VISIBILITY)
    pairs = Pairs.of(project.pipeline, TEST, FROM_BODIES, project.data.exact_flow())
    methods = replace(open_methods(FolderModels(models), pairs, "small"), baselines=(), systems=())
    scores = evaluate(methods, pairs, LearnedMetrics(), find_protocol("ours"))
    epe = {name: values["epe"].mean() for name, values in scores.values.items()}
    assert epe["projected, stored"] < 0.2 * epe["zero flow"]
    assert epe["projected from fits to keypoints"] < 0.2 * epe["zero flow"]
    assert scores.values["projected, stored"]["visibility_iou"].mean() > 0.7


def test_a_body_is_warped_over_its_source() -> None:
    """Body pixels come from where the flow points, rounded to whole px here; all others stay."""
    source = random_rows(1)["source"]
    labels = torch.full((1, 1, 128, 64), 2, dtype=torch.uint8)
    labels[..., 30:50, 20:40] = 0
    labels[..., 50:60, 20:40] = 1
    flow = torch.tensor([3.0, -5.0])[:, None, None].expand(1, 2, 128, 64)
    warped = warp_body(source, LabelledFlow(flow, labels))
    assert torch.allclose(warped[..., 30:60, 20:40], source[..., 25:55, 23:43], atol=1e-5)
    outside = (labels == 2).expand(1, 3, 128, 64)
    assert torch.equal(warped[outside], source[outside])


def test_exact_flow_is_that_of_the_batch(context: EvaluationContext) -> None:
    exact = next(method for method in context.methods.images if method.name == "warp by ground truth")
    flow, rows = random_flow(2), random_rows(2)
    assert torch.equal(exact.run(PairBatch(rows, flow)), warp_body(rows["source"], flow))
    with pytest.raises(ValueError, match="the batch has no exact flow"):
        exact.run(PairBatch(rows))
