"""Trainings in order, each from the models of the ones before; what is said, and what becomes of old models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.protocols import find_protocol
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Silent
from ptx.project import Project
from ptx.training.models import ProjectModels
from ptx.training.state import manifest
from ptx.training.trainings import TRAININGS
from tests.projects import run
from tests.training.tiny import Hearing, steps_of_all, tiny_project, train, weights

FOUR = steps_of_all(4)


def scores_of(project: Project) -> dict[str, set[str]]:
    """Method → metrics of an evaluation of three pairs."""
    context = EvaluationContext(project.context, project.data, project.settings.evaluate)
    scores = evaluate_project(context, find_protocol("ours"), Silent(), count=3)
    return {method: set(metrics) for method, metrics in scores.values.items()}


@pytest.mark.slow
def test_all_three_stages_in_order(work: Path) -> None:
    with pytest.raises(PtxError, match="no trained model of train-flow: `ptx run train-flow` first"):
        train(work, "train-generator", 4)
    result = train(work, "train-flow", 4)
    assert "epe" in result.scores
    assert result.trained
    assert result.leads
    hearing = Hearing()
    assert "ssim" in train(work, "train-generator", 4, *FOUR, listener=hearing).scores
    assert hearing.texts == []
    gradients = "train_pixel_warp.without_vgg=gradients"
    assert "ssim" in train(work, "train-pixel-warp", 4, *FOUR, gradients, listener=hearing).scores
    assert hearing.texts == [
        "train-pixel-warp: no VGG-19 weights (train_pixel_warp.vgg), so no perceptual loss; the loss on differences of neighbouring "
        "pixels stands in"
    ]
    assert list((work / "models" / "generator" / "samples").glob("*.png"))
    found = [tiny_project(work, *FOUR).step(name).status() for name in TRAININGS]
    assert [(s.condition, s.done) for s in found] == [("done", 4)] * 3 + [("absent", 0)] * (len(TRAININGS) - 3)


@pytest.mark.slow
def test_pose_flow_needs_no_body(tmp_path: Path) -> None:
    """System B from pictures, keypoints and garments alone; its garments and flow are frozen where they are used."""
    run(tiny_project(tmp_path), "ingest", "extract-keypoints", "parse")
    with pytest.raises(PtxError, match="no trained model of train-pose-flow"):
        train(tmp_path, "train-garment", 4)
    assert "warped_ssim" in train(tmp_path, "train-pose-flow", 4).scores
    assert "iou" in train(tmp_path, "train-garment", 4, *FOUR).scores
    before = weights(tmp_path, "pose-flow", 4), weights(tmp_path, "garment", 4)
    assert "ssim" in train(tmp_path, "train-synthesis", 4, *FOUR).scores
    after = weights(tmp_path, "pose-flow", 4), weights(tmp_path, "garment", 4)
    assert all(torch.equal(a[k], b[k]) for a, b in zip(before, after, strict=True) for k in a)
    with pytest.raises(PtxError, match="training reads rasterize, which is absent: `ptx run all` first"):
        train(tmp_path, "train-flow", 4)
    learned = tiny_project(tmp_path, "train_generator.flow=learned", *FOUR)
    inputs = manifest(learned.context, TRAININGS["train-generator"])["inputs"]
    assert isinstance(inputs, dict)
    assert "train-pose-flow" in inputs
    scored = scores_of(tiny_project(tmp_path, *FOUR))
    assert {"garment_ssim", "body_ssim"} <= scored["pose flow"]
    assert "epe" in scored["learned (B)"]
    assert "projected, stored" not in scored


@pytest.mark.slow
def test_view_stages_in_order(work: Path) -> None:
    """System C: the coarse network is frozen where the refining one is trained, with a discriminator and with warped texture."""
    with pytest.raises(PtxError, match="no trained model of train-coarse"):
        train(work, "train-refine", 4)
    assert "ssim" in train(work, "train-coarse", 4).scores
    before = weights(work, "coarse", 4)
    more = *FOUR, "train_refine.adversarial=1", "train_refine.texture=true"
    assert "ssim" in train(work, "train-refine", 4, *more).scores
    after = weights(work, "coarse", 4)
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert any(name.startswith("net/discriminator") for name in weights(work, "refine", 4))
    assert {"coarse view", "view"} <= set(scores_of(tiny_project(work, *more)))


@pytest.mark.slow
def test_a_stale_model_is_put_aside_and_said_to_be(work: Path) -> None:
    train(work, "train-flow", 4)
    hearing = Hearing()
    train(work, "train-flow", 4, "train_flow.base_channels=12", listener=hearing)
    folder = work / "models" / "flow"
    assert hearing.texts == [
        f"train-flow is stale (train_flow.base_channels was 8, now 12): starting anew, the old model is kept in {folder}.1"
    ]
    assert (work / "models" / "flow.1" / "model.json").exists()


@pytest.mark.slow
def test_force_trains_anew(work: Path) -> None:
    from ptx.training.run import run_training

    train(work, "train-flow", 4)
    first = weights(work, "flow", 4)
    context = tiny_project(work, "train_flow.steps=4").context
    assert not run_training(context, TRAININGS["train-flow"], Silent()).trained
    assert run_training(context, TRAININGS["train-flow"], Silent(), force=True).trained
    assert all(torch.equal(value, first[name]) for name, value in weights(work, "flow", 4).items())


def test_models_remember_their_body(work: Path) -> None:
    from ptx.geometry.body import load_body

    train(work, "train-flow", 4)
    meta = json.loads((work / "models" / "flow" / "model.json").read_text())
    assert meta["body"] == {"name": "small", "digest": load_body("small").digest}
    assert "body" not in meta["document"]


@pytest.mark.slow
def test_system_b_by_projected_flow(work: Path) -> None:
    """Garments and pictures by the flow of fitted bodies: both read the bodies' stores besides their own."""
    projected = "train_garment.flow=projected", "train_synthesis.flow=projected", *FOUR
    step = tiny_project(work, *projected).step("train-synthesis")
    assert {"synth-flow", "visibility", "parse"} <= set(step.needs())
    assert "train-pose-flow" not in step.needs()
    assert "iou" in train(work, "train-garment", 4, *projected).scores
    assert "ssim" in train(work, "train-synthesis", 4, *projected).scores
    inputs = manifest(tiny_project(work, *projected).context, TRAININGS["train-garment"])["inputs"]
    assert isinstance(inputs, dict)
    assert "synth-flow" in inputs


@pytest.mark.slow
def test_radius_and_flow_are_those_of_the_network_that_is_built_on(work: Path) -> None:
    """They cannot differ: pixel warping, synthesis and refinement have no settings of their own for them."""
    from ptx.training.recipes.generator import PixelWarpRecipe
    from ptx.training.recipes.pose_flow import SynthesisRecipe
    from ptx.training.recipes.view import RefineRecipe

    more = (
        *FOUR, "train_generator.flow=projected", "train_generator.radius=2.5", "train_coarse.radius=3.5", "train_garment.flow=projected",
        "train_garment.radius=4.5", "train_synthesis.flow=projected",
    )  # fmt: skip
    for name in ("train-generator", "train-coarse", "train-garment"):
        train(work, name, 4, *more)
    context = tiny_project(work, *more).context
    models = ProjectModels.of(context)
    made = [
        recipe.create(context.settings(TRAININGS[recipe.name]), context, models)
        for recipe in (PixelWarpRecipe, RefineRecipe, SynthesisRecipe)
    ]
    assert [recipe.radius for recipe in made] == [2.5, 3.5, 4.5]
    assert made[0].flow_net is None  # the generator's flow is projected
