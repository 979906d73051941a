"""Files that other libraries write, moved to their place when they are whole."""

from __future__ import annotations

import os
from pathlib import Path

from ptx.pipeline.storage.files import sync_folder


def move_whole(unfinished: Path, path: Path) -> None:
    """Move a finished file to its place, so that it is there whole, also after a power cut."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    sync_folder(path.parent)
