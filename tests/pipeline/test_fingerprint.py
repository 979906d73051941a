"""Digests of manifests, the sentences about their differences, and stamps of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptx.pipeline.fingerprint import (
    Json,
    differences,
    digest,
    file_stamp,
    folder_stamp,
    former_folder_stamp,
    scan_files,
    stamp_files,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_digest_ignores_key_order(manifest: dict[str, Json]) -> None:
    assert digest(manifest) == digest(dict(reversed(manifest.items())))


@pytest.mark.slow
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
    assert former_folder_stamp(tmp_path, ".png") == [2, 7]
    assert former_folder_stamp(tmp_path, ".jpg") == [0, 0]
    lines = "a.png\0(3, 5)\ndeep/b.png\0(0, 7)\n"
    assert folder_stamp(tmp_path, ".png") == hashlib.sha256(lines.encode()).hexdigest()
    assert folder_stamp(tmp_path, ".jpg") == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("change", ["content", "time", "name", "more", "less"])
def test_any_change_of_a_folder_is_noticed(tmp_path: Path, change: str) -> None:
    """Also of a file that is not the newest, which neither number nor newest time told."""
    for number, name in enumerate(("a.json", "b.json", "newest.json")):
        (tmp_path / name).write_text("{}")
        os.utime(tmp_path / name, ns=(number, number))
    before = folder_stamp(tmp_path, ".json")
    if change == "content":
        (tmp_path / "a.json").write_text("[1]")
        os.utime(tmp_path / "a.json", ns=(0, 0))
    elif change == "time":
        os.utime(tmp_path / "a.json", ns=(1, 1))
    elif change == "name":
        (tmp_path / "a.json").rename(tmp_path / "c.json")
    elif change == "more":
        (tmp_path / "c.json").write_text("{}")
        os.utime(tmp_path / "c.json", ns=(0, 0))
    else:
        (tmp_path / "a.json").unlink()
    assert folder_stamp(tmp_path, ".json") != before
    assert (former_folder_stamp(tmp_path, ".json") == [3, 2]) == (change in ("content", "time", "name"))


def test_files_that_are_found(tmp_path: Path) -> None:
    """Endings in whatever case; hidden ones are left out, linked files and folders are what they link to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.jpg").write_bytes(b"12")
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    for name in ("deep/er/A.JPG", ".hidden.jpg", "deep/note.txt", "b.png"):
        (root / name).write_bytes(b"1")
    (root / ".git").mkdir()
    (root / ".git" / "c.jpg").write_bytes(b"1")
    (root / "folder").symlink_to(outside)
    (root / "linked.jpg").symlink_to(outside / "x.jpg")
    found = dict(scan_files(root, (".jpg", ".png")))
    assert list(found) == ["b.png", "deep/er/A.JPG", "folder/x.jpg", "linked.jpg"]
    assert found["linked.jpg"] == ((outside / "x.jpg").stat().st_size, (outside / "x.jpg").stat().st_mtime_ns)
    assert dict(stamp_files(root, ["b.png", "none.png"])) == {"b.png": found["b.png"], "none.png": None}
