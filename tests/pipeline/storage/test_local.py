"""A workspace in a folder: locks that die with their owner, failures in words, what a kill leaves."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.local import LocalStorage, file_lock
from ptx.pipeline.storage.storage import Busy


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EACCES, "may not be written"), (errno.EROFS, "may not be written"), (errno.ENOSPC, "is full")]
)  # fmt: skip
def test_a_lock_that_cannot_be_made_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(PtxError, match=words), file_lock(tmp_path / "l"):
        pass


def test_lock_keeps_others_out_and_leaves_no_file(tmp_path: Path) -> None:
    with file_lock(tmp_path / "l"):
        with pytest.raises(Busy), file_lock(tmp_path / "l", wait=False):
            pass
        with pytest.raises(Busy), file_lock(tmp_path / "l", shared=True, wait=False):
            pass
    assert not (tmp_path / "l").exists()
    with file_lock(tmp_path / "l", wait=False):
        pass


def test_shared_locks_go_together(tmp_path: Path) -> None:
    first = file_lock(tmp_path / "l", shared=True)
    second = file_lock(tmp_path / "l", shared=True, wait=False)
    with first, second, pytest.raises(Busy), file_lock(tmp_path / "l", wait=False):
        pass


def test_never_two_owners(tmp_path: Path) -> None:
    inside, most, rounds = [0], [0], 200

    def work() -> None:
        for _ in range(rounds):
            with file_lock(tmp_path / "l"):
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
from contextlib import suppress
from pathlib import Path
from ptx.pipeline.storage.local import file_lock
with file_lock(Path({str(tmp_path / "l")!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    owner.stdout.readline()
    with pytest.raises(Busy), file_lock(tmp_path / "l", wait=False):
        pass
    owner.kill()
    owner.wait()
    began = time.monotonic()
    with file_lock(tmp_path / "l"):
        assert time.monotonic() - began < 5


def test_a_folder_appears_at_once_and_what_a_kill_left_is_replaced(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with suppress(KeyboardInterrupt), storage.publishing("a.zarr", "last") as folder:
        (folder / "torn").touch()
        raise KeyboardInterrupt
    assert not storage.exists("a.zarr")
    with storage.publishing("a.zarr", "last") as folder:
        assert not list(folder.iterdir())
        (folder / "last").touch()
        assert not storage.exists("a.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    assert storage.names("a.zarr") == ["last"]


def test_a_full_disk_while_a_folder_is_laid_out_is_one_clear_line(tmp_path: Path) -> None:
    with (
        pytest.raises(PtxError, match=r"a.zarr: the disk is full"),
        LocalStorage(tmp_path).publishing("a.zarr", "last"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_rename_is_one_step_and_leaves_what_is_not_there_alone(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put("a/b", b"1")
    assert storage.rename("a", "deep/down")
    assert storage.get("deep/down/b") == b"1"
    assert storage.rename("a", "deep/down")
    assert storage.get("deep/down/b") == b"1"


def test_free_bytes_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    free = LocalStorage(tmp_path / "not" / "there").free_bytes()
    assert abs(free - shutil.disk_usage(tmp_path).free) < 1e9
