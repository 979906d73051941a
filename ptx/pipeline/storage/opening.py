"""The storage that a setting names."""

from __future__ import annotations

from pathlib import Path

from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.storage import Storage


def is_url(text: str) -> bool:
    """True where the name of a workspace is a URL and not a folder."""
    return "://" in text


def open_storage(text: str) -> Storage:
    """Return the storage that a setting names: a folder (`~` is the user's), `file://...`, or a URL that fsspec knows.

    Raises:
        PtxError: no package for this kind of URL is installed.
    """
    from ptx.pipeline.storage.objects import (
        ObjectStorage,  # here, so that a folder needs nothing of what object stores need
    )

    if text.startswith("file://"):
        return LocalStorage(Path(text.removeprefix("file://")).absolute())
    if is_url(text):
        return ObjectStorage.at(text)
    return LocalStorage(Path(text).expanduser().absolute())
