"""Checkpoints: what is written is read, what is not ours is refused in one line, nothing is unpickled."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from ptx.pipeline.errors import PtxError
from ptx.training.checkpoint import (
    Checkpoint,
    CheckpointFolder,
    flatten,
    flatten_optimiser,
    read_checkpoint,
    restore,
    restore_optimiser,
    write_checkpoint,
)  # fmt: skip


def trained(seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        net(torch.randn(2, 3, 8, 8)).square().sum().backward()
        optimiser.step()
    return net, optimiser


def test_round_trip(tmp_path: Path) -> None:
    net, optimiser = trained(0)
    write_checkpoint(tmp_path / "c", {**flatten("net", net), **flatten_optimiser("adam", optimiser)}, {"step": 3})
    found, (other, other_optimiser) = read_checkpoint(tmp_path / "c"), trained(1)
    restore(other, found.section("net"), "c")
    restore_optimiser(other_optimiser, found.section("adam"))
    x = torch.randn(2, 3, 8, 8)
    for n, o in ((net, optimiser), (other, other_optimiser)):
        o.zero_grad()
        n(x).square().sum().backward()
        o.step()
    data = (tmp_path / "c.safetensors").read_bytes()
    assert found.meta == {"step": 3, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True))


def test_another_architecture(tmp_path: Path) -> None:
    net, _ = trained(0)
    write_checkpoint(tmp_path / "c", net.state_dict(), {})
    with pytest.raises(
        PtxError, match=r"is of another architecture: 0.weight is \(4, 3, 3, 3\) and \(5, 3, 3, 3\) here"
    ):
        restore(nn.Sequential(nn.Conv2d(3, 5, 3)), read_checkpoint(tmp_path / "c").tensors, "c")


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'marker'}",)

    (tmp_path / "c.json").write_text("{}")
    (tmp_path / "c.safetensors").write_bytes(pickle.dumps({"w": Evil()}))
    with pytest.raises(PtxError, match="is no safetensors file, or damaged"):
        read_checkpoint(tmp_path / "c")
    assert not (tmp_path / "marker").exists()


def test_missing_and_cut_files(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no model is there"):
        read_checkpoint(tmp_path / "c")
    write_checkpoint(tmp_path / "c", trained(0)[0].state_dict(), {})
    file = tmp_path / "c.safetensors"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(PtxError, match="damaged"):
        read_checkpoint(tmp_path / "c")


def test_a_section_holds_its_own_tensors_alone() -> None:
    checkpoint = Checkpoint({"net/a/w": torch.ones(1), "net/ab/w": torch.zeros(1), "average/w": torch.zeros(2)}, {})
    assert list(checkpoint.section("net/a")) == ["w"]
    assert checkpoint.section("net/a")["w"] == 1


def test_old_checkpoints_go_and_half_a_one_is_none(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for step in (2, 10, 4):
        write_checkpoint(folder.path(step), {"w": torch.zeros(1)}, {"step": step})
    folder.path(20).with_suffix(".safetensors").write_bytes(b"killed before its JSON was there")
    assert folder.steps() == [2, 4, 10]
    folder.keep(2)
    assert folder.steps() == [4, 10]
    assert not folder.path(2).with_suffix(".safetensors").exists()
