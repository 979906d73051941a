"""A long job in pieces, a file each: goes on where it was stopped, and several processes share it."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.storage.files import read_json_object, write_json
from ptx.pipeline.storage.json_values import Json
from ptx.pipeline.storage.local import file_lock
from ptx.pipeline.storage.storage import Busy

PIECE = 120
"""Frames of a piece of a film's job: those that are computed anew at most after a stop."""


@dataclass(frozen=True)
class Pieces:
    """Files `NAME-00000SUFFIX` to be made in a folder."""

    folder: Path
    """Folder of the job, which all processes share."""
    name: str
    """First part of their names."""
    suffix: str
    """Last part of their names, with the dot."""
    count: int
    """How many there are to be."""

    @property
    def paths(self) -> list[Path]:
        """All files, made or not."""
        return [self.folder / f"{self.name}-{number:05d}{self.suffix}" for number in range(self.count)]

    @property
    def done(self) -> list[int]:
        """Numbers of those that are made."""
        return [number for number, path in enumerate(self.paths) if path.exists()]

    def make(self, one: Callable[[int, Path], None], part: ArraySlice = WHOLE) -> None:
        """Make all that are missing.

        Other processes may do the same at the same time: each piece is made once, those of `part` first; then those on which nobody
        works; then those are waited for on which somebody does, or made if they died.

        Args:
            one: makes a piece, whole or not at all, of its number and path.
            part: where this process begins.
        """
        own = part.select(np.arange(self.count, dtype=np.int64)).tolist()
        order, paths = own + sorted(set(range(self.count)) - set(own)), self.paths
        for wait in (False, True):
            for number in order:
                path = paths[number]
                if path.exists():
                    continue
                try:
                    with file_lock(_lock(self.folder.with_name(f"{self.folder.name}-{path.name}")), wait=wait):
                        # In this order: a piece that is missing before its folder is there was not removed with it.
                        if not path.exists() and self.folder.exists():
                            one(number, path)
                except Busy:
                    continue


def claim(output: Path, facts: Mapping[str, Json]) -> Path:
    """Return the folder beside an output in which its pieces are; those of other facts are thrown away.

    Args:
        output: what is made of the pieces.
        facts: what the pieces depend on.
    """
    folder = output.with_name(f".{output.name}.parts")
    note = folder / "facts.json"
    with file_lock(_lock(folder)):
        if folder.exists() and read_json_object(note) != facts:
            _remove(folder)
        if not folder.exists():
            folder.mkdir(parents=True)
            write_json(note, facts)
    return folder


def finish(folder: Path, join: Callable[[], object]) -> None:
    """Put pieces together and remove their folder, unless another process that shares it has done so."""
    with file_lock(_lock(folder)):
        if folder.exists():
            join()
            _remove(folder)
            for left in folder.parent.glob(f"{glob.escape(folder.name)}-*.lock"):  # by those that were killed
                left.unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    """Remove a folder that others may look into: it is gone at once, not file by file."""
    gone = folder.with_name(f"{folder.name}.removed")
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone)


def _lock(path: Path) -> Path:
    """Path of a lock beside the folder of the pieces: it may be taken when the folder is gone."""
    return path.with_name(f"{path.name}.lock")
