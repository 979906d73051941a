"""Verification finds every kind of damage, names it, and a run mends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import PtxError
from ptx.pipeline.stage import ArraySpec, Block, Process, Result
from ptx.pipeline.verify import drop_damaged, verify_stage
from tests.pipeline.test_events import Notes
from tests.pipeline.toy import COUNT, Square, run_all, toy, tree


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "does not match its checksum"),
        (lambda p: p.write_bytes(p.read_bytes()[:-9]), "were written"),
        (Path.unlink, "is missing"),
    ],
)
def test_damage_is_found_named_and_mended(tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline)
    before = tree(tmp_path)
    square = pipeline.stage("square")
    path = tmp_path / pipeline.store(square).shard_file("value", 3)
    damage(path)
    found = verify_stage(pipeline, square)
    assert found.damaged == [3]
    assert len(found.faults) == 1
    assert found.faults[0].startswith("block 3 (samples 48 to 63): array 'value'")
    assert words in found.faults[0]
    assert str(path) in found.faults[0]
    drop_damaged(pipeline.store(square), found)
    run_all(pipeline)
    assert tree(tmp_path) == before


def test_totals_add_up(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(3, 5))
    run_all(pipeline, "numbers", "square")
    pipeline.store(pipeline.stage("square")).records.drop(9)
    found = verify_stage(pipeline, pipeline.stage("square"))
    assert (found.samples, found.done, found.quarantined, found.pending) == (COUNT, COUNT - 2 - 6, 2, 6)
    assert found.adds_up


def test_progress_is_told(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    run_all(pipeline, "numbers")
    notes = Notes()
    verify_stage(pipeline, pipeline.stage("numbers"), notes)
    assert notes.events[0] == ("started", "verify numbers", "150", "0")
    assert notes.counts["done"] == COUNT


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "holds NaN"), (-1.0, "holds -1.0, below 0"), (9.0, "holds 9.0, above 8")]
)
def test_values_out_of_range_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, words: str
) -> None:
    def wrong(block: Block) -> Result:
        array = np.ones((len(block), 8, 8), "f4")
        array[0, 2, 2] = value
        return Result({"value": array})

    def open_wrong(self: Square) -> Process:
        return wrong

    monkeypatch.setattr(Square, "outputs", {"value": ArraySpec((8, 8), "f4", low=0, high=8)})
    monkeypatch.setattr(Square, "open", open_wrong)
    pipeline = toy(tmp_path)
    run_all(pipeline, "numbers", "square")
    found = verify_stage(pipeline, pipeline.stage("square"))
    assert all(words in fault for fault in found.faults)
    assert len(found.damaged) == 10


def test_nothing_to_verify(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    with pytest.raises(PtxError, match="square has no store"):
        verify_stage(pipeline, pipeline.stage("square"))
