"""Storage on object stores (s3://, gs://, ...) through fsspec: files that appear whole, and leases in place of locks.

An object store has no rename and no `flock`, and needs neither: an object is there whole or not at all, and "put if absent"
lets one of several win.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

from ptx.pipeline.errors import PtxError, one_line
from ptx.pipeline.storage.leases import lease

if TYPE_CHECKING:
    from zarr.abc.store import Store as ZarrStore

OPTIONS = {"use_listings_cache": False}
"""Options of fsspec's file systems: other processes write here, so what a listing said a second ago is no longer true."""

MAX_ERROR_LENGTH = 200
"""Characters of a store's own error that a message repeats, at most."""


class FileSystem(Protocol):
    """The methods of fsspec's file systems that are used here; fsspec has no types of its own."""

    def pipe_file(self, path: str, value: bytes, mode: Literal["overwrite", "create"] = "overwrite") -> None:
        """Write an object; with mode `create` raises FileExistsError where there is one."""
        ...

    def cat(self, path: list[str], *, on_error: Literal["return"]) -> Mapping[str, bytes | Exception]:
        """Read objects at the same time; the error of each that cannot be read stands in its place."""
        ...

    def open(self, path: str, mode: Literal["rb"]) -> BinaryIO:
        """Open an object."""
        ...

    def exists(self, path: str) -> bool:
        """True where there is an object."""
        ...

    def ls(self, path: str, *, detail: Literal[False]) -> Sequence[str]:
        """List names; raises FileNotFoundError where there is nothing."""
        ...

    def find(self, path: str, *, maxdepth: int) -> Sequence[str]:
        """List objects below a name."""
        ...

    def rm_file(self, path: str) -> None:
        """Remove an object."""
        ...

    def rm(self, path: str, *, recursive: Literal[True]) -> None:
        """Remove all objects below a name."""
        ...


@lru_cache(maxsize=8)
def open_file_system(url: str) -> tuple[FileSystem, str]:
    """Connect to a store, once a process; returns fsspec's file system and the path of the URL within it."""
    from fsspec.core import url_to_fs

    opened: tuple[FileSystem, str] = url_to_fs(url, **OPTIONS)
    return opened


@contextmanager
def translate_errors(where: str, *expected: type[Exception]) -> Iterator[None]:
    """Raise PtxError, one line with the cure, for whatever a store refuses in the middle of a run, but for what is expected."""
    try:
        yield
    except expected:
        raise
    except Exception as error:  # every store has errors of its own
        raise PtxError(
            f"{where}: the object store refuses or does not answer ({one_line(error, MAX_ERROR_LENGTH)}). "
            "Finished blocks are safe: run the same command again."
        ) from error


@dataclass(frozen=True)
class ObjectStorage:
    """Everything below a URL, opened when it is first used, in each process anew."""

    url: str

    @classmethod
    def at(cls, url: str) -> ObjectStorage:
        """Return the storage at a URL.

        Raises:
            PtxError: no package for this kind of URL is installed.
        """
        from fsspec import get_filesystem_class

        try:
            get_filesystem_class(url.partition("://")[0])
        except (ImportError, ValueError) as error:
            raise PtxError(
                f"workspace: {url} cannot be opened ({one_line(error, MAX_ERROR_LENGTH)}); `pip install 'ptx[remote]'`, and the "
                "fsspec package of this kind of URL (s3fs comes with it; gcsfs, adlfs)"
            ) from None
        return cls(url.rstrip("/"))

    def __str__(self) -> str:
        return self.url

    @property
    def folder(self) -> Path | None:
        """None: it is on no machine of ours."""
        return None

    @property
    def _files(self) -> FileSystem:
        return open_file_system(self.url)[0]

    def _path(self, name: str) -> str:
        return f"{open_file_system(self.url)[1]}/{name}"

    def _where(self, name: str) -> str:
        return f"{self.url}/{name}"

    def check(self) -> None:
        """Make sure that the store answers.

        Raises:
            PtxError: it does not.
        """
        try:
            files, path = open_file_system(self.url)
            files.find(path, maxdepth=1)
        except FileNotFoundError:
            return  # nothing there yet
        except Exception as error:  # every store has errors of its own
            raise PtxError(f"workspace: {self.url} cannot be reached ({one_line(error, MAX_ERROR_LENGTH)})") from None

    def free_bytes(self) -> int | None:
        """None: an object store has no end that could be asked for."""
        return None

    # --- files --------------------------------------------------------------------------------------------------------------------

    def put(self, name: str, data: bytes) -> None:
        """Write an object: whole or not at all."""
        with translate_errors(self._where(name)):
            self._files.pipe_file(self._path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one; False where there is."""
        try:
            with translate_errors(self._where(name), FileExistsError):
                self._files.pipe_file(self._path(name), data, mode="create")
        except FileExistsError:
            return False
        return True

    def get(self, name: str) -> bytes | None:
        """Read an object; None where there is none."""
        return self.get_many([name])[0]

    def get_many(self, names: Sequence[str]) -> list[bytes | None]:
        """Read many objects at the same time; None for those that are not there."""
        if not names:
            return []
        paths = [self._path(name) for name in names]
        with translate_errors(self._where(names[0].rpartition("/")[0])):
            answers = self._files.cat(paths, on_error="return")
            return [_contents(answers[path]) for path in paths]

    def open(self, name: str) -> BinaryIO:
        """Open an object to read parts of it; raises OSError where it is not there."""
        with translate_errors(self._where(name), OSError):
            return self._files.open(self._path(name), "rb")

    def exists(self, name: str) -> bool:
        """True where there is such an object."""
        with translate_errors(self._where(name)):
            return self._files.exists(self._path(name))

    def names(self, folder: str) -> list[str]:
        """Names directly below a folder, in no order; none where there is nothing."""
        try:
            with translate_errors(self._where(folder), FileNotFoundError):
                paths = self._files.ls(self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        return [path.rstrip("/").rpartition("/")[2] for path in paths]

    def remove(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with suppress(FileNotFoundError), translate_errors(self._where(name), FileNotFoundError):
            self._files.rm_file(self._path(name))

    def remove_tree(self, folder: str) -> None:
        """Remove everything below a name; nothing happens where there is nothing."""
        with suppress(FileNotFoundError), translate_errors(self._where(folder), FileNotFoundError):
            self._files.rm(self._path(folder), recursive=True)

    # --- folders and locks --------------------------------------------------------------------------------------------------------

    def rename(self, folder: str, target: str) -> bool:
        """Return False: a rename would be a copy of every object."""
        del folder, target
        return False

    @contextmanager
    def publishing(self, folder: str, last: str) -> Iterator[Path]:
        """Yield an empty folder on this machine; its files are copied at the end, `last` after all others."""
        with tempfile.TemporaryDirectory() as temporary:
            made = Path(temporary)
            yield made
            files = (path for path in made.rglob("*") if path.is_file())
            for file in sorted(files, key=lambda path: path == made / last):
                self.put(f"{folder}/{file.relative_to(made).as_posix()}", file.read_bytes())

    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> AbstractContextManager[None]:
        """Hold a lease; raises Busy."""
        return lease(self, name, shared=shared, wait=wait)

    def zarr_store(self, folder: str) -> ZarrStore:
        """Return zarr's view of a folder, for reading."""
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(self._where(folder), storage_options=dict(OPTIONS), read_only=True)


def _contents(answer: bytes | Exception) -> bytes | None:
    """Return the contents of an object, None where there is none; any other error is raised."""
    if isinstance(answer, FileNotFoundError):
        return None
    if isinstance(answer, Exception):
        raise answer
    return answer
