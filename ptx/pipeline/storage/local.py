"""Storage in a folder of this machine or of a file system that several share: fsync and rename, `flock`."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ptx.pipeline.storage.files import explain, read_file, write_atomic
from ptx.pipeline.storage.storage import Busy

if TYPE_CHECKING:
    from zarr.abc.store import Store as ZarrStore


@dataclass(frozen=True)
class LocalStorage:
    """A folder, which need not be there yet."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def check(self) -> None:
        """Do nothing: a folder that is not there is made by the first write."""

    def free_bytes(self) -> int:
        """Bytes free on the folder's disk."""
        folder = self.folder.absolute()
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def put(self, name: str, data: bytes) -> None:
        """Write a file: flushed under another name, then renamed."""
        write_atomic(self.folder / name, data)

    def get(self, name: str) -> bytes | None:
        """Read a whole file; None where there is none."""
        return read_file(self.folder / name)

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read many files, one after the other."""
        return [self.get(name) for name in names]

    def open(self, name: str) -> BinaryIO:
        """Open a file to read parts of it; raises OSError where it is not there."""
        return open(self.folder / name, "rb")

    def exists(self, name: str) -> bool:
        """True where there is such a file."""
        return (self.folder / name).exists()

    def names(self, folder: str) -> list[str]:
        """Names directly below a folder, in no order; none where it is not there."""
        try:
            return os.listdir(self.folder / folder)
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        (self.folder / name).unlink(missing_ok=True)

    def remove_tree(self, folder: str) -> None:
        """Remove a folder with everything below it; nothing happens where there is none."""
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def rename(self, folder: str, target: str) -> bool:
        """Rename a folder in one step; a missing one is left alone."""
        path = self.folder / target
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            (self.folder / folder).rename(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise explain(error, path) from error
        return True

    @contextmanager
    def publishing(self, folder: str, last: str) -> Iterator[Path]:
        """Yield a hidden folder beside the target; one rename makes it appear."""
        del last  # all its files appear at once
        target = self.folder / folder
        made = target.with_name(f".making-{target.name}")
        try:
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir(parents=True)
            yield made
            made.rename(target)
        except OSError as error:
            raise explain(error, target) from error

    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> AbstractContextManager[None]:
        """Hold an advisory lock; the kernel drops it when the process dies."""
        return file_lock(self.folder / name, shared=shared, wait=wait)

    def zarr_store(self, folder: str) -> ZarrStore:
        """Return zarr's view of a folder, for reading."""
        from zarr.storage import LocalStore

        return LocalStore(self.folder / folder, read_only=True)


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock; the kernel drops it when the process dies, however it dies.

    The lock file is removed by the last exclusive owner, so finished work leaves none behind.

    Raises:
        Busy: `wait` is false and somebody else holds it.
        PtxError: the disk is full or may not be written.
    """
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise explain(error, path) from error
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            os.close(descriptor)
            raise Busy(str(path)) from None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(descriptor, path):
            break
        os.close(descriptor)  # removed between open and lock: what was locked is no longer the file others see
    try:
        yield
        if not shared:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """True where an open file is the one that its path names."""
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
