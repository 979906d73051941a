"""The loop of an evaluation: every method on every pair, scored by every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.fid import ReferenceSet
from ptx.evaluation.learned_metrics import FEATURES, FeatureNetwork, LearnedMetrics, SetStatistics
from ptx.evaluation.methods import FlowMethod, ImageMethod, Methods
from ptx.evaluation.pairs import PairBatch
from ptx.evaluation.picture_scores import flow_scores, picture_scores, region_masks
from ptx.evaluation.protocols import EvaluationProtocol, Split
from ptx.evaluation.scores import CONTROL, Scores, Values
from ptx.pipeline.events import Listener, Silent, progress

Photographs = Callable[[Split], Iterable[Tensor]]
"""Split → all its photographs, batches (B, 3, H, W) in -1..1."""


class Pairs(Protocol):
    """Pairs on which methods are scored, such as `TestPairs`."""

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) number of each pair in the whole data set."""
        ...

    def batches(self) -> Iterator[PairBatch]:
        """Yield the pairs in order."""
        ...


def evaluate(
    methods: Methods,
    pairs: Pairs,
    metrics: LearnedMetrics,
    protocol: EvaluationProtocol,
    listener: Listener | None = None,
    photographs: Photographs | None = None,
) -> Scores:
    """Score every method on every pair. Reads and writes no file.

    Args:
        methods: what is compared.
        pairs: the test pairs.
        metrics: networks that score, besides the metrics that need none.
        protocol: the rules.
        listener: receives the progress.
        photographs: the reference of FID, and of the control that scores photographs against photographs; None leaves out both.
    """
    scoring = _Scoring(metrics, protocol)
    with torch.inference_mode(), progress(listener or Silent(), "evaluate", len(pairs.numbers)) as advance:
        for batch in pairs.batches():
            scoring.add_pictures(methods.images, batch)
            scoring.add_flow(methods.flow, batch)
            advance(len(batch))
        values = scoring.finish(photographs)
    return Scores(protocol.description, pairs.numbers, values, metrics.hashes)


class _Scoring:
    """Collects the scores of batches."""

    def __init__(self, metrics: LearnedMetrics, protocol: EvaluationProtocol) -> None:
        self.metrics = metrics
        self.protocol = protocol
        self.statistics = SetStatistics()
        self.batches: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
        """Method → metric → values of each batch."""

    def add_pictures(self, methods: Sequence[ImageMethod], batch: PairBatch) -> None:
        """Paint the targets of a batch by every method, and score the pictures."""
        target = self.protocol.prepare(batch.rows["target"], painted=False)
        masks = {region: self.protocol.prepare_mask(mask) for region, mask in region_masks(batch.rows).items()}
        for method in methods:
            raw = method.run(batch)
            painted = self.protocol.prepare(raw, painted=True)
            self._add(method.name, picture_scores(painted, target, masks, self.protocol))
            self._add(method.name, self.metrics.picture_scores(raw, painted, target, batch.rows))
            self.statistics.add(method.name, self.metrics.set_statistics(painted, masks["pose"]))

    def add_flow(self, methods: Sequence[FlowMethod], batch: PairBatch) -> None:
        """Score the flow of every method on a batch, where the exact one is known."""
        if batch.truth is not None:
            for method in methods:
                self._add(method.name, flow_scores(method.run(batch), batch.truth))

    def finish(self, photographs: Photographs | None) -> Values:
        """Return all scores, those of whole sets as pseudo-values."""
        reference = None
        if photographs is not None and self.metrics.inception is not None:
            reference = self._add_control(self.metrics.inception, photographs)
        values = {
            method: {metric: np.concatenate(parts) for metric, parts in metrics.items()}
            for method, metrics in self.batches.items()
        }
        for method, scores in self.statistics.pseudo_values(reference).items():
            values.setdefault(method, {}).update(scores)
        return values

    def _add(self, method: str, scores: Mapping[str, Tensor]) -> None:
        for metric, value in scores.items():
            self.batches.setdefault(method, {}).setdefault(metric, []).append(value.double().numpy())

    def _add_control(self, inception: FeatureNetwork, photographs: Photographs) -> ReferenceSet:
        """Add the photographs of the other split as a method; returns FID's reference."""
        reference = self.protocol.reference
        control: Split = "test" if reference == "train" else "train"
        features = []
        for pictures in photographs(reference):
            features.append(inception(self.protocol.prepare(pictures, painted=False))[0].double().numpy())
        for pictures in photographs(control):
            of_control, probabilities = inception(self.protocol.prepare(pictures, painted=False))
            self.statistics.add(CONTROL, {FEATURES: of_control, "is": probabilities})
        return ReferenceSet(np.concatenate(features))
