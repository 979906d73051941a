"""Fingerprints: digests of manifests and of files, and the differences between two manifests in words."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError, name_bytes, one_line
from ptx.pipeline.folders import FileStamp, scan_files
from ptx.pipeline.storage.json_values import Json

__all__ = [
    "FileStamp", "Json", "differences", "digest", "file_stamp", "files_digest", "folder_stamp", "former_folder_stamp", "scan_files",
    "stamp_files", "stamp_table",
]  # fmt: skip


def digest(value: Json) -> str:
    """Return the hex SHA-256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differences(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """Return the differences between two manifests, one plain sentence each.

    `settings`, `inputs` and `dependencies` are told by their own names: `fit_smpl.iterations was 10, now 20`.
    """
    return [sentence for key in sorted({*old, *new}) for sentence in _changed(key, old.get(key), new.get(key))]


def _changed(key: str, old: Json, new: Json) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            inner = f"{key}.{name}" if key not in ("settings", "dependencies") else name
            yield from _changed(inner, old.get(name), new.get(name))
    elif key.startswith("inputs."):
        yield f"input {key.removeprefix('inputs.')} changed"
    elif _looks_like_digest(old) and _looks_like_digest(new):
        yield f"{key} changed"
    else:
        yield f"{key} was {_short(old)}, now {_short(new)}"


def _looks_like_digest(value: Json) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _short(value: Json) -> str:
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def stamp_files(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, FileStamp | None]]:
    """Look at files that are known by name: path of each below the root and its stamp, None where there is no such file."""
    for path in paths:
        try:
            status = os.stat(f"{root}/{path}")
        except OSError:
            yield path, None
        else:
            yield path, (status.st_size, status.st_mtime_ns)


def stamp_table(stamps: Iterable[FileStamp | None]) -> NDArray[np.int64]:
    """Return stamps as an array (N, 2), -1 where there is no file."""
    return np.array([(-1, -1) if stamp is None else stamp for stamp in stamps], np.int64).reshape(-1, 2)


def files_digest(stamps: Iterable[tuple[str, FileStamp | None]]) -> str:
    """Return the digest of files by path, size and modification time: it changes when one is added, removed or replaced."""
    total = hashlib.sha256()
    for path, stamp in stamps:
        total.update(name_bytes(f"{path}\0{stamp}\n"))
    return total.hexdigest()


def file_stamp(path: Path) -> list[int]:
    """Return the size in bytes and the modification time in ns of a file; empty where there is none."""
    if not path.is_file():
        return []
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def folder_stamp(path: Path, *endings: str) -> list[int] | str:
    """Return `file_stamp` of a file; of a folder the digest of all files with these endings below it.

    Raises:
        PtxError: the folder cannot be read.
    """
    if not path.is_dir():
        return file_stamp(path)
    try:
        return files_digest(scan_files(path, endings))
    except OSError as error:
        raise PtxError(f"{path} cannot be read: {one_line(error)}") from None


def former_folder_stamp(path: Path, *endings: str) -> list[int]:
    """Return what `folder_stamp` gave before 0.2: of a folder the number and the newest time of the files, so that some changes escaped."""
    if not path.is_dir():
        return file_stamp(path)
    files = [file.stat() for file in path.rglob("*") if file.suffix in endings]
    return [len(files), max((status.st_mtime_ns for status in files), default=0)]
