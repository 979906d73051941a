"""The order of batches: the rows of a step depend on its number alone; and processes that read ahead."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing import forkserver

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Dataset

from ptx.pipeline.errors import PtxError
from ptx.training.data import Batch
from ptx.training.loader import StepSampler, loader


class Numbers(Dataset[Batch]):
    """Sample i is i; for processes that read ahead."""

    def __len__(self) -> int:
        return 50

    def __getitem__(self, index: int) -> Batch:
        return {"pair": torch.tensor(index)}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_all_processes_of_a_job_does_not_stop_reading(number: signal.Signals) -> None:
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # another test may have started it; a training starts it by `loader`
    before = set(multiprocessing.active_children())
    batches = loader(Numbers(), StepSampler(50, 4, 0, 0, 12), 1)
    seen = [next(batches)["pair"].tolist()]
    (reader,) = set(multiprocessing.active_children()) - before
    assert reader.pid is not None
    for process in (reader.pid, forkserver._forkserver._forkserver_pid):  # type: ignore[attr-defined]
        os.kill(process, number)
    seen += [batch["pair"].tolist() for batch in batches]  # more than were read ahead
    assert seen == list(StepSampler(50, 4, 0, 0, 12))
    batches.close()
    reader.join(10)
    assert not reader.is_alive()


@given(st.integers(1, 50), st.integers(1, 12), st.integers(0, 5), st.integers(0, 40))
def test_going_on_sees_what_one_run_sees(count: int, batch: int, seed: int, cut: int) -> None:
    whole = list(StepSampler(count, batch, seed, 0, 40))
    assert whole[cut:] == list(StepSampler(count, batch, seed, cut, 40))


@given(st.integers(1, 50), st.integers(0, 5))
def test_every_epoch_sees_every_pair_once(count: int, seed: int) -> None:
    rows = [row for step in StepSampler(count, 1, seed, 0, 3 * count) for row in step]
    for epoch in range(3):
        assert sorted(rows[epoch * count : (epoch + 1) * count]) == list(range(count))


@given(st.integers(1, 4), st.integers(1, 3))
def test_ranks_share_each_batch(world_size: int, per_rank: int) -> None:
    batch = world_size * per_rank
    whole = list(StepSampler(20, batch, 0, 0, 6))
    parts = [list(StepSampler(20, batch, 0, 0, 6, rank, world_size)) for rank in range(world_size)]
    for step, rows in enumerate(whole):
        assert sorted(rows) == sorted(row for part in parts for row in part[step])
        assert all(part[step] == rows[rank::world_size] for rank, part in enumerate(parts))


@pytest.mark.slow
def test_a_reading_process_that_is_killed_is_one_line() -> None:
    """By the kernel, for memory or a full /dev/shm (pytorch/pytorch#5040)."""
    others = set(multiprocessing.active_children())
    batches = loader(Numbers(), StepSampler(50, 2, 0, 0, 1000), 1)  # type: ignore[arg-type]
    next(batches)
    (reader,) = set(multiprocessing.active_children()) - others
    reader.kill()
    with pytest.raises(
        PtxError, match=r"ended \(.*\): is memory, or /dev/shm, too small\? set `workers` of the training to 0"
    ):
        for _ in batches:
            pass


def test_reading_processes_that_cannot_start_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where TMPDIR is longer than the name of a socket may be."""

    def too_long(_: object) -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(torch.utils.data.DataLoader, "__iter__", too_long)
    with pytest.raises(PtxError, match=r"cannot start \(AF_UNIX path too long\): set `workers` of the training to 0"):
        next(loader(Numbers(), StepSampler(50, 2, 0, 0, 1000), 1))  # type: ignore[arg-type]
