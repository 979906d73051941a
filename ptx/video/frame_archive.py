"""Frames kept without loss in one file: segments of a GIF, whose palette is chosen when all of them are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import explain
from ptx.video.atomic import move_whole

Image = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W, 4) with alpha."""


def write_archive(path: Path, frames: Iterable[Image]) -> None:
    """Write frames as PNGs of a ZIP file; the file is whole or not there.

    Raises:
        PtxError: the disk is full or may not be written.
    """
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        with ZipFile(unfinished, "w", ZIP_STORED) as archive:
            for number, image in enumerate(frames):
                order = cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
                _, png = cv2.imencode(".png", cv2.cvtColor(image, order), [cv2.IMWRITE_PNG_COMPRESSION, 1])
                archive.writestr(f"{number:08d}.png", png.tobytes())
        move_whole(unfinished, path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_archive(path: Path) -> Iterator[Image]:
    """Read frames one after the other.

    Raises:
        PtxError: the file is damaged.
    """
    with ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            image = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_UNCHANGED)
            if image is None:
                raise PtxError(f"{path}: is damaged: remove it and run the same command again")
            yield np.asarray(
                cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA), np.uint8
            )
