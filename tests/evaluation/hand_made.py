"""Pairs, batches and methods by hand: an evaluation without a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ptx.evaluation.methods import Method, Methods
from ptx.evaluation.pairs import Flow, LabelledFlow, PairBatch
from ptx.training.data import Batch

UPRIGHT = (
    (32, 17), (31, 28), (19, 27), (14, 42), (9, 56), (43, 28), (45, 44), (46, 59), (22, 60), (18, 85), (16, 111),
    (37, 60), (43, 87), (54, 102), (30, 14), (34, 14), (26, 14), (37, 14),
)  # fmt: skip
"""Keypoints of somebody who stands in a picture of 128×64, px."""


def standing(count: int) -> Tensor:
    """Keypoints (count, 18, 3)."""
    return torch.tensor([(x, y, 1.0) for x, y in UPRIGHT]).expand(count, 18, 3).clone()


def random_rows(count: int, seed: int = 0, numbers: Sequence[int] | None = None) -> Batch:
    """Pairs of noise, with keypoints of somebody who stands."""
    generator = torch.Generator().manual_seed(seed)
    return {
        "source": torch.rand(count, 3, 128, 64, generator=generator) * 2 - 1,
        "target": torch.rand(count, 3, 128, 64, generator=generator) * 2 - 1,
        "source_keypoints": standing(count),
        "target_keypoints": standing(count),
        "pair": torch.arange(count) if numbers is None else torch.tensor(numbers),
    }


def random_flow(count: int, seed: int = 1) -> LabelledFlow:
    """Flow of some px, all three labels of visibility."""
    generator = torch.Generator().manual_seed(seed)
    flow = torch.randn(count, 2, 128, 64, generator=generator)
    return LabelledFlow(flow, torch.randint(0, 3, (count, 1, 128, 64), generator=generator, dtype=torch.uint8))


@dataclass(frozen=True)
class HandMadePairs:
    """Batches as they are."""

    numbers: NDArray[np.int64]
    given: tuple[PairBatch, ...]
    problems: tuple[str, ...] = ()
    split: int = 99

    @property
    def persons(self) -> NDArray[np.int64]:
        """Two pairs of each."""
        return np.arange(len(self.numbers)) // 2

    @property
    def readable(self) -> int:
        """All that were given."""
        return sum(len(batch) for batch in self.given)

    def batches(self, size: int) -> Iterator[PairBatch]:  # as they were given
        """Yield them."""
        return iter(self.given)


def hand_made_methods() -> Methods:
    """Two pictures and two flows that need no network."""
    return Methods(
        baseline_flow=(Method("still", lambda batch: Flow(torch.zeros_like(batch.rows["source"][:, :2]), None)),),
        labelled_flow=(Method("exact", lambda batch: batch.truth or random_flow(len(batch))),),
        baselines=(Method("copy", lambda batch: batch.rows["source"]),),
        systems=(Method("perfect", lambda batch: batch.rows["target"]),),
    )
