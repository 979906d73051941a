"""Test pairs in batches, with the exact flow where the data set knows it; photographs of a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ptx.datasets.attribute_files import Clothes
from ptx.datasets.data_set import ExactFlow
from ptx.datasets.spread import spread
from ptx.evaluation.missing import FOR_PICTURES, pair_problems, pair_states
from ptx.inference.fitted_flow import FittedFlow
from ptx.inference.painter import RegressedFlow, Regressor
from ptx.models.pixels import to_tensor
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.records import OK
from ptx.training.data import Batch, BatchField, PairData, flow_inputs, missing_input, move_batch

FITTED = ("rasterize", "synth-flow", "visibility")
"""Stages that have results only where bodies could be fitted to both pictures of a pair."""

PARSED = ("parse",)
"""Stages that have results only where garments are known."""

BATCH_SIZE = 8
"""Pairs that are painted and scored together unless told otherwise."""

MAX_PHOTOGRAPHS = 48_674
"""Most photographs of a split that FID looks at: as many as the field's training set has."""


@dataclass(frozen=True)
class Flow:
    """Flow of a batch, with visibility where a method gives it."""

    flow: Tensor
    """(B, 2, H, W) px, target to source."""
    visibility: Tensor | None
    """(B, 1, H, W) labels (`ptx.geometry.labels`)."""


@dataclass(frozen=True)
class LabelledFlow(Flow):
    """Flow of a batch with visibility."""

    visibility: Tensor
    """(B, 1, H, W) labels (`ptx.geometry.labels`)."""


class CachedPrediction(NamedTuple):
    """Flow that a network has predicted for a batch."""

    dense: Tensor
    """(B, 2, H, W) px, everywhere."""
    flow: Tensor
    """(B, 2, H, W) px, 0 on the background."""
    visibility: Tensor
    """(B, 1, H, W) labels, uint8."""


@dataclass(frozen=True)
class PairBatch:
    """A batch of pairs, and a cache of the flow that networks predict for it."""

    rows: Batch
    truth: LabelledFlow | None = None
    """The exact flow of the pictures, where the data set knows it."""
    bodies: BatchField | None = None
    """The field that says where bodies are on all pairs of the evaluation that have it, maybe not these."""
    _predictions: dict[nn.Module | str, CachedPrediction] = field(default_factory=dict, repr=False)
    """Network, or digest of the body that is fitted → its prediction."""

    def __len__(self) -> int:
        return len(self.rows["pair"])

    def has(self, fields: Sequence[BatchField]) -> bool:
        """Return whether the pairs come with all of these fields."""
        return all(name in self.rows for name in fields)

    def to(self, device: torch.device) -> PairBatch:
        """Copy to a device."""
        truth = self.truth and LabelledFlow(self.truth.flow.to(device), self.truth.visibility.to(device))
        return PairBatch(move_batch(self.rows, device), truth, self.bodies)

    def predict(self, network: Regressor) -> CachedPrediction:
        """Return the flow that a network predicts for the batch; each is asked once, and each body is fitted once."""
        key = network.body.digest if isinstance(network, FittedFlow) else network
        if key not in self._predictions:
            out: RegressedFlow = network(*flow_inputs(self.rows))
            self._predictions[key] = CachedPrediction(out.dense, out.flow, out.visibility)
        return self._predictions[key]


