"""Processes that train together, and kinds of arithmetic."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ptx.pipeline.errors import PtxError
from ptx.training import hardware
from ptx.training.hardware import arithmetic, has_bf16, keep_freed_memory
from tests.training.tiny import tiny_project, train


def test_a_batch_that_cannot_be_shared(work: Path) -> None:
    with pytest.raises(
        PtxError, match=r"train_flow\.nodes: must share the batch evenly: 4 pairs do not go into 3 devices × 1"
    ):
        tiny_project(work, "train_flow.devices=3")


@pytest.mark.parametrize(
    ("started", "words"),
    [
        ({"TORCHELASTIC_RUN_ID": "7", "WORLD_SIZE": "4"}, r"4 processes were started, but train_flow\.devices=1 × train_flow\.nodes=2"),
        ({"SLURM_STEP_NUM_TASKS": "1"}, r"1 processes were started, but train_flow\.devices=1 × train_flow\.nodes=2 are 2"),
        ({}, r"train_flow\.nodes=2 needs a launcher: `ptx submit train-flow`"),
    ],
)  # fmt: skip
def test_other_processes_than_the_settings_say(
    work: Path, monkeypatch: pytest.MonkeyPatch, started: dict[str, str], words: str
) -> None:
    for name, value in started.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PtxError, match=words):
        train(work, "train-flow", 4, "train_flow.nodes=2")
    assert not (work / "models").exists()


def test_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the setting; auto is that with which the model was begun, and of a new model the machine's."""
    for native, machines in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(hardware, "has_bf16", lambda native=native: native)
        assert arithmetic("auto", "auto") == machines
        for begun in ("fp32", "bf16"):
            assert arithmetic("auto", begun) == begun
            assert (arithmetic("fp32", begun), arithmetic("bf16", begun)) == ("fp32", "bf16")
    assert isinstance(has_bf16(), bool)


def test_memory_is_kept_by_two_thresholds_of_malloc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers are those of glibc's malloc.h: M_TRIM_THRESHOLD -1, M_MMAP_THRESHOLD -3; mallopt takes two ints of 32 bits."""
    called: dict[int, int] = {}
    monkeypatch.setattr(hardware.sys, "platform", "linux")
    monkeypatch.setattr(hardware.ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=called.__setitem__))
    keep_freed_memory()
    assert called.keys() == {-1, -3}
    assert all(2**30 <= threshold < 2**31 for threshold in called.values())


def test_memory_is_kept_without_harm() -> None:
    keep_freed_memory()
    assert torch.zeros(1000, 1000).sum() == 0
