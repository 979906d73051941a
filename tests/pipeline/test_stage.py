"""Blocks, and samples that a stage reads one by one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ptx.pipeline.errors import BadSample, Problem
from ptx.pipeline.stage import Block, each_sample
from tests.pipeline.toy import toy


def pairs() -> Block:
    arrays = {"image.a": np.arange(6).reshape(3, 2), "pair.b": np.arange(4)}
    return Block(np.arange(7, 11), arrays, frozenset(["pair.b"]), np.array([0, 1, 2, 0]), np.array([1, 0, 1, 2]))


def test_a_block_of_one_sample_keeps_the_distinct_images() -> None:
    one = pairs().only(2)
    assert len(one) == 1
    assert one.index.tolist() == [9]
    assert one.array("pair.b", np.int64).tolist() == [2]
    assert one.array("image.a", np.int64).shape == (3, 2)
    assert (one.target.tolist(), one.source.tolist()) == ([2], [1])


def test_arrays_have_the_type_that_is_asked_for() -> None:
    assert pairs().array("pair.b", np.float32).dtype == np.float32


def test_bad_samples_are_left_out_and_the_others_computed() -> None:
    done: list[int] = []

    def compute(position: int) -> None:
        if position % 2:
            raise BadSample("odd", f"{position} is odd")
        done.append(position)

    assert each_sample(pairs(), compute) == {1: Problem("odd", "1 is odd"), 3: Problem("odd", "3 is odd")}
    assert done == [0, 2]


def test_any_other_error_is_a_defect() -> None:
    def fail(position: int) -> None:
        raise ValueError(f"a defect on {position}")

    with pytest.raises(ValueError, match="a defect on 0"):
        each_sample(pairs(), fail)


def test_stages_travel(tmp_path: Path) -> None:
    for stage in toy(tmp_path, bad=(3,)).stages:
        assert pickle.loads(pickle.dumps(stage)) == stage
        assert stage.input_stores == tuple(name.split(".")[0] for name in stage.inputs)
        assert stage.applies
        assert stage.dependencies == {}
