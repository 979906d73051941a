"""Fingerprint documents and the sentences about their differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.fingerprint import differences, digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_digest_ignores_key_order(document: dict[str, object]) -> None:
    assert digest(document) == digest(dict(reversed(document.items())))


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4),
    st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4),
)
def test_no_difference_exactly_when_equal(a: dict[str, object], b: dict[str, object]) -> None:
    assert differences(a, a) == []
    if digest(a) == digest(b):
        assert differences(a, b) == []


def test_sentences() -> None:
    old = {
        "version": 1,
        "settings": {"fit_smpl": {"iterations": 10, "use_3d": True}, "size": [256, 256]},
        "inputs": {"ingest": "a" * 64},
    }
    new = {
        "version": 2,
        "settings": {"fit_smpl": {"iterations": 20, "use_3d": True}, "size": [128, 64]},
        "inputs": {"ingest": "b" * 64},
    }
    assert differences(old, new) == [
        "input ingest changed",
        "fit_smpl.iterations was 10, now 20",
        "size was [256, 256], now [128, 64]",
        "version was 1, now 2",
    ]


def test_digests_are_not_spelled_out() -> None:
    assert differences({"dependencies": {"body model": "a" * 64}}, {"dependencies": {"body model": "b" * 64}}) == [
        "body model changed"
    ]
