"""Leases of files: one owner at a time, no file left, and owners that died."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from ptx.pipeline.storage import leases
from ptx.pipeline.storage.lease_files import ENDING, LeaseFiles, file_lease
from ptx.pipeline.storage.storage import Busy


@pytest.mark.slow
def test_never_two_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many who come at once, also in the moment in which the folder of the one before is removed."""
    monkeypatch.setattr(leases, "RETRY_SECONDS", 0.001)
    inside, most, rounds = [0], [0], 40

    def work() -> None:
        for _ in range(rounds):
            with file_lease(tmp_path / "l", shared=False, wait=True):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most[0], inside[0]) == (1, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_owner_that_died_is_waited_for_and_then_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.3)
    assert LeaseFiles(tmp_path).create(f"l{ENDING}/exclusive", b"of one who died")
    with pytest.raises(Busy), file_lease(tmp_path / "l", shared=False, wait=False):
        pass
    began = time.monotonic()
    with file_lease(tmp_path / "l", shared=False, wait=True):
        assert time.monotonic() - began > 0.3
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_made_once(tmp_path: Path) -> None:
    files = LeaseFiles(tmp_path)
    assert files.create("a/b", b"1")
    assert not files.create("a/b", b"2")
    files.put("a/b", b"3")
    assert files.get_many(["a/b", "a/c"]) == [b"3", None]
    assert files.names("a") == ["b"]
    assert files.names("nowhere") == []
    files.remove("a/b")
    files.remove("a/b")
    assert files.names("a") == []
