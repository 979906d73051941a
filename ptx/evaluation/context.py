"""Everything that the evaluation takes from a project: trained models, test pairs, photographs, networks that score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.evaluation.evaluate import Surroundings, evaluate
from ptx.evaluation.learned_metrics import open_learned_metrics
from ptx.evaluation.methods import Methods, open_methods
from ptx.evaluation.pairs import Photographs, TestPairs, photographs
from ptx.evaluation.protocols import EvaluationProtocol, Split
from ptx.evaluation.published_figures import MASKED, published_metrics
from ptx.evaluation.saved_pictures import PictureFolder
from ptx.evaluation.scores import FILE, Scores, write_scores
from ptx.evaluation.surface import lacks_surface, surface_method
from ptx.pipeline.events import Listener
from ptx.settings import EvaluateSettings
from ptx.training.context import TrainingContext
from ptx.training.data import TEST, TRAIN, clothes
from ptx.training.models import ProjectModels
from ptx.training.state import stages_read
from ptx.training.training import FROM_BODIES, FROM_PARSING
from ptx.training.trainings import TRAININGS

FOUND_AGAIN = ("silhouette", "fit-smpl", "draw-surface")
"""Stages that trainings read and the evaluation does not: what they tell is found again for each pair, as in use."""


@dataclass(frozen=True)
class EvaluationContext:
    """A project as the evaluation sees it. Make one a command: networks and stores are opened once."""

    training: TrainingContext
    data: DataSet[DataSettings]
    settings: EvaluateSettings

    @cached_property
    def models(self) -> ProjectModels:
        """The trained models; stale ones are refused."""
        return ProjectModels.of(self.training)

    @cached_property
    def device(self) -> torch.device:
        """Device on which pictures are painted and scored: a GPU where there is one."""
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @cached_property
    def pairs(self) -> TestPairs:
        """All test pairs, with everything that the trained models read, and garments where they are known.

        Raises:
            PtxError: a stage that a trained model reads is not done, or there is no test pair.
        """
        truth = self.data.exact_flow() if "truth" in self.data.has else None
        return TestPairs.of(self.training.pipeline, TEST, self._stages_read, truth)

    @cached_property
    def methods(self) -> Methods:
        """The methods that can be compared.

        Raises:
            PtxError: nothing paints, or a model is stale or damaged.
        """
        training = self.training
        surface = None
        if self.lacks_surface is None:
            surface = surface_method(training.pipeline, training.body, training.size)
        return open_methods(self.models, self.pairs, training.body, self.device, surface)

    @cached_property
    def lacks_surface(self) -> str | None:
        """Why the surface engine is no method here; None where it is."""
        return lacks_surface(self.training.pipeline)

    def photographs(self, split: Split) -> Iterator[Photographs]:
        """Yield every photograph of a split."""
        return photographs(self.training.pipeline, TRAIN if split == "train" else TEST, self.settings.batch)

    @cached_property
    def _stages_read(self) -> tuple[str, ...]:
        """The stages whose stores the trained models read, and those of bodies and garments where they are done."""
        trained = [row for row in TRAININGS.values() if self.models.exists(row.name)]
        reads = [stages_read(self.training, row) for row in trained] or [FROM_BODIES]
        reads += [stages for stages in (FROM_BODIES, FROM_PARSING) if self._are_done(stages)]
        return tuple(dict.fromkeys(stage for stages in reads for stage in stages if stage not in FOUND_AGAIN))

    def _are_done(self, stages: tuple[str, ...]) -> bool:
        pipeline = self.training.pipeline
        return all(pipeline.plan(pipeline.stage(name)).condition == "done" for name in stages)


def evaluate_project(
    context: EvaluationContext,
    protocol: EvaluationProtocol,
    listener: Listener,
    count: int = 0,
    save: Path | None = None,
) -> Scores:
    """Score every method of a project on its test pairs and write `evaluation.zarr`.

    Args:
        context: the project.
        protocol: the rules.
        listener: receives the progress.
        count: most pairs that are scored, spread evenly; 0 is all.
        save: folder for all painted pictures and the targets; None keeps none.

    Raises:
        PtxError: there are no test pairs, nothing paints, a model is stale, a file of weights is missing, or pictures are too
            small for the rules.
    """
    protocol.check_size(*context.training.size)
    masked = MASKED in published_metrics(context.data.published_table)
    metrics = open_learned_metrics(context.settings, context.models, masked=masked, device=context.device)
    protocol = replace(protocol, lpips=f"{metrics.lpips_version}, AlexNet")
    methods = context.methods
    if context.lacks_surface is not None:
        listener.told("evaluate", f"evaluate: without the surface engine: {context.lacks_surface}")
    pairs = context.pairs.spread(count) if count else context.pairs
    if metrics.classifiers.attributes is not None:
        pairs = pairs.annotated(clothes(context.training))
    path = context.training.pipeline.results / FILE
    pictures = PictureFolder(save, context.training.pipeline.listing) if save else None
    surroundings = Surroundings(
        context.photographs,
        context.settings.batch,
        context.device,
        pictures.save if pictures else None,
        lambda scores: write_scores(replace(scores, path=path)),
    )
    scores = replace(evaluate(methods, pairs, metrics, protocol, listener, surroundings), path=path)
    write_scores(scores)
    return scores
