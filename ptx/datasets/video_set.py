"""Films of people as a data set: `data.kind: video`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.colour import Profile
from ptx.datasets.data_set import BoxFinder, DataSet, OwnSplitSettings, WorkingImage
from ptx.datasets.folder import numbered, test_split
from ptx.datasets.images import crop_and_resize
from ptx.datasets.picture_files import image_ids
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import BadSample, PtxError, one_line, printable
from ptx.pipeline.fingerprint import files_digest, stamp_table
from ptx.pipeline.folders import Walk, describe_left_out, walk
from ptx.pipeline.stage import Listing
from ptx.video.decoding import film_frames
from ptx.video.reading import ClipReader

ENDINGS = (
    ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv", ".gif",
)  # fmt: skip
"""Endings of the films that are read."""

NUMBER = "#"
"""Separator of a film's path and the number of a frame of it."""


class VideoData(OwnSplitSettings):
    """A folder of films, each of one person."""

    kind: Literal["video"]
    root: AbsolutePath
    """The folder of the films, at any depth."""
    every: Annotated[int, Field(ge=1)] = 12
    """Use one of so many frames of a film."""
    max_pairs_per_person: Annotated[int, Field(ge=1)] = 500
    """Keep at most this many (undirected) pairs of a person."""


class Frame(NamedTuple):
    """A frame of a film that takes part."""

    film: str
    """Path of the film below the root."""
    number: int
    """Of the frame, from 0, at the film's average rate."""

    @property
    def path(self) -> str:
        """The film's path, and the number after a #."""
        return f"{self.film}{NUMBER}{self.number}"


@dataclass(frozen=True)
class VideoSet(DataSet[VideoData]):
    """The user's own films. Frames are decoded when they are read, from the keyframe before each."""

    @property
    def root(self) -> Path:
        """The folder."""
        return self.settings.root

    @property
    def layout(self) -> str:
        """Two frames of a film."""
        return "films of a second or more: two frames of each, `data.every`"

    def listing(self) -> Listing:
        """List the films as they are now, each as often as frames of it take part, by the lengths that their heads say.

        Raises:
            PtxError: the folder is not there, holds none, or PyAV is missing.
        """
        found, data = self._walk(), self.settings
        films = list(found.files)
        names = dict(zip(films, image_ids(films), strict=True))
        counts = {film: film_frames(self.root / film) for film in films}
        frames = [Frame(film, number) for film in films for number in range(0, counts[film] or 1, data.every)]
        persons = [frame.film for frame in frames]
        text = repr((data.every, data.max_pairs_per_person, data.test_fraction, list(counts.items())))
        return Listing(
            [f"{names[frame.film]}_{frame.number:06d}" for frame in frames],
            [frame.path for frame in frames],
            numbered(persons),
            test_split(persons, data.test_fraction),
            some_pairs_within(numbered(persons), data.max_pairs_per_person),
            hashlib.sha256(f"{text} {files_digest(found.files.items())}".encode()).hexdigest(),
            stamps=stamp_table(found.files[frame.film] for frame in frames),
            notes=[*describe_left_out(found, {}), *_unknown_line([film for film in films if counts[film] is None])],
        )

    def _walk(self) -> Walk:
        """Find films below the folder."""
        root = self.root
        if not root.is_dir():
            raise PtxError(f"data.root: {root} is no folder; name the folder that holds the films")
        try:
            found = walk(root, ENDINGS, self.context.own_folders)
        except OSError as error:
            raise PtxError(f"data.root: {root} cannot be read: {one_line(error)}") from None
        if not found.files:
            notes = "; ".join(("", *describe_left_out(found, {})))
            raise PtxError(f"data.root: {root} holds no films ({', '.join(ENDINGS)}){notes}")
        return found

    def read(self, index: int, find_box: BoxFinder | None) -> WorkingImage:
        """Decode, crop and resize a frame.

        Raises:
            BadSample: the film cannot be read, or ends before.
        """
        path = self.paths[index]
        film, _, number = path.rpartition(NUMBER)
        with self._open(self.root / film) as clip:
            image = clip.frame(int(number))
            damage = clip.damage
        if image is None:
            raise BadSample(
                "damaged_film", f"{film} {damage or 'is shorter than it says'}, frame {number} is not there"
            )
        box = find_box(image, path) if find_box else None
        working, transform = crop_and_resize(image, box, self.context.size)
        return WorkingImage(working, transform, (image.shape[0], image.shape[1]))

    def probe(self, file: Path) -> Profile:
        """Read a film's first frame; raises BadSample where it cannot be read."""
        with self._open(file):
            return "none"

    def _open(self, film: Path) -> ClipReader:
        if not film.is_file():
            raise BadSample("missing_file", f"{film.name} is not there")
        try:
            return ClipReader(film, max_pixels=self.context.max_pixels)
        except PtxError as error:
            raise BadSample("damaged_film", str(error).replace(str(film), film.name)) from None


def _unknown_line(films: list[str]) -> list[str]:
    """Return a line on the films of unknown length, if there are any."""
    line = f"films that do not say how long they are, of which the first frame is used: {len(films)}"
    return [f"{line} ({printable(films[0])})"] if films else []


def some_pairs_within(groups: NDArray[np.int32], most: int) -> NDArray[np.int32]:
    """Return pairs of images of the same group, at most `most` of each, spread evenly over all of its pairs.

    Args:
        groups: (N,) group of each image, in order.
        most: undirected pairs.

    Returns:
        (P, 2) directed; both directions are neighbours.
    """
    pairs = []
    for first, stop in zip(*_runs(groups), strict=True):
        count = stop - first
        total = count * (count - 1) // 2
        kept = min(most, total)
        for k in range(kept):
            place = k * total // kept
            later = (1 + isqrt(1 + 8 * place)) // 2  # pairs (a, b), a < b, in the order of b, then a: b (b - 1) / 2 + a
            earlier = place - later * (later - 1) // 2
            pairs += [(first + earlier, first + later), (first + later, first + earlier)]
    return np.array(pairs, np.int32).reshape(-1, 2)


def _runs(groups: NDArray[np.int32]) -> tuple[list[int], list[int]]:
    """Return where each group begins and where it ends."""
    starts = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist()]
    return starts, [*starts[1:], len(groups)]
