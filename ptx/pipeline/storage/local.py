"""Storage in a folder of this machine or of a file system that several share: fsync and rename, `flock`."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ptx.pipeline.storage.files import explain, explain_reading, read_file, write_atomic
from ptx.pipeline.storage.lease_files import file_lease
from ptx.pipeline.storage.storage import Busy

if TYPE_CHECKING:
    from zarr.abc.store import Store as ZarrStore

WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
"""Errors of `flock` on file systems that have none."""


@dataclass(frozen=True)
class LocalStorage:
    """A folder, which need not be there yet."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def check(self) -> None:
        """Make sure that the folder can be read; one that is not there is made by the first write.

        Raises:
            PtxError: it is another user's, or no folder.
        """
        with _explained(self.folder), suppress(FileNotFoundError):
            os.scandir(self.folder).close()
            os.stat(self.folder / ".")

    def free_bytes(self) -> int:
        """Bytes free on the folder's disk."""
        folder = self.folder.absolute()
        while not os.path.exists(folder):
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def put(self, name: str, data: bytes) -> None:
        """Write a file: flushed under another name, then renamed."""
        write_atomic(self.folder / name, data)

    def get(self, name: str) -> bytes | None:
        """Read a whole file; None where there is none."""
        path = self.folder / name
        with _explained(path):
            return read_file(path)

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read many files, one after the other."""
        return [self.get(name) for name in names]

    def open(self, name: str) -> BinaryIO:
        """Open a file to read parts of it; raises OSError where it is not there."""
        path = self.folder / name
        with _explained(path):
            return open(path, "rb")

    def exists(self, name: str) -> bool:
        """True where there is such a file."""
        path = self.folder / name
        try:
            with _explained(path):
                os.stat(path)  # not Path.exists, for which another user's file is none
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """Names directly below a folder, in no order; none where it is not there."""
        path = self.folder / folder
        try:
            with _explained(path):
                return os.listdir(path)
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        path = self.folder / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, path) from error

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
        """Hold an advisory lock; the kernel drops it when the process dies. Where there are no locks, a lease."""
        return file_lock(self.folder / name, shared=shared, wait=wait)

    def zarr_store(self, folder: str) -> ZarrStore:
        """Return zarr's view of a folder, for reading."""
        from zarr.storage import LocalStore

        return LocalStore(self.folder / folder, read_only=True)


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock; the kernel drops it when the process dies, however it dies.

    The lock file is removed by the last exclusive owner, so finished work leaves none behind. On a file system without such locks
    it is a lease on files beside it, as on an object store.

    Raises:
        Busy: `wait` is false and somebody else holds it.
        PtxError: the disk is full or may not be written.
    """
    try:
        held = _flocked(path, shared=shared, wait=wait)
    except NoLocks:
        with file_lease(path, shared=shared, wait=wait):
            yield
        return
    try:
        yield
        if not shared:
            path.unlink(missing_ok=True)
    finally:
        os.close(held)


class NoLocks(Exception):
    """The file system has no `flock`: NFS without its lock daemon, Lustre mounted without `flock`, some FUSE."""


def _flocked(path: Path, *, shared: bool, wait: bool) -> int:
    """Open a lock file and lock it; returns its descriptor, with which the lock ends."""
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _open_lock(path)
        except OSError as error:
            raise explain(error, path) from error
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            os.close(descriptor)
            raise Busy(str(path)) from None
        except OSError as error:
            os.close(descriptor)
            if error.errno not in WITHOUT_LOCKS:
                raise explain(error, path) from error
            path.unlink(missing_ok=True)
            raise NoLocks from None
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # removed between open and lock: what was locked is no longer the file others see


def _open_lock(path: Path) -> int:
    """Open a lock file, which is made where there is none; another user's, which may be read alone, can be locked as well."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise PtxError where a file is not to be read by this user, or its disk does not answer; not where there is none."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise explain_reading(error, path) from error


def _is_at(descriptor: int, path: Path) -> bool:
    """True where an open file is the one that its path names."""
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
