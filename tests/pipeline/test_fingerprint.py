"""Digests of manifests, the sentences about their differences, and stamps of files."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.fingerprint import Json, differences, digest, file_stamp, folder_stamp

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_digest_ignores_key_order(manifest: dict[str, Json]) -> None:
    assert digest(manifest) == digest(dict(reversed(manifest.items())))


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4),
    st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=4),
)
def test_no_difference_exactly_when_equal(a: dict[str, Json], b: dict[str, Json]) -> None:
    assert differences(a, a) == []
    if digest(a) == digest(b):
        assert differences(a, b) == []


def test_sentences() -> None:
    old: dict[str, Json] = {
        "version": 1,
        "settings": {"fit_smpl": {"iterations": 10, "use_3d": True}, "size": [256, 256]},
        "inputs": {"ingest": "a" * 64},
    }
    new: dict[str, Json] = {
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


def test_stamps_change_with_what_is_there(tmp_path: Path) -> None:
    assert file_stamp(tmp_path / "a.png") == []
    (tmp_path / "a.png").write_bytes(b"123")
    os.utime(tmp_path / "a.png", ns=(5, 5))
    assert file_stamp(tmp_path / "a.png") == folder_stamp(tmp_path / "a.png", ".png") == [3, 5]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.png").write_bytes(b"")
    os.utime(tmp_path / "deep" / "b.png", ns=(7, 7))
    (tmp_path / "c.txt").write_bytes(b"")
    assert folder_stamp(tmp_path, ".png") == [2, 7]
    assert folder_stamp(tmp_path, ".jpg") == [0, 0]
