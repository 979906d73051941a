"""The storage of a workspace: whole files under relative names, and locks that die with their owner."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, runtime_checkable

if TYPE_CHECKING:
    from zarr.abc.store import Store as ZarrStore


class Busy(Exception):
    """Somebody else holds the lock."""


@runtime_checkable
class Storage(Protocol):
    """A folder on disk or a prefix of an object store, with the names of files relative to it, such as `flow.zarr/zarr.json`.

    `str()` of it is the folder or URL, for messages. Instances are hashable and picklable: they travel to the workers. Methods
    raise PtxError, one line with the cure, where the disk is full or may not be written, or the object store refuses.
    """

    def __hash__(self) -> int: ...

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None at a URL."""
        ...

    def check(self) -> None:
        """Make sure that it answers.

        Raises:
            PtxError: it does not.
        """
        ...

    def free_bytes(self) -> int | None:
        """Bytes that can still be written; None where nobody knows."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Write a file: afterwards it is whole, also if the machine dies meanwhile."""
        ...

    def get(self, name: str) -> bytes | None:
        """Read a whole file; None where there is none."""
        ...

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read many files, at the same time where asking takes long; None for those that are not there."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file to read parts of it.

        Raises:
            OSError: it is not there or cannot be read.
        """
        ...

    def exists(self, name: str) -> bool:
        """True where there is such a file."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names directly below a folder, in no order; none where it is not there."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        ...

    def remove_tree(self, folder: str) -> None:
        """Remove a folder with everything below it; nothing happens where there is none."""
        ...

    def rename(self, folder: str, target: str) -> bool:
        """Rename a folder in one step; a missing one is left alone.

        Returns:
            False, with nothing done, where the storage has no rename.
        """
        ...

    def publishing(self, folder: str, last: str) -> AbstractContextManager[Path]:
        """Yield an empty folder on this machine; what is laid out there appears as `folder` at the end of the `with` block.

        Until the file `last` is there, nothing counts as there.
        """
        ...

    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> AbstractContextManager[None]:
        """Hold an advisory lock; it is free again when its owner dies, however it dies.

        Raises:
            Busy: `wait` is false and somebody else holds it.
        """
        ...

    def zarr_store(self, folder: str) -> ZarrStore:
        """Return zarr's view of a folder, for reading."""
        ...
