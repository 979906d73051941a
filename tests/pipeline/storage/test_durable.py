"""Atomic files and locks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ptx.pipeline.storage.files import Busy, lock, read_json, write_atomic, write_json

from ptx.pipeline.errors import PtxError


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


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EACCES, "may not be written"), (errno.EROFS, "may not be written"), (errno.ENOSPC, "is full")]
)  # fmt: skip
def test_a_lock_that_cannot_be_made_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(PtxError, match=words), lock(tmp_path / "l"):
        pass


def test_lock_keeps_others_out_and_leaves_no_file(tmp_path: Path) -> None:
    with lock(tmp_path / "l"):
        with pytest.raises(Busy), lock(tmp_path / "l", wait=False):
            pass
        with pytest.raises(Busy), lock(tmp_path / "l", shared=True, wait=False):
            pass
    assert not (tmp_path / "l").exists()
    with lock(tmp_path / "l", wait=False):
        pass


def test_shared_locks_go_together(tmp_path: Path) -> None:
    first, second = lock(tmp_path / "l", shared=True), lock(tmp_path / "l", shared=True, wait=False)
    with first, second, pytest.raises(Busy), lock(tmp_path / "l", wait=False):
        pass


def test_never_two_owners(tmp_path: Path) -> None:
    inside, most, rounds = [0], [0], 200

    def work() -> None:
        for _ in range(rounds):
            with lock(tmp_path / "l"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_lock_dies_with_its_owner(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from ptx.pipeline.storage.files import lock
with lock(Path({str(tmp_path / "l")!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    owner.stdout.readline()
    with pytest.raises(Busy), lock(tmp_path / "l", wait=False):
        pass
    owner.kill()
    owner.wait()
    began = time.monotonic()
    with lock(tmp_path / "l"):
        assert time.monotonic() - began < 5
