"""The pairs that a training reads: those that it is trained on, and those of other persons on which it is watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ptx.datasets.validation import validation_images
from ptx.pipeline.errors import PtxError
from ptx.training.bodies import StoredBodies
from ptx.training.context import TrainingContext
from ptx.training.data import TEST, TRAIN, PairData, clothes, usable_pairs
from ptx.training.state import stages_read
from ptx.training.training import NO_EXACT_FLOW, Training


@dataclass(frozen=True)
class HeldOut:
    """Pairs of persons who are not trained on."""

    pairs: PairData
    persons: Literal["validation", "test"]
    """Validation persons may choose the checkpoint; test persons are looked at, and choose nothing."""


@dataclass(frozen=True)
class TrainingPairs:
    """The pairs of a training."""

    train: PairData
    held_out: HeldOut | None
    """Pairs that are scored at each checkpoint; None where there is nobody else."""

    @property
    def can_choose(self) -> bool:
        """True where there are validation persons."""
        return self.held_out is not None and self.held_out.persons == "validation"


def training_pairs(context: TrainingContext, training: Training, validation_share: float) -> TrainingPairs:
    """Return the pairs that a training reads; one of every target where it reads annotation of clothes.

    Args:
        context: of the trainings.
        training: which one.
        validation_share: share of the persons of the training split who are set apart.

    Raises:
        PtxError: a stage that it reads is not done, or there is no pair to train on.
    """
    of_training = _pairs(context, training, TRAIN)
    apart = validation_images(context.pipeline.listing, validation_share)[of_training.pairs[:, 0]]
    train, validation = of_training.where(~apart), of_training.where(apart)
    if not len(train):
        raise PtxError(
            "no pair is left for training: see `ptx status`, `data.test_fraction` and `data.validation_fraction`"
        )
    if len(validation):
        return TrainingPairs(train, HeldOut(validation, "validation"))
    test = _pairs(context, training, TEST)
    return TrainingPairs(train, HeldOut(test, "test") if len(test) else None)


def _pairs(context: TrainingContext, training: Training, split: int) -> PairData:
    """Return the pairs of a split, which may be none."""
    if training.exact and context.exact_flow is None:
        raise PtxError(f"{training.name}: {NO_EXACT_FLOW}")
    reads = stages_read(context, training)
    pairs = usable_pairs(context.pipeline, split, reads)
    if training.annotated:
        pairs = replace(pairs.targets(), clothes=clothes(context))
    if "silhouette" in reads:
        pairs = replace(pairs, bodies=StoredBodies(context.pipeline.workspace, context.body, context.size))
    if training.exact and context.exact_flow is not None:
        pairs = replace(pairs, truth=context.exact_flow())
    return pairs
