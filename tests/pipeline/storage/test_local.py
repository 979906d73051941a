"""A workspace in a folder: locks that die with their owner, failures in words, what a kill leaves."""

from __future__ import annotations

import errno
import fcntl
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


# --- file systems and users ---------------------------------------------------------------------------------------------------------


def no_flock(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have `flock` fail as on a file system that has none."""

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_flock_there_are_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """NFS without lockd, Lustre without -o flock, FUSE (tox-dev/filelock#67, mamba-org/mamba#1446)."""
    no_flock(monkeypatch, number)
    lock = tmp_path / "locks" / "l"
    with file_lock(lock):
        for shared in (False, True):
            with pytest.raises(Busy), file_lock(lock, shared=shared, wait=False):
                pass
    with (
        file_lock(lock, shared=True),
        file_lock(lock, shared=True, wait=False),
        pytest.raises(Busy),
        file_lock(lock, wait=False),
    ):
        pass
    assert list((tmp_path / "locks").iterdir()) == []


def test_other_errors_of_flock_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_flock(monkeypatch, errno.EIO)
    with pytest.raises(PtxError, match="could not be written"), file_lock(tmp_path / "l"):
        pass


def test_a_lock_file_of_another_user_is_locked_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made with umask 022 in a folder of the group: it may be read, and its folder written to."""
    (tmp_path / "l").touch()
    true_open = os.open

    def read_only(path: str | os.PathLike[str], flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return true_open(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    with file_lock(tmp_path / "l"), pytest.raises(Busy), file_lock(tmp_path / "l", wait=False):
        pass
    assert not (tmp_path / "l").exists()
    with pytest.raises(PtxError, match="may not be written"), file_lock(tmp_path / "new"):
        pass


def denied(path: str | os.PathLike[str], *_: object, **__: object) -> None:
    """Stand in for a function that another user's file refuses."""
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_a_workspace_of_another_user_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = LocalStorage(tmp_path / "ws")
    storage.check()  # not there yet
    storage.put("a/b", b"1")
    storage.check()
    words = r"ws.*: cannot be read \(Permission denied\): ask its owner for access"
    for name, ask in {
        "scandir": storage.check,
        "stat": lambda: storage.exists("a/b"),
        "listdir": lambda: storage.names("a"),
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(os, name, denied)
            with pytest.raises(PtxError, match=words):
                ask()
    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(PtxError, match=words):
        storage.open("a/b")


def test_a_workspace_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "ws"):
        storage = LocalStorage(folder)
        for ask in (storage.check, lambda one=storage: one.get("a"), lambda one=storage: one.exists("a")):
            with pytest.raises(PtxError, match=r"cannot be read .*name another path"):
                ask()


def test_what_may_not_be_removed_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "unlink", denied)
    with pytest.raises(PtxError, match="may not be written"):
        LocalStorage(tmp_path).remove("a")
