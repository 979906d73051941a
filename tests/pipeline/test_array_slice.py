"""Slices of a stage, as the tasks of a job array compute them: together the whole, beside each other and beside copies of themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.errors import PtxError
from tests.pipeline.toy import calls, run_one, toy, tree


def run_slice(folder: Path, stage: str, part: ArraySlice = WHOLE) -> int:
    return run_one(toy(folder), stage, part=part).computed


@given(st.integers(0, 200), st.integers(1, 20))
def test_slices_are_the_whole_and_disjoint(count: int, of: int) -> None:
    slices = [ArraySlice(number, of).select(np.arange(count)) for number in range(1, of + 1)]
    assert sorted(np.concatenate(slices).tolist()) == list(range(count))
    assert max(map(len, slices)) - min(map(len, slices)) <= 1


def test_slices_one_by_one_give_the_bytes_of_a_calm_run(tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    sliced = tmp_path / "sliced"
    for folder in (calm, sliced):
        folder.mkdir()
        run_slice(folder, "numbers")
    run_slice(calm, "square")
    before = calls(sliced)
    done = [run_slice(sliced, "square", ArraySlice(number, 4)) for number in (2, 4, 1, 3)]
    assert sum(done) == 150
    assert calls(sliced) - before == 10
    assert tree(calm) == tree(sliced)


def test_slices_beside_each_other_and_beside_copies(tmp_path: Path) -> None:
    run_slice(tmp_path, "numbers")
    before = calls(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: run_slice(tmp_path, "square", ArraySlice(1 + n % 3, 3)), range(6)))
    assert sum(done) == 150  # each block was computed once, by whoever came first
    assert calls(tmp_path) - before == 10
    pipeline = toy(tmp_path)
    assert pipeline.plan(pipeline.stage("square")).condition == "done"


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_slice(text: str) -> None:
    with pytest.raises(PtxError, match="say which of how many"):
        ArraySlice.parse(text)


def test_parsing() -> None:
    assert ArraySlice.parse("3/16") == ArraySlice(3, 16)
