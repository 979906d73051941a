"""Files that are whole or not there, and locks that die with their owner; on disk, and (`remote`) at a URL."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage import remote


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is either absent (or as before) or whole, also after a power cut.

    The temporary name is derived from the target's: whoever repeats a killed write replaces what it left. Callers hold a lock that keeps
    a second writer of the same file away.

    Raises:
        PtxError: the disk is full or may not be written.
    """
    if not isinstance(path, Path):
        remote.put(path, data)
        return
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise explain(error, path) from error


def explain(error: OSError, path: Path) -> PtxError:
    """A failed write in words that say how to go on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PtxError(
            f"{path}: the disk is full. Finished blocks are safe: free some space and run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PtxError(
            f"{path}: may not be written ({error.strerror}). Name another `workspace:` or mend its permissions."
        )
    return PtxError(
        f"{path}: could not be written ({error.strerror or error}). Finished blocks are safe: run the same command again."
    )


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """`write_atomic` of JSON with sorted keys: the same value gives the same bytes."""
    write_atomic(path, (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode())


def read_json(path: Path) -> Any:
    """The value in a JSON file, or None where there is no such file or it does not parse (a torn write of an older tool)."""
    try:
        return _parsed(path.read_bytes())
    except FileNotFoundError:
        return None


def read_jsons(paths: Sequence[Path]) -> list[Any]:
    """`read_json` of many files; those at a URL are asked for at the same time."""
    if paths and not isinstance(paths[0], Path):
        return [None if data is None else _parsed(data) for data in remote.get_many(paths)]
    return [read_json(path) for path in paths]


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def list_names(folder: Path) -> list[str]:
    """Names of what is in a folder; none where it is not there."""
    if not isinstance(folder, Path):
        return remote.names(folder)
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def remove(path: Path) -> None:
    """Remove a file; nothing happens where there is none."""
    if isinstance(path, Path):
        path.unlink(missing_ok=True)
    else:
        remote.remove(path)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it; nothing happens where there is none."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        remote.remove_tree(folder)


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an advisory lock; the kernel drops it when the process dies, however it dies.

    The lock file is removed by the last exclusive owner, so finished work leaves none behind.

    Raises:
        Busy: `wait` is false and somebody else holds it.
        PtxError: the disk is full or may not be written.
    """
    if not isinstance(path, Path):
        try:
            with remote.lease(path, shared=shared, wait=wait):
                yield
        except remote.Taken as error:
            raise Busy(str(error)) from None
        return
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
        if _still_there(descriptor, path):
            break
        os.close(descriptor)  # removed between open and lock: what was locked is no longer the file others see
    try:
        yield
        if not shared:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _still_there(descriptor: int, path: Path) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
