"""JSON of other tools: right values pass, everything else is `Malformed`, on one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.datasets.foreign_files import (
    Malformed,
    as_array,
    as_mapping,
    as_rows,
    as_sequence,
    check_size,
    member,
    parse_json,
    read_json,
)
from ptx.pipeline.fingerprint import Json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_a_file_is_read_up_to_a_size(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, 2.5, null]}')
    assert read_json(path, path.stat().st_size) == {"a": [1, 2.5, None]}
    with pytest.raises(Malformed, match="more than 20 bytes"):
        read_json(path, 20)
    with pytest.raises(FileNotFoundError):
        check_size(tmp_path / "none.json", 20)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", "[" * 100_000, "1" * 5_000, b"\xff\xfe\x00", b'"\xe9"'])
def test_no_json(text: str | bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_json(text)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


def test_kinds_of_values() -> None:
    assert as_mapping({"a": 1}) == {"a": 1}
    assert as_sequence([1, "b"]) == [1, "b"]
    assert member({"a": None}, "a") is None
    with pytest.raises(Malformed, match="no 'b'"):
        member({"a": 1}, "b")
    for value, kind in ((None, "null"), (True, "a truth value"), (1.5, "a number"), ("x", "a string"), ([], "a list")):
        with pytest.raises(Malformed, match=f"^{kind} instead of an object"):
            as_mapping(value)
    with pytest.raises(Malformed, match=r"^an object instead of a list"):
        as_sequence({})
    with pytest.raises(Malformed, match=r"^a string instead of a list"):
        as_sequence("abc")


def test_arrays() -> None:
    assert as_array([[1, 2.5], [3, 4]]).tolist() == [[1, 2.5], [3, 4]]
    assert np.isnan(as_array([None, 1])[0])
    assert as_rows([1, 2, 3, 4, 5, 6], 3).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert as_rows([[1, 2, 3]], 3).tolist() == [[1, 2, 3]]
    with pytest.raises(Malformed, match="4 numbers, which is no multiple of 3"):
        as_rows([1, 2, 3, 4], 3)
    for value in ([1, [2]], {"a": 1}, ["one"], [10**400], [{}]):
        with pytest.raises(Malformed):
            as_array(value)


@given(VALUES)
def test_any_value_is_an_array_or_malformed(value: Json) -> None:
    try:
        assert as_array(value).dtype == np.float32
    except Malformed:
        return
