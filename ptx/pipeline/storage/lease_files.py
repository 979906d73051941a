"""Leases on a file system without `flock`: the objects that they are made of are small files in a folder of the lock's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ptx.pipeline.storage.files import explain, read_file
from ptx.pipeline.storage.leases import lease

ENDING = ".lease"
"""Ending of the folder in which a lease stands in for a lock file."""


@contextmanager
def file_lease(lock: Path, *, shared: bool, wait: bool) -> Iterator[None]:
    """Hold a lease in place of a lock file, and leave no file behind.

    Raises:
        Busy: `wait` is false and somebody else holds it.
        PtxError: the disk is full or may not be written.
    """
    name = f"{lock.name}{ENDING}"
    try:
        with lease(LeaseFiles(lock.parent), name, shared=shared, wait=wait):
            yield
    finally:
        with suppress(OSError):  # another holds it, or wants it
            lock.with_name(name).rmdir()


@dataclass(frozen=True)
class LeaseFiles:
    """Files of a folder as `leases.Objects`; exclusive creation is what also NFS and FUSE keep to."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file unless there is one; False where there is."""
        path = self.folder / name
        while True:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "xb") as file:
                    file.write(data)
            except FileExistsError:
                return False
            except FileNotFoundError:
                continue  # the one before has just removed the folder
            except OSError as error:
                raise explain(error, path) from error
            return True

    def put(self, name: str, data: bytes) -> None:
        """Write a file, not atomically: whoever reads half of it sees that it has changed, which is all there is to see."""
        (self.folder / name).write_bytes(data)

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read files; None for those that are not there."""
        return [read_file(self.folder / name) for name in names]

    def names(self, folder: str) -> list[str]:
        """Names of the files directly below a folder."""
        try:
            return os.listdir(self.folder / folder)
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        (self.folder / name).unlink(missing_ok=True)
