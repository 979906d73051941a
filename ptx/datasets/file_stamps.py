"""Stamps of files that other tools wrote, one an image: by them a file that is mended is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.named_files import NamedFiles
from ptx.pipeline.fingerprint import stamp_table
from ptx.pipeline.folders import FileStamp


def named_file_stamps(folder: Path, paths: Sequence[str], endings: Sequence[str]) -> NDArray[np.int64]:
    """Look at the file of each image (`NamedFiles`).

    Returns:
        (N, 2) bytes and modification time in ns, -1 where an image has none.
    """
    files = NamedFiles(folder, paths, endings)

    def stamp(path: str) -> FileStamp | None:
        try:
            status = files.find(path).stat()
        except OSError:  # none is called so, or it went away meanwhile
            return None
        return status.st_size, status.st_mtime_ns

    return stamp_table(map(stamp, paths))
