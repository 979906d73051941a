"""Errors: problems as records keep them, and exceptions that travel between processes."""

from __future__ import annotations

import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.errors import BadSample, Problem, PtxError, StageError, name_bytes, one_line, printable


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
        (ValueError("cannot identify image file <_io.BytesIO object at 0x7f07d4c205e0>"), "cannot identify image file"),
    ],
)
def test_one_line(error: Exception, words: str) -> None:
    assert one_line(error) == words


def test_names_of_any_bytes_can_be_printed() -> None:
    """Python keeps bytes that are no UTF-8 as surrogates (PEP 383); names that are stay as they are."""
    name = os.fsdecode(b"caf\xe9/\xe4\xb8\xad\xff")
    assert name_bytes(name) == b"caf\xe9/\xe4\xb8\xad\xff"
    assert printable(name) == r"caf\xe9/中\xff"
    assert printable("zoë/中") == "zoë/中"
    assert printable("\ud800") == r"\ud800"  # of a JSON file: it stands for no byte
    for error in (PtxError(name), BadSample("no_person", name)):
        assert str(pickle.loads(pickle.dumps(error))) == r"caf\xe9/中\xff"
