"""Test pairs in batches, with the exact flow where the data set knows it; photographs of a split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ptx.datasets.attribute_files import Clothes
from ptx.datasets.data_set import ExactFlow
from ptx.inference.fitted_flow import FittedFlow, FittedPrediction
from ptx.models.flow_net import FlowNet, FlowPrediction
from ptx.training.data import Batch, PairData, flow_inputs

BATCH_SIZE = 8
"""Pairs that are painted and scored together."""

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
    _predictions: dict[nn.Module | str, CachedPrediction] = field(default_factory=dict, repr=False)
    """Network, or digest of the body that is fitted → its prediction."""

    def __len__(self) -> int:
        return len(self.rows["pair"])

    def predict(self, network: FlowNet | FittedFlow) -> CachedPrediction:
        """Return the flow that a network predicts for the batch; each is asked once, and each body is fitted once."""
        key = network.body.digest if isinstance(network, FittedFlow) else network
        if key not in self._predictions:
            out: FlowPrediction | FittedPrediction = network(*flow_inputs(self.rows))
            self._predictions[key] = CachedPrediction(out.dense, out.flow, out.visibility)
        return self._predictions[key]


@dataclass(frozen=True)
class TestPairs:
    """The pairs on which methods are scored."""

    data: PairData
    truth: ExactFlow | None = None
    """The exact flow of pairs of images, where the data set knows it."""

    def __len__(self) -> int:
        return len(self.data)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) number of each pair in the whole data set."""
        return self.data.numbers

    @property
    def has_stored_flow(self) -> bool:
        """True where batches come with the flow of the stores."""
        return "synth-flow" in self.data.reads

    def spread(self, count: int) -> TestPairs:
        """Return at most `count` pairs, spread evenly."""
        return replace(self, data=self.data.some(count))

    def only(self, positions: NDArray[np.int64]) -> TestPairs:
        """Return the pairs at some positions."""
        return replace(self, data=self.data.only(positions))

    def annotated(self, clothes: Clothes) -> TestPairs:
        """Return the pairs with the attributes and the category of the targets' clothes."""
        return replace(self, data=replace(self.data, clothes=clothes))

    def batches(self, size: int = BATCH_SIZE) -> Iterator[PairBatch]:
        """Yield the pairs in order, `size` at a time; the last batch may be smaller."""
        images = self.data.pairs
        for number, rows in enumerate(self.data.batches(size)):
            truth = None
            if self.truth is not None:
                truth = _exact_flow(self.truth, images[number * size : (number + 1) * size])
            yield PairBatch(rows, truth)


def _exact_flow(truth: ExactFlow, images: NDArray[np.int32]) -> LabelledFlow:
    """The exact flow of pairs (B, 2) of target and source image."""
    exact = [truth.flow(int(target), int(source)) for target, source in images]
    flow = np.stack([pair_flow.transpose(2, 0, 1) for pair_flow, _ in exact])
    visibility = np.stack([labels[None] for _, labels in exact])
    return LabelledFlow(torch.from_numpy(flow), torch.from_numpy(visibility))


def photographs(pairs: PairData, size: int = BATCH_SIZE) -> Iterator[Tensor]:
    """Yield every target image of the pairs once, (B, 3, H, W) in -1..1; at most `MAX_PHOTOGRAPHS`."""
    targets = pairs.targets()
    first = targets.only(np.arange(min(len(targets), MAX_PHOTOGRAPHS)))
    pictures_alone = replace(first, reads=(), clothes=None)
    for rows in pictures_alone.batches(size):
        yield rows["target"]
