"""The surface engine as a method: what it paints from the stores, and where it is left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.protocols import find_protocol
from ptx.geometry.labels import BACKGROUND
from ptx.pipeline.events import Silent
from ptx.project import Project
from tests.projects import make_project, run

SETTINGS = ("size=[96, 64]", "data.persons=4", "data.images_per_person=2", "data.test_fraction=0.5")


class Told(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def told(self, step: str, text: str) -> None:
        """Keep it."""
        del step
        self.texts.append(text)


def context_of(project: Project) -> EvaluationContext:
    """The project as the evaluation sees it."""
    return EvaluationContext(project.context, project.data, project.settings.evaluate)


@pytest.fixture(scope="module")
def dressed(tmp_path_factory: pytest.TempPathFactory) -> EvaluationContext:
    """Two test persons, two images each, with dressed bodies; nothing is trained."""
    project = make_project(tmp_path_factory.mktemp("dressed"), *SETTINGS)
    run(project)
    return context_of(project)


@pytest.mark.slow
def test_people_are_painted_in_the_targets_place(dressed: EvaluationContext) -> None:
    """On the bodies of source and target together the picture is nearer to the target than the source is, for every pair."""
    (method,) = dressed.methods.systems
    batch = next(dressed.pairs.batches())
    painted, rows = method.run(batch), batch.rows
    person = (rows["visibility"] < BACKGROUND) | (rows["source_part"] > 0)[:, None]

    def error(picture: torch.Tensor) -> torch.Tensor:
        return ((picture - rows["target"]).abs() * person).sum((1, 2, 3)) / person.sum((1, 2, 3))

    assert (error(painted) < 0.6 * error(rows["source"])).all()
    away = (rows["visibility"] == BACKGROUND) & (rows["source_part"] == 0)[:, None]
    away = -torch.nn.functional.max_pool2d(-away.float(), 9, 1, 4) > 0  # beyond the mask's margin and soft edges
    same = (painted == rows["source"]).all(1, keepdim=True)
    assert same[away].float().mean() > 0.97


@pytest.mark.slow
def test_a_pair_is_painted_alike_alone_and_among_others(dressed: EvaluationContext) -> None:
    (method,) = dressed.methods.systems
    (fresh,) = context_of_again(dressed).methods.systems
    whole = method.run(next(dressed.pairs.batches()))
    alone: Sequence[torch.Tensor] = [fresh.run(batch) for batch in reversed(list(dressed.pairs.batches(1)))]
    assert torch.equal(torch.cat([*reversed(alone)]), whole)


def context_of_again(context: EvaluationContext) -> EvaluationContext:
    """The same with nothing opened."""
    return EvaluationContext(context.training, context.data, context.settings)


@pytest.mark.slow
def test_it_is_scored_where_nothing_is_trained(dressed: EvaluationContext) -> None:
    scores = evaluate_project(context_of_again(dressed), find_protocol("ours"), Silent())
    assert scores.values["surface"]["ssim"].mean() > scores.values["copy the source"]["ssim"].mean()


def test_without_silhouettes_it_is_left_out_with_a_word(trained: Project, tmp_path: Path) -> None:
    told = Told()
    scores = evaluate_project(context_of(trained), find_protocol("ours"), told, save=tmp_path)
    assert "surface" not in scores.values
    assert told.texts == [
        "evaluate: without the surface engine: bodies are not dressed here (silhouette.backend, rasterize.surface)"
    ]


def test_stages_that_are_not_done_are_named(tmp_path: Path) -> None:
    reason = context_of(make_project(tmp_path, *SETTINGS)).lacks_surface
    assert reason == "stage silhouette is absent: `ptx run all`"
