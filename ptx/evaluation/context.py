"""Everything that the evaluation takes from a project: trained models, test pairs, photographs, networks that score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from ptx.datasets.data_set import DataSet, DataSettings
from ptx.evaluation.evaluate import evaluate
from ptx.evaluation.learned_metrics import open_learned_metrics
from ptx.evaluation.methods import Methods, open_methods
from ptx.evaluation.pairs import TestPairs, photographs
from ptx.evaluation.protocols import EvaluationProtocol, Split
from ptx.evaluation.scores import FILE, Scores, write_scores
from ptx.pipeline.events import Listener
from ptx.settings import EvaluateSettings
from ptx.training.context import TrainingContext
from ptx.training.data import TEST, TRAIN, clothes, pair_data
from ptx.training.models import ProjectModels
from ptx.training.state import stages_read
from ptx.training.training import FROM_BODIES, FROM_PARSING
from ptx.training.trainings import TRAININGS


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
    def pairs(self) -> TestPairs:
        """All test pairs, with everything that the trained models read, and garments where they are known.

        Raises:
            PtxError: a stage that a trained model reads is not done, or there is no test pair.
        """
        pairs = pair_data(self.training.pipeline, TEST, self._stages_read)
        return TestPairs(pairs, self.data.exact_flow() if "truth" in self.data.has else None)

    @cached_property
    def methods(self) -> Methods:
        """The methods that can be compared.

        Raises:
            PtxError: no system is trained, or a model is stale or damaged.
        """
        return open_methods(self.models, self.pairs, self.training.body)

    def photographs(self, split: Split) -> Iterator[Tensor]:
        """Yield every photograph of a split, (B, 3, H, W) in -1..1."""
        number = TRAIN if split == "train" else TEST
        return photographs(pair_data(self.training.pipeline, number, self._stages_of_photographs))

    @cached_property
    def _stages_of_photographs(self) -> tuple[str, ...]:
        """The stages whose stores must hold a photograph for it to count: those of bodies where they are done."""
        return FROM_BODIES if self._are_done(FROM_BODIES) else self._stages_read

    @cached_property
    def _stages_read(self) -> tuple[str, ...]:
        """The stages whose stores the trained models read, and parse where it is done."""
        trained = [row for row in TRAININGS.values() if self.models.exists(row.name)]
        reads = [stages_read(self.training, row) for row in trained] or [FROM_BODIES]
        if self._are_done(("parse",)):
            reads.append(FROM_PARSING)
        return tuple(dict.fromkeys(stage for stages in reads for stage in stages))

    def _are_done(self, stages: tuple[str, ...]) -> bool:
        pipeline = self.training.pipeline
        return all(pipeline.plan(pipeline.stage(name)).condition == "done" for name in stages)


def evaluate_project(
    context: EvaluationContext, protocol: EvaluationProtocol, listener: Listener, count: int = 0
) -> Scores:
    """Score every method of a project on its test pairs and write `evaluation.zarr`.

    Args:
        context: the project.
        protocol: the rules.
        listener: receives the progress.
        count: most pairs that are scored, spread evenly; 0 is all.

    Raises:
        PtxError: there are no test pairs, no system is trained, a model is stale, or a file of weights is missing.
    """
    metrics = open_learned_metrics(context.settings, context.models, masked=context.data.masked_scores)
    methods = context.methods
    pairs = context.pairs.spread(count) if count else context.pairs
    if metrics.classifiers.attributes is not None:
        pairs = pairs.annotated(clothes(context.training))
    scores = evaluate(methods, pairs, metrics, protocol, listener, context.photographs)
    scores = replace(scores, path=context.training.pipeline.results / FILE)
    write_scores(scores)
    return scores
