"""Fingerprints: digests of manifests, and the differences between two manifests in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ptx.pipeline.storage.json_values import Json

__all__ = ["Json", "differences", "digest", "file_stamp", "folder_stamp"]


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


def file_stamp(path: Path) -> list[int]:
    """Return the size in bytes and the modification time in ns of a file; empty where there is none."""
    if not path.is_file():
        return []
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def folder_stamp(path: Path, *endings: str) -> list[int]:
    """Return `file_stamp` of a file; of a folder the number and the newest time of the files with these endings below it."""
    if not path.is_dir():
        return file_stamp(path)
    files = [file.stat() for file in path.rglob("*") if file.suffix in endings]
    return [len(files), max((status.st_mtime_ns for status in files), default=0)]
