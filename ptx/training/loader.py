"""The order of a training's pairs, and processes that read them ahead."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from multiprocessing import active_children

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.signals import ENDING, STOPPING, blocked_signals, start_resource_tracker
from ptx.training.data import Batch

READ_AHEAD = 4
"""Batches that each reading process prepares ahead."""

READER_ENDED = "DataLoader worker"
"""Words of torch where a reading process was killed."""

WITHOUT_READERS = "set `workers` of the training to 0, which needs none; saved steps are safe"
"""What can be done where reading processes do not work."""


@dataclass
class StepSampler:
    """Rows of the batches of steps `first` to `last` - 1: every epoch a new order, all from the seed.

    The rows of a step depend on its number alone, so a resumed run reads the batches that an uninterrupted one would.
    """

    count: int
    """Number of pairs."""
    batch: int
    """Pairs of a batch, of all processes together."""
    seed: int
    first: int
    last: int
    rank: int = 0
    """Number of this process, where several train together: each takes every `world_size`-th row."""
    world_size: int = 1
    _epoch: int = field(default=-1, init=False)
    _order: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), init=False)

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last):
            positions = range(step * self.batch, (step + 1) * self.batch)
            rows = [int(self._order_of(position // self.count)[position % self.count]) for position in positions]
            yield rows[self.rank :: self.world_size]

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        """(count,) the order of the pairs in an epoch."""
        if self._epoch != epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self.count)
        return self._order


def loader(data: Dataset[Batch], sampler: StepSampler, workers: int) -> Generator[Batch, None, None]:
    """Batches of a sampler's rows, read ahead by worker processes.

    Batch systems, and terminals, send their signals to all processes of a job. Those that read are started with them blocked: the
    step that is to be finished before the training is saved may still need them. They end when this is closed.

    Raises:
        PtxError: they cannot start, or one of them was killed.
    """
    batches: DataLoader[Batch] = DataLoader(
        data,
        batch_sampler=sampler,
        num_workers=workers,
        prefetch_factor=READ_AHEAD if workers else None,
        # its own generator: else it draws from the global one, and in a resumed run once more
        generator=torch.Generator().manual_seed(sampler.seed),
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="forkserver" if workers else None,
    )
    start_resource_tracker()
    others = set(active_children())
    try:
        with blocked_signals(*STOPPING, *ENDING):
            started = iter(batches)
    except OSError as error:
        raise PtxError(f"processes that read pictures cannot start ({one_line(error)}): {WITHOUT_READERS}") from error
    try:
        yield from started
    except (RuntimeError, EOFError, ConnectionError) as error:
        if isinstance(error, RuntimeError) and READER_ENDED not in str(error):
            raise
        raise PtxError(
            f"a process that reads pictures ended ({one_line(error)}): is memory, or /dev/shm, too small? {WITHOUT_READERS}"
        ) from error
    finally:
        for reader in set(active_children()) - others:
            reader.kill()
