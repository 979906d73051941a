"""Files that are whole or not there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import (
    explain,
    explained_surroundings,
    read_json,
    read_json_object,
    write_atomic,
    write_json,
)


def test_write_replaces_whole_files_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_atomic(tmp_path / "deep" / "a", b"one")
    write_atomic(tmp_path / "deep" / "a", b"two")
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["a"]
    assert (tmp_path / "deep" / "a").read_bytes() == b"two"


def test_full_disk_is_one_clear_line_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomic(tmp_path / "a", b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        PtxError, match=r"a: the disk is full. Finished blocks are safe: free some space and run the same command again"
    ):
        write_atomic(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EDQUOT, "the disk is full"),
        (
            errno.EPERM,
            "may not be written (Operation not permitted). Name another `workspace:` or mend its permissions",
        ),
        (errno.EIO, "could not be written (Input/output error); what was written before is safe"),
    ],
)
def test_failed_writes_say_how_to_go_on(number: int, words: str) -> None:
    assert words in str(explain(OSError(number, os.strerror(number)), Path("a")))


def test_json_bytes_do_not_depend_on_key_order(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": 1, "y": [2]})
    write_json(tmp_path / "b", {"y": [2], "x": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_json(tmp_path / "a") == {"x": 1, "y": [2]}


@pytest.mark.parametrize("content", [None, b"", b'{"start": 0, "st', b"\xff\xfe"])
def test_absent_or_torn_json_reads_as_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a").write_bytes(content)
    assert read_json(tmp_path / "a") is None
    assert read_json_object(tmp_path / "a") == {}


def test_an_object_is_wanted(tmp_path: Path) -> None:
    write_json(tmp_path / "a", [1])
    assert read_json_object(tmp_path / "a") == {}
    write_json(tmp_path / "a", {"b": 1})
    assert read_json_object(tmp_path / "a") == {"b": 1}


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EOPNOTSUPP, False), (errno.EIO, True)])
def test_a_file_system_that_cannot_sync_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    """SMB and VirtualBox say EINVAL (facebook/rocksdb#2929, untitaker/python-atomicwrites#27)."""
    true_sync = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        true_sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    if fails:
        with pytest.raises(PtxError, match="could not be written"):
            write_atomic(tmp_path / "a", b"1")
    else:
        write_atomic(tmp_path / "a", b"1")
        assert (tmp_path / "a").read_bytes() == b"1"


class OutOfMemoryError(RuntimeError):
    """Stands in for torch's."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/data/a.jpg"), "/data/a.jpg: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "^No space left on device"),
        (OSError(errno.EMFILE, "Too many open files", b"/data/b"), "/data/b: Too many open files"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "set TMPDIR to a folder"),
        (MemoryError("Unable to allocate 7 GiB"), r"out of memory \(Unable to allocate 7 GiB\)"),
        (OutOfMemoryError("CUDA out of memory"), r"out of memory \(CUDA out of memory\): lower"),
    ],
)
def test_errors_of_the_machine_are_no_defects(error: Exception, words: str) -> None:
    with pytest.raises(PtxError, match=words), explained_surroundings():
        raise error


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "no", "/a"), RuntimeError("a defect"), OSError("odd")]
)
def test_defects_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, explained_surroundings():
        raise error
    assert raised.value is error
