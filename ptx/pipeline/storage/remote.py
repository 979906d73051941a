"""Workspaces on object stores (s3://, gs://, ...) through fsspec: files that appear whole, and locks without a lock server.

An object store has no rename and no flock, and needs neither: an object is there whole or not at all, and "put if absent"
lets one of several win. What `durable` does with a folder on disk, this does with a URL.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from zarr.storage import FsspecStore

from ptx.pipeline.errors import PtxError, one_line

LAPSE = 60.0
"""Seconds without a renewal after which an owner counts as dead."""
RENEW = 15.0
"""Seconds between renewals."""


class Taken(Exception):
    """Somebody else holds the lease."""


def is_url(text: str) -> bool:
    """Whether a workspace's name is a URL and not a folder."""
    return "://" in text


def place(url: str) -> Path:
    """The place a URL names, which behaves as a `Path`; `file://` is a folder on disk.

    Raises:
        PtxError: no package for this kind of URL is installed.
    """
    protocol, _, rest = url.partition("://")
    if protocol == "file":
        return Path(rest).absolute()
    try:
        from upath import UPath

        # Other processes write here: what a listing said a second ago is no longer true.
        return cast(Path, UPath(url.rstrip("/"), use_listings_cache=False))
    except (ImportError, ValueError) as error:
        raise PtxError(
            f"workspace: {url} cannot be opened ({' '.join(str(error).split())}); `pip install 'ptx[remote]'`, and the "
            "fsspec package of this kind of URL (s3fs comes with it; gcsfs, adlfs)"
        ) from None


def reach(workspace: Any) -> None:
    """Make sure that a remote workspace answers.

    Raises:
        PtxError: it does not.
    """
    try:
        workspace.fs.find(workspace.path, maxdepth=1)
    except FileNotFoundError:
        return  # nothing there yet
    except Exception as error:  # every store has errors of its own
        raise PtxError(f"workspace: {workspace} cannot be reached ({one_line(error, 200)})") from None


@contextmanager
def _asking(path: Any, *expected: type[Exception]) -> Iterator[None]:
    """What a store refuses in the middle of a run, in a line: PtxError for all that is not expected."""
    try:
        yield
    except expected:
        raise
    except Exception as error:  # every store has errors of its own
        raise PtxError(
            f"{path}: the object store refuses or does not answer ({one_line(error, 200)}). Finished blocks are safe: run the same "
            "command again."
        ) from error


def put(path: Any, data: bytes) -> None:
    """Write an object: whole or not at all.

    Raises:
        PtxError: the store refuses.
    """
    with _asking(path):
        path.fs.pipe_file(path.path, data)


def get_many(paths: Sequence[Any]) -> list[bytes | None]:
    """Contents of many objects, asked for at the same time; None for those that are not there."""
    if not paths:
        return []
    with _asking(paths[0].parent):
        found = paths[0].fs.cat([p.path for p in paths], on_error="omit")
    return [found.get(p.path) for p in paths]


def names(folder: Any) -> list[str]:
    """Names of the objects directly below; none where there is nothing."""
    try:
        with _asking(folder, FileNotFoundError):
            found = folder.fs.ls(folder.path, detail=False)
    except FileNotFoundError:
        return []
    return [str(name).rstrip("/").rpartition("/")[2] for name in found]


def remove(path: Any) -> None:
    """Remove an object; nothing happens where there is none."""
    with suppress(FileNotFoundError), _asking(path, FileNotFoundError):
        path.fs.rm_file(path.path)


def remove_tree(folder: Any) -> None:
    """Remove everything below a name; nothing happens where there is nothing."""
    with suppress(FileNotFoundError), _asking(folder, FileNotFoundError):
        folder.fs.rm(folder.path, recursive=True)


def publish(folder: Path, target: Any, last: str) -> None:
    """Copy a folder on disk to a URL, the file `last` at the end: with it the whole counts as there."""
    files = sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p == folder / last)
    for file in files:
        put(target / file.relative_to(folder).as_posix(), file.read_bytes())


def zarr_store(path: Any) -> FsspecStore:
    """Zarr's view of a URL."""
    return FsspecStore.from_url(str(path), storage_options=dict(path.storage_options), read_only=True)


# --- locks ----------------------------------------------------------------------------------------------------------------------


@contextmanager
def lease(path: Any, *, shared: bool, wait: bool) -> Iterator[None]:
    """Hold a lease on a name: an object below it that is renewed while its owner lives.

    A lease is not as strict as a lock: an owner that hangs for a minute loses it and may go on writing. That is safe here:
    two who compute the same block write the same bytes.

    Raises:
        Taken: `wait` is false and somebody else holds it.
    """
    own = path / (f"shared-{uuid.uuid4().hex}" if shared else "exclusive")
    token = uuid.uuid4().hex
    seen: dict[str, tuple[bytes | None, float]] = {}
    while not _claim(path, own, token, shared, seen):
        if not wait:
            raise Taken(str(path))
        time.sleep(min(1.0, LAPSE / 20))
    stop = threading.Event()
    keeper = threading.Thread(target=_renew, args=(own, token, stop), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        if _owner(own) == token:
            remove(own)


def _claim(path: Any, own: Any, token: str, shared: bool, seen: dict[str, tuple[bytes | None, float]]) -> bool:
    """Put our object, then look who else is there: of two who come at once at least one sees the other."""
    try:
        with _asking(own, FileExistsError):
            own.fs.pipe_file(own.path, _content(token), mode="create")
    except FileExistsError:
        _bury([own], seen)
        return False
    others = [path / name for name in names(path) if name != own.name and not (shared and name.startswith("shared-"))]
    if not _bury(others, seen):
        return True
    remove(own)
    return False


def _bury(objects: Sequence[Any], seen: dict[str, tuple[bytes | None, float]]) -> bool:
    """Remove leases that have not been renewed for `LAPSE` seconds by our own clock; whether any other is left."""
    alive = False
    for one, content in zip(objects, get_many(objects), strict=True):
        if content is None:
            continue
        if seen.get(one.name, (None, 0.0))[0] != content:
            seen[one.name] = content, time.monotonic()
        if time.monotonic() - seen[one.name][1] > LAPSE:
            remove(one)
        else:
            alive = True
    return alive


def _renew(own: Any, token: str, stop: threading.Event) -> None:
    while not stop.wait(RENEW):
        with suppress(Exception):  # the store does not answer: the next renewal may
            put(own, _content(token))


def _content(token: str) -> bytes:
    return f"{token} {time.time()}".encode()


def _owner(own: Any) -> str | None:
    found = get_many([own])[0]
    return found.decode().partition(" ")[0] if found else None
