"""The loop of an evaluation: every method on every pair, scored by every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.fid import Moments, ReferenceSet
from ptx.evaluation.learned_metrics import FEATURES, LearnedMetrics, SetStatistics
from ptx.evaluation.methods import FlowMethod, ImageMethod, Methods
from ptx.evaluation.pairs import BATCH_SIZE, PairBatch, Photographs
from ptx.evaluation.picture_scores import flow_scores, picture_scores, region_masks
from ptx.evaluation.protocols import CPU, EvaluationProtocol, Split
from ptx.evaluation.scores import CONTROL, Scores, Values
from ptx.pipeline.events import Listener, Silent, progress

GetPhotographs = Callable[[Split], Iterable[Photographs]]
"""Split → all its photographs, in batches."""

ReceivePictures = Callable[[str, Tensor, Tensor], None]
"""Receives what a method (its name) painted for pairs (B,), pictures (B, 3, H, W) in -1..1 at the working resolution."""

ReceiveScores = Callable[[Scores], None]
"""Receives scores, for instance to write them."""

TARGETS = "targets"
"""Name under which the targets themselves are received."""


class Pairs(Protocol):
    """Pairs on which methods are scored, such as `TestPairs`."""

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) number of each pair in the whole data set, also of those that no batch has."""
        ...

    @property
    def persons(self) -> NDArray[np.int64]:
        """(N,) person of each."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """(N,) why a pair lacks something; empty where it has everything."""
        ...

    @property
    def split(self) -> int:
        """Pairs of the whole split."""
        ...

    @property
    def readable(self) -> int:
        """Pairs that are in a batch."""
        ...

    def batches(self, size: int) -> Iterator[PairBatch]:
        """Yield the pairs that can be scored, `size` at a time."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """Inputs of an evaluation besides methods and pairs, and the functions that receive its results."""

    photographs: GetPhotographs | None = None
    """The reference of FID, and of the control that scores photographs against photographs; None leaves out both."""
    batch: int = BATCH_SIZE
    """Pairs, or photographs, that are scored together."""
    device: torch.device = CPU
    """Device on which pictures are scored, the one that holds the networks."""
    pictures: ReceivePictures | None = None
    """Receives all painted pictures, and the targets as `TARGETS`."""
    keep: ReceiveScores | None = None
    """Receives the scores of pairs as soon as all pairs are scored, before what may fail afterwards."""


def evaluate(
    methods: Methods,
    pairs: Pairs,
    metrics: LearnedMetrics,
    protocol: EvaluationProtocol,
    listener: Listener | None = None,
    surroundings: Surroundings | None = None,
) -> Scores:
    """Score every method on every pair that has what it needs. Reads and writes no file.

    Args:
        methods: what is compared.
        pairs: the test pairs.
        metrics: networks that score, besides the metrics that need none.
        protocol: the rules.
        listener: receives the progress.
        surroundings: what else it uses.
    """
    around = surroundings or Surroundings()
    scoring = _Scoring(metrics, protocol, around, pairs.numbers)
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)  # as on the CPU, not with ten bits of mantissa
    with exact, torch.inference_mode(), progress(listener or Silent(), "evaluate", pairs.readable) as advance:
        control = scoring.read_photographs()
        for batch in pairs.batches(around.batch):
            moved = batch.to(around.device)
            positions = scoring.positions(batch)
            scoring.add_pictures(methods.images, moved, positions)
            scoring.add_flow(methods.flow, moved, positions)
            advance(len(batch))
        scores = Scores(
            protocol.description,
            pairs.numbers,
            scoring.values,
            metrics.hashes,
            persons=pairs.persons,
            photographed=control,
            problems=pairs.problems,
            split=pairs.split,
        )
        if around.keep is not None:
            around.keep(scores)
        scoring.score_sets()
    return scores


class _Scoring:
    """Collects the scores of batches."""

    def __init__(
        self,
        metrics: LearnedMetrics,
        protocol: EvaluationProtocol,
        around: Surroundings,
        numbers: NDArray[np.int64],
    ) -> None:
        self.metrics = metrics
        self.protocol = protocol
        self.around = around
        self.place = {number: position for position, number in enumerate(numbers.tolist())}
        self.statistics = SetStatistics()
        self.reference: ReferenceSet | None = None
        self.values: Values = {}
        """Method → metric → values of all pairs, NaN where it is not scored."""
        self.controls = 0
        """Photographs that are scored as a method."""

    def positions(self, batch: PairBatch) -> NDArray[np.int64]:
        """Return the position (B,) of each pair of a batch among all."""
        return np.array([self.place[number] for number in batch.rows["pair"].tolist()])

    def add_pictures(self, methods: Sequence[ImageMethod], batch: PairBatch, positions: NDArray[np.int64]) -> None:
        """Paint the targets of a batch by every method, and score the pictures."""
        protocol = self.protocol
        target = protocol.prepare(batch.rows["target"], painted=False)
        shown_target = protocol.for_networks(target, painted=False)
        distances = self.metrics.distances_to(shown_target)
        regions = region_masks(batch.rows, batch.bodies)
        masks = {region: protocol.prepare_mask(mask) for region, mask in regions.items()}
        self._give(TARGETS, batch, batch.rows["target"])
        for method in methods:
            if not batch.has(method.needs):
                continue
            raw = method.run(batch)
            self._give(method.name, batch, raw)
            painted = protocol.prepare(raw, painted=True)
            shown = protocol.for_networks(painted, painted=True)
            self._add(method.name, picture_scores(painted, target, masks, protocol), positions)
            self._add(method.name, distances(shown), positions)
            self._add(method.name, self.metrics.picture_scores(raw, shown, shown_target, batch.rows), positions)
            self.statistics.add(method.name, self.metrics.set_statistics(shown, masks["pose"], protocol), positions)

    def add_flow(self, methods: Sequence[FlowMethod], batch: PairBatch, positions: NDArray[np.int64]) -> None:
        """Score the flow of every method on a batch, where the exact one is known."""
        if batch.truth is not None:
            for method in methods:
                if batch.has(method.needs):
                    self._add(method.name, flow_scores(method.run(batch), batch.truth), positions)

    def read_photographs(self) -> NDArray[np.int64] | None:
        """Read FID's reference, and the photographs of the other split as a method; returns whose these are."""
        inception, photographs = self.metrics.inception, self.around.photographs
        if photographs is None or inception is None:
            return None
        reference = self.protocol.reference
        moments = Moments()
        for batch in photographs(reference):
            moments.add(inception(self._shown(batch))[0].double().cpu().numpy())
        self.reference = ReferenceSet(moments)
        persons: list[NDArray[np.int64]] = []
        for batch in photographs("test" if reference == "train" else "train"):
            features, probabilities = inception(self._shown(batch))
            statistics = {FEATURES: features}
            if not self.protocol.shifted_inception:
                statistics["is"] = probabilities
            self.statistics.add(CONTROL, statistics, self.controls + np.arange(len(batch.persons)))
            self.controls += len(batch.persons)
            persons.append(batch.persons)
        return np.concatenate(persons) if persons else None

    def score_sets(self) -> None:
        """Add the scores of whole sets as pseudo-values."""
        for method, positions, scores in self.statistics.pseudo_values(self.reference):
            for metric, values in scores.items():
                count = self.controls if method == CONTROL else len(self.place)
                whole = self.values.setdefault(method, {}).setdefault(metric, np.full(count, np.nan))
                whole[positions] = values

    def _shown(self, batch: Photographs) -> Tensor:
        """Make of photographs what Inception sees (B, 3, H, W)."""
        prepared = self.protocol.prepare(batch.pictures.to(self.around.device), painted=False)
        return self.protocol.for_inception(self.protocol.for_networks(prepared, painted=False))

    def _give(self, name: str, batch: PairBatch, pictures: Tensor) -> None:
        if self.around.pictures is not None:
            self.around.pictures(name, batch.rows["pair"], pictures)

    def _add(self, method: str, scores: Mapping[str, Tensor], positions: NDArray[np.int64]) -> None:
        for metric, value in scores.items():
            whole = self.values.setdefault(method, {}).setdefault(metric, np.full(len(self.place), np.nan))
            whole[positions] = value.double().cpu().numpy()
