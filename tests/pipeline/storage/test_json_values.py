"""JSON values, encoded, decoded, narrowed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.storage.json_values import (
    Json,
    as_float,
    as_int,
    as_list,
    as_object,
    as_str,
    decode_json,
    encode_json,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)

KINDS = {dict: as_object, list: as_list, int: as_int, float: as_float, str: as_str}


@given(JSON)
def test_values_are_read_back(value: Json) -> None:
    assert decode_json(encode_json(value)) == value


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_bytes_do_not_depend_on_the_order_of_keys(value: dict[str, Json]) -> None:
    assert encode_json(value) == encode_json(dict(reversed(value.items())))


@pytest.mark.parametrize("value", [{"a": 1}, [1], 1, 1.5, "a", None])
@pytest.mark.parametrize(("kind", "narrow"), KINDS.items())
def test_a_value_is_returned_where_it_has_the_type(value: Json, kind: type, narrow: Callable[[Json], Json]) -> None:
    if type(value) is kind or (kind is float and type(value) is int):
        assert narrow(value) == value
    else:
        with pytest.raises(TypeError, match="is expected, not"):
            narrow(value)
