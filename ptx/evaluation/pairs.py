"""Test pairs in batches, with the exact flow where the data set knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ptx.datasets.data_set import ExactFlow
from ptx.training.data import Batch, PairData

BATCH_SIZE = 8
"""Pairs that are painted and scored together."""

MAX_PHOTOGRAPHS = 48_674
"""Most photographs of a split that FID looks at: as many as the field's training set has."""

Split = Literal["train", "test"]


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


@dataclass(frozen=True)
class PairBatch:
    """A batch of pairs, and the flow that networks have predicted for it so far."""

    rows: Batch
    truth: LabelledFlow | None = None
    """The exact flow of the pictures, where the data set knows it."""
    _predictions: dict[nn.Module, FlowPrediction] = field(default_factory=dict)
    """Network → its flow of this batch."""

    def __len__(self) -> int:
        return len(self.rows["pair"])

    def predict(self, network: nn.Module) -> FlowPrediction:
        """Return the flow that a network predicts for the batch; it is computed once."""
        if network not in self._predictions:
            self._predictions[network] = network(*flow_inputs(self.rows))
        return self._predictions[network]


@dataclass(frozen=True)
class TestPairs:
    """The pairs that methods are scored on."""

    data: PairData
    truth: ExactFlow | None = None
    """The exact flow of pairs of images, where the data set knows it."""

    def __len__(self) -> int:
        return len(self.data)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) number of each pair in the whole data set."""
        return self.data.numbers

    def batches(self, size: int = BATCH_SIZE) -> Iterator[PairBatch]:
        """Yield the pairs in order, `size` at a time."""
        for start in range(0, len(self), size):
            positions = range(start, min(start + size, len(self)))
            yield PairBatch(stack_rows([self.data[i] for i in positions]), self._exact_flow(positions))

    def _exact_flow(self, positions: range) -> LabelledFlow | None:
        """The exact flow of the pairs at these positions."""
        if self.truth is None:
            return None
        exact = [self.truth.flow(int(target), int(source)) for target, source in self.data.pairs[list(positions)]]
        flow = np.stack([one for one, _ in exact]).transpose(0, 3, 1, 2)
        visibility = np.stack([labels for _, labels in exact])[:, None]
        return LabelledFlow(torch.from_numpy(flow.copy()), torch.from_numpy(visibility))
