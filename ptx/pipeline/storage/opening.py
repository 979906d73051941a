"""The storage that a setting names."""

from __future__ import annotations

import os
from pathlib import Path

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.local import LocalStorage
from ptx.pipeline.storage.storage import Storage


def is_url(text: str) -> bool:
    """True where the name of a workspace is a URL and not a folder."""
    return "://" in text


def absolute_path(path: str | Path) -> Path:
    """Return a path from the root; a leading `~` is the user's folder.

    Raises:
        PtxError: nobody knows the user's folder: HOME is not set, as in some containers, or there is no such user.
    """
    text = os.path.expanduser(path)  # not Path's own: `./~` is no user's folder
    if text.startswith("~"):
        raise PtxError(f"{path}: the folder that ~ stands for is not known here (HOME is not set?): write it out")
    return Path(text).absolute()


def open_storage(text: str) -> Storage:
    """Return the storage that a setting names: a folder (`~` is the user's), `file://...`, or a URL that fsspec knows.

    Raises:
        PtxError: no package for this kind of URL is installed.
    """
    from ptx.pipeline.storage.objects import (
        ObjectStorage,  # here, so that a folder needs nothing of what object stores need
    )

    if text.startswith("file://"):
        return LocalStorage(absolute_path(text.removeprefix("file://")))
    if is_url(text):
        return ObjectStorage.at(text)
    return LocalStorage(absolute_path(text))
