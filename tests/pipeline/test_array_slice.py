"""Parts of a stage, as the jobs of an array compute them: together the whole, beside each other and beside copies of themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ptx.pipeline.errors import PtxError
from ptx.pipeline.part import Part
from ptx.pipeline.run import run_stage
from tests.pipeline.toy import calls, toy, tree

QUIET = Console(quiet=True)


def run_part(folder: Path, stage: str, part: Part) -> int:
    pipeline = toy(folder)
    return run_stage(pipeline, pipeline.stage(stage), QUIET, part=part).computed


@given(st.integers(0, 200), st.integers(1, 20))
def test_parts_are_the_whole_and_disjoint(count: int, of: int) -> None:
    parts = [Part(number, of).blocks(np.arange(count)) for number in range(1, of + 1)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_parts_one_by_one_give_the_bytes_of_a_calm_run(tmp_path: Path) -> None:
    calm, parts = tmp_path / "calm", tmp_path / "parts"
    for folder in (calm, parts):
        folder.mkdir()
        run_part(folder, "numbers", Part())
    run_part(calm, "square", Part())
    before = calls(parts)
    done = [run_part(parts, "square", Part(number, 4)) for number in (2, 4, 1, 3)]
    assert sum(done) == 150
    assert calls(parts) - before == 10
    assert tree(calm) == tree(parts)


def test_parts_beside_each_other_and_beside_copies(tmp_path: Path) -> None:
    run_part(tmp_path, "numbers", Part())
    before = calls(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: run_part(tmp_path, "square", Part(1 + n % 3, 3)), range(6)))
    assert sum(done) == 150  # each block was computed once, by whoever came first
    assert calls(tmp_path) - before == 10
    pipeline = toy(tmp_path)
    assert pipeline.plan(pipeline.stage("square")).condition == "done"


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(PtxError, match="say which of how many"):
        Part.read(text)


def test_reading() -> None:
    assert Part.read("3/16") == Part(3, 16)
