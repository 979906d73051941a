"""Batches for training, straight from the stores."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import active_children, resource_tracker
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ptx.datasets.attribute_files import Clothes, files_state, read_clothes
from ptx.geometry.flow import decode_flow
from ptx.models.pixels import to_tensor
from ptx.pipeline.errors import PtxError
from ptx.pipeline.fingerprint import digest
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.storage.records import OK
from ptx.pipeline.storage.store import Store
from ptx.training.state import PROJECTED, STOPPING

TRAIN, TEST = 0, 1

Batch = dict[str, Tensor]
"""source, target (B, 3, H, W) -1..1; source_keypoints, target_keypoints (B, 18, 3); pair (B,).

From projected bodies: flow (B, 2, H, W) px; visibility (B, 1, H, W) uint8; source_part, target_part (B, H, W) uint8.
From parsing: source_parsing, target_parsing (B, H, W) uint8.
From annotation: target_attributes (B, K) bool; target_category (B,) int64."""


@dataclass(frozen=True)
class PairData(Dataset[Batch]):
    """The pairs of a split whose flow and visibility are there. Opens stores in whatever process reads it."""

    workspace: Path
    pairs: NDArray[np.int32]
    """(N, 2) target image, source image."""
    numbers: NDArray[np.int64]
    """(N,) number of each in the whole data set."""
    reads: tuple[str, ...] = PROJECTED
    """Stages whose stores are read."""
    clothes: Clothes | None = None
    """What is worn in every image, where that is asked for."""

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Batch:
        target, source = (np.array([i]) for i in self.pairs[index])
        pair = self.numbers[index : index + 1]
        out = {
            "source": to_tensor(self._read("ingest", "image", source)),
            "target": to_tensor(self._read("ingest", "image", target)),
            "source_keypoints": torch.from_numpy(self._read("keypoints", "keypoints", source)),
            "target_keypoints": torch.from_numpy(self._read("keypoints", "keypoints", target)),
            "pair": torch.tensor(int(pair[0])),
        }
        if "synth-flow" in self.reads:
            out |= {
                "flow": torch.from_numpy(decode_flow(self._read("flow", "flow", pair)).transpose(2, 0, 1).copy()),
                "visibility": torch.from_numpy(self._read("visibility", "visibility", pair))[None],
                "source_part": torch.from_numpy(self._read("surface", "part", source)),
                "target_part": torch.from_numpy(self._read("surface", "part", target)),
            }
        if "parse" in self.reads:
            out["source_parsing"] = torch.from_numpy(self._read("parsing", "labels", source))
            out["target_parsing"] = torch.from_numpy(self._read("parsing", "labels", target))
        if self.clothes is not None:
            out["target_attributes"] = torch.from_numpy(self.clothes.attributes[target[0]])
            out["target_category"] = torch.tensor(self.clothes.categories[target[0]])
        return out

    def _read(self, store: str, array: str, index: NDArray[Any]) -> NDArray[Any]:
        return _store(self.workspace, store).read(array, index)[0]

    def some(self, count: int) -> PairData:
        """At most so many pairs, spread evenly."""
        chosen = (
            np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)) if len(self) else []
        )
        return self.only(chosen)

    def targets(self) -> PairData:
        """One pair of every target image."""
        return self.only(np.unique(self.pairs[:, 0], return_index=True)[1])

    def only(self, places: Any) -> PairData:
        """The pairs at these places."""
        return replace(self, pairs=self.pairs[places], numbers=self.numbers[places])


@lru_cache(maxsize=16)
def _store(workspace: Path, name: str) -> Store:
    return Store(workspace, name)


def pair_data(pipeline: Pipeline, split: int, reads: tuple[str, ...] = PROJECTED) -> PairData:
    """All pairs of a split for which these stages have results.

    Raises:
        PtxError: a stage that training reads is not done, or there is no pair.
    """
    pairs = np.asarray(pipeline.pairs())
    usable = np.asarray(pipeline.listing.splits)[pairs[:, 0]] == split
    for name in reads:
        plan = pipeline.plan(pipeline.stage(name))
        if plan.condition != "done":
            hint = (
                "" if plan.stage.applies(pipeline.settings) else f", after `{name}.path` says what {name}s photographs"
            )
            raise PtxError(f"training reads {name}, which is {plan.condition}: `ptx run all` first{hint}")
        fine = plan.states == OK
        usable &= fine if plan.stage.over == "pairs" else fine[pairs].all(1)
    numbers = np.flatnonzero(usable)
    if not len(numbers):
        what = "training" if split == TRAIN else "testing"
        raise PtxError(f"no pair is left for {what}: see `ptx status`, and `data.test_fraction`")
    return PairData(pipeline.workspace, pairs[numbers], numbers, reads)


def clothes(pipeline: Pipeline) -> Clothes:
    """What is worn in every image of the data set.

    Raises:
        PtxError: no setting says where that is written, or it is not as it should be.
    """
    folder = pipeline.settings.attributes.path
    if folder is None:
        raise PtxError("attributes.path: the folder of DeepFashion's annotation files is needed and not given")
    return _clothes(folder, tuple(pipeline.listing.ids), digest(files_state(folder)))


@lru_cache(maxsize=1)
def _clothes(folder: Path, ids: tuple[str, ...], state: str) -> Clothes:
    del state
    return read_clothes(folder, ids)


class StepSampler:
    """Batches of positions for steps `first`, `first + 1`, ...: every epoch a new order, all from the seed.

    What a step sees depends on its number alone, so a resumed run sees what an uninterrupted one would.
    """

    def __init__(
        self, count: int, batch: int, seed: int, first: int, last: int, share: tuple[int, int] = (0, 1)
    ) -> None:
        """`share`: which process of how many, where several train together; each gets its part of every batch."""
        self.count, self.batch, self.seed, self.first, self.last, self.share = count, batch, seed, first, last, share

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last):
            places = np.arange(step * self.batch, (step + 1) * self.batch)
            whole = [int(self._order(int(place) // self.count)[place % self.count]) for place in places]
            yield whole[self.share[0] :: self.share[1]]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if getattr(self, "_known", (None,))[0] != epoch:
            self._known = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.count)
        return self._known[1]


def loader(
    data: PairData, batch: int, seed: int, first: int, last: int, workers: int, share: tuple[int, int] = (0, 1)
) -> Generator[Batch, None, None]:
    """Batches of steps `first` to `last` (of them this process's `share`), read ahead by worker processes.

    Batch systems send their signals to all processes of a job. Those that read are started with `STOPPING` blocked, which they
    inherit: the step that is to be finished before the training is saved may still need them. They end when this is closed.
    """
    sampler = StepSampler(len(data), batch, seed, first, last, share)
    batches = DataLoader(
        data,
        batch_sampler=sampler,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        generator=torch.Generator().manual_seed(seed),  # else it draws from the global one, and a resumed run once more
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="forkserver" if workers else None,
    )
    resource_tracker.ensure_running()  # when it starts, it unblocks SIGTERM
    others, mask = set(active_children()), signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        started = iter(batches)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        yield from started
    finally:
        for reader in set(active_children()) - others:
            reader.kill()
