"""Verification finds every kind of damage, names it, and a run mends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ptx.pipeline.errors import PtxError
from ptx.pipeline.run import run_stage
from ptx.pipeline.stage import ArraySpec, Result
from ptx.pipeline.verify import drop_damaged, verify_stage
from tests.pipeline.toy import COUNT, Square, toy, tree

QUIET = Console(quiet=True)


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
    for stage in pipeline.stages:
        run_stage(pipeline, stage, QUIET)
    before = tree(tmp_path)
    square = pipeline.stage("square")
    damage(pipeline.store(square).shard_path("value", 3))
    found = verify_stage(pipeline, square)
    assert found.damaged == [3]
    assert len(found.faults) == 1
    assert found.faults[0].startswith("block 3 (samples 48 to 63): array 'value'")
    assert words in found.faults[0]
    drop_damaged(pipeline.store(square), found)
    for stage in pipeline.stages:
        run_stage(pipeline, stage, QUIET)
    assert tree(tmp_path) == before


def test_totals_add_up(tmp_path: Path) -> None:
    pipeline = toy(tmp_path, bad=(3, 5))
    for stage in pipeline.stages[:2]:
        run_stage(pipeline, stage, QUIET)
    pipeline.store(pipeline.stage("square")).records.drop(9)
    found = verify_stage(pipeline, pipeline.stage("square"))
    assert (found.samples, found.done, found.quarantined, found.pending) == (COUNT, COUNT - 2 - 6, 2, 6)
    assert found.adds_up


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "holds NaN"), (-1.0, "holds -1.0, below 0"), (9.0, "holds 9.0, above 8")]
)
def test_values_out_of_range_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float, words: str
) -> None:
    def wrong(self: Square, block: object, settings: object, state: object) -> Result:
        del self, settings, state
        array = np.ones((len(block), 8, 8), "f4")  # type: ignore[arg-type]
        array[0, 2, 2] = value
        return Result({"value": array})

    monkeypatch.setattr(Square, "outputs", lambda self, settings: {"value": ArraySpec((8, 8), "f4", low=0, high=8)})
    monkeypatch.setattr(Square, "process", wrong)
    pipeline = toy(tmp_path)
    for stage in pipeline.stages[:2]:
        run_stage(pipeline, stage, QUIET)
    assert all(words in fault for fault in verify_stage(pipeline, pipeline.stage("square")).faults)
    assert len(verify_stage(pipeline, pipeline.stage("square")).damaged) == 10


def test_nothing_to_verify(tmp_path: Path) -> None:
    pipeline = toy(tmp_path)
    with pytest.raises(PtxError, match="square has no store"):
        verify_stage(pipeline, pipeline.stage("square"))