@dataclass(frozen=True)
class TestPairs:
    """The pairs on which methods are scored, in groups by what the stores hold of them.

    Nearly all pairs have everything. Those whose bodies could not be fitted, say, have pictures and keypoints all the same, and are
    scored by every method that needs no fit.
    """

    numbers: NDArray[np.int64]
    """(N,) number of each pair in the whole data set; also of pairs that are in no group."""
    persons: NDArray[np.int64]
    """(N,) person of each."""
    problems: tuple[str, ...]
    """(N,) why the stores do not hold everything of a pair (`missing.pair_problems`); empty where they do."""
    groups: tuple[PairData, ...]
    """The pairs that have pictures and keypoints, each in one group; the group of which the stores hold most comes first."""
    truth: ExactFlow | None = None
    """The exact flow of pairs of images, where the data set knows it."""
    split: int = 0
    """Pairs of the whole split."""

    @classmethod
    def of(cls, pipeline: Pipeline, split: int, reads: Sequence[str], truth: ExactFlow | None = None) -> TestPairs:
        """Find all pairs of a split.

        Args:
            pipeline: the stages.
            split: number of the split.
            reads: stages that are read where they have results for a pair; `FOR_PICTURES` must have.
            truth: the exact flow, where the data set knows it.

        Raises:
            PtxError: one of the stages is not done, or no pair has pictures and keypoints.
        """
        listing = pipeline.listing
        reads = tuple(dict.fromkeys((*FOR_PICTURES, *reads)))
        for name in reads:
            if reason := missing_input(pipeline.plan(pipeline.stage(name))):
                raise PtxError(reason)
        targets = np.asarray(listing.pairs)[:, 0]
        numbers = np.flatnonzero(np.asarray(listing.splits)[targets] == split)
        there = dict(zip(reads, pair_states(pipeline, reads, numbers), strict=True))

        def have(names: Sequence[str]) -> NDArray[np.bool_]:
            return np.asarray(
                np.all([np.ones(len(numbers), bool), *(there[name] for name in names if name in reads)], axis=0)
            )

        fitted, parsed = have(FITTED), have(PARSED)
        readable = have([name for name in reads if name not in (*FITTED, *PARSED)])
        groups = []
        for lacks in ((), PARSED, FITTED, (*FITTED, *PARSED)):
            kept = tuple(name for name in reads if name not in lacks)
            chosen = numbers[readable & (fitted != (FITTED[0] in lacks)) & (parsed != (PARSED[0] in lacks))]
            if len(chosen):
                groups.append(PairData(pipeline.workspace, np.asarray(listing.pairs)[chosen], chosen, kept))
        if not groups:
            raise PtxError(
                "no pair is left for testing, so there is nothing to score: see `ptx status`, and `data.test_fraction`"
            )
        persons = np.asarray(listing.persons)[targets[numbers]].astype(np.int64)
        problems = pair_problems(pipeline, reads, numbers)
        return cls(numbers, persons, problems, tuple(groups), truth, len(numbers))

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def has_stored_flow(self) -> bool:
        """True where batches come with the flow of the stores, maybe not all."""
        return any("synth-flow" in group.reads for group in self.groups)

    @property
    def readable(self) -> int:
        """Pairs that have pictures and keypoints."""
        return sum(len(group) for group in self.groups)

    @property
    def complete(self) -> TestPairs:
        """The pairs of which the stores hold everything."""
        return self.only(np.flatnonzero(np.array([not problem for problem in self.problems])))

    def spread(self, count: int) -> TestPairs:
        """Return at most `count` pairs, spread evenly."""
        return self.only(spread(len(self), count))

    def only(self, positions: NDArray[np.int64]) -> TestPairs:
        """Return the pairs at some positions."""
        numbers = self.numbers[positions]
        place = {number: i for i, number in enumerate(numbers.tolist())}
        groups = []
        for group in self.groups:
            rows = [i for i, number in enumerate(group.numbers.tolist()) if number in place]
            if rows:
                rows.sort(key=lambda i: place[int(group.numbers[i])])
                groups.append(group.only(np.array(rows)))
        problems = tuple(self.problems[i] for i in positions.tolist())
        return replace(self, numbers=numbers, persons=self.persons[positions], problems=problems, groups=tuple(groups))

    def annotated(self, clothes: Clothes) -> TestPairs:
        """Return the pairs with the attributes and the category of the targets' clothes."""
        return replace(self, groups=tuple(replace(group, clothes=clothes) for group in self.groups))

    def batches(self, size: int = BATCH_SIZE) -> Iterator[PairBatch]:
        """Yield the pairs group by group, each in order, `size` at a time; the last batch of a group may be smaller."""
        bodies = self._bodies
        for group in self.groups:
            for number, rows in enumerate(group.batches(size)):
                truth = None
                if self.truth is not None:
                    truth = _exact_flow(self.truth, group.pairs[number * size : (number + 1) * size])
                yield PairBatch(rows, truth, bodies)

    @property
    def _bodies(self) -> BatchField | None:
        """The field by which bodies are known: of fits, else of garment labels."""
        if self.has_stored_flow:
            return "visibility"
        return "target_parsing" if any("parse" in group.reads for group in self.groups) else None


def _exact_flow(truth: ExactFlow, images: NDArray[np.int32]) -> LabelledFlow:
    """The exact flow of pairs (B, 2) of target and source image."""
    exact = [truth.flow(int(target), int(source)) for target, source in images]
    flow = np.stack([pair_flow.transpose(2, 0, 1) for pair_flow, _ in exact])
    visibility = np.stack([labels[None] for _, labels in exact])
    return LabelledFlow(torch.from_numpy(flow), torch.from_numpy(visibility))


class Photographs(NamedTuple):
    """Photographs of a split, and whose they are."""

    pictures: Tensor
    """(B, 3, H, W) in -1..1."""
    persons: NDArray[np.int64]
    """(B,) number of the person that each shows."""


def photographs(pipeline: Pipeline, split: int, size: int) -> Iterator[Photographs]:
    """Yield every photograph of a split that ingest could read, `size` at a time; at most `MAX_PHOTOGRAPHS`."""
    plan = pipeline.plan(pipeline.stage("ingest"))
    fine = (np.asarray(pipeline.listing.splits) == split) & (plan.states == OK)
    chosen = np.flatnonzero(fine)[:MAX_PHOTOGRAPHS]
    for first in range(0, len(chosen), size):
        images = chosen[first : first + size]
        pictures = to_tensor(plan.store.read("image", images, np.uint8))
        yield Photographs(pictures, np.asarray(pipeline.listing.persons)[images].astype(np.int64))
