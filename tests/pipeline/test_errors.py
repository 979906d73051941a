"""Errors: problems as records keep them, and exceptions that travel between processes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.errors import BadSample, Problem, StageError, one_line


@given(st.from_regex(r"[a-z_]+", fullmatch=True), st.text())
def test_problems_are_read_back(code: str, text: str) -> None:
    problem = Problem(code, text)
    assert problem.stored == f"{code}: {text}"
    assert Problem.parse(problem.stored) == problem


def test_a_bad_sample_says_why_in_plain_words_and_travels() -> None:
    error = pickle.loads(pickle.dumps(BadSample("no_person", "nobody is there")))
    assert str(error) == "nobody is there"
    assert error.problem == Problem("no_person", "nobody is there")


def test_a_stage_error_names_stage_and_sample_and_travels() -> None:
    error = pickle.loads(pickle.dumps(StageError("synth-flow", "pair 17 (a ← b)", 17)))
    assert str(error) == "synth-flow failed on pair 17 (a ← b)"
    assert error.sample == 17


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("two\n  lines"), "two lines"),
        (ValueError(), "ValueError"),
        (KeyError("width"), "no 'width'"),
        (ValueError("x" * 200), "x" * 120),
    ],
)
def test_one_line(error: Exception, words: str) -> None:
    assert one_line(error) == words
