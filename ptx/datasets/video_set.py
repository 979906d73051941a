"""Films of people as a data set: `data.kind: video`."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from math import isqrt
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ptx.datasets.colour import Profile
from ptx.datasets.data_set import Annotation, BoxFinder, DataSet, OwnSplitSettings, PersonKeypoints, WorkingImage
from ptx.datasets.folder import numbered, test_split
from ptx.datasets.images import Box, apply_transform, box_around, crop_and_resize
from ptx.datasets.keypoint_source import NO_3D
from ptx.datasets.openpose_files import read_people
from ptx.datasets.persons import FoundPerson
from ptx.datasets.picture_files import image_ids
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.config import AbsolutePath
from ptx.pipeline.errors import BadSample, PtxError, one_line, printable
from ptx.pipeline.fingerprint import files_digest, stamp_files, stamp_table
from ptx.pipeline.folders import Walk, describe_left_out, walk
from ptx.pipeline.stage import Listing
from ptx.video.decoding import film_frames
from ptx.video.reading import ClipReader

ENDINGS = (
    ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv", ".gif",
)  # fmt: skip
"""Endings of the films that are read."""

ALONE = -1
"""Number of the person of a film through which nobody is followed."""


UNKNOWN = "films that do not say how long they are, of which the first frame is used at most"
"""Begins a line on such films."""

UNFOLLOWED = "films left out, since data.poses has no folder for them with a file a frame, as `ptx pose FILM -o FOLDER/FILM` writes it"
"""Begins a line on such films."""


class VideoData(OwnSplitSettings):
    """A folder of films of people."""

    kind: Literal["video"]
    root: AbsolutePath
    """The folder of the films, at any depth."""
    poses: AbsolutePath | None = None
    """A folder in which `ptx pose FILM -o FOLDER/FILM` wrote the people of each film whole, FILM being its path below the root without
    ending. Everyone who is followed through a film is a person, cut out of it. Without it each film is of one person."""
    every: Annotated[int, Field(ge=1)] = 12
    """Use one of so many frames of a film."""
    max_pairs_per_person: Annotated[int, Field(ge=1)] = 500
    """Keep at most this many (undirected) pairs of a person."""

    @property
    def lacks(self) -> frozenset[Annotation]:
        """Keypoints, where nobody wrote them."""
        return frozenset({"keypoints"}) if self.poses is None else frozenset()


class Frame(NamedTuple):
    """A person in a frame of a film."""

    film: str
    """Path of the film below the root."""
    person: int
    """Number of who is followed through the film; ALONE where nobody is."""
    number: int
    """Of the frame, from 0, at the film's average rate."""

    @property
    def path(self) -> str:
        """The film's path, the frame's number after a #, and the person's after another."""
        return f"{self.film}#{self.number}" + (f"#{self.person}" if self.person != ALONE else "")

    @property
    def poses_path(self) -> str:
        """Path of the frame's keypoints below the folder of poses, as `ptx pose` names them."""
        film = PurePosixPath(self.film)
        return f"{film.with_suffix('')}/{film.stem}_{self.number:012d}_keypoints.json"


def read_frame(path: str) -> Frame:
    """Return the frame of a `Frame.path`."""
    matched = re.fullmatch(r"(.*?)#(\d+)(?:#(\d+))?", path, re.DOTALL)
    assert matched is not None
    film, number, person = matched.groups()
    return Frame(film, ALONE if person is None else int(person), int(number))


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
        counts = {film: film_frames(self.root / film, self.context.max_pixels) for film in films}
        notes = [*describe_left_out(found, {}), *_line(UNKNOWN, [film for film in films if counts[film] is None])]
        if data.poses is None:
            frames = [Frame(film, ALONE, k) for film in films for k in range(0, counts[film] or 1, data.every)]
        else:
            followed = [film for film in films if self._is_followed(film, counts[film])]
            frames = [frame for film in followed for frame in self._people(film, counts[film] or 1)]
            if not frames:
                raise PtxError(
                    f"data.poses: {data.poses} has people of none of the films: `ptx pose {self.root / films[0]} "
                    f"-o {(data.poses / Frame(films[0], ALONE, 0).poses_path).parent}` writes those of the first"
                )
            notes += _line(UNFOLLOWED, sorted(set(films).difference(followed)))
        persons = numbered([frame[:2] for frame in frames])
        text = repr((data.every, data.max_pairs_per_person, data.test_fraction, list(counts.items()), frames))
        poses = (
            [] if data.poses is None else list(stamp_files(data.poses, sorted({frame.poses_path for frame in frames})))
        )
        return Listing(
            [
                f"{names[frame.film]}_{frame.number:06d}" + (f"_{frame.person}" if frame.person != ALONE else "")
                for frame in frames
            ],
            [frame.path for frame in frames],
            persons,
            test_split([frame.film for frame in frames], data.test_fraction),
            some_pairs_within(persons, data.max_pairs_per_person),
            hashlib.sha256(f"{text} {files_digest(found.files.items())}".encode()).hexdigest(),
            files_digest([*found.files.items(), *poses]) if poses else None,
            None if poses else stamp_table(found.files[frame.film] for frame in frames),
            notes,
        )

    def _is_followed(self, film: str, count: int | None) -> bool:
        """True where `ptx pose` wrote a file for each frame of a film."""
        assert self.settings.poses is not None
        folder = (self.settings.poses / Frame(film, ALONE, 0).poses_path).parent
        return count is not None and abs(sum(1 for _ in folder.glob("*_keypoints.json")) - count) <= 1

    def _people(self, film: str, count: int) -> list[Frame]:
        """Return the people of every n-th frame of a film, person after person."""
        frames = []
        for number in range(0, count, self.settings.every):
            with suppress(BadSample):  # nobody is there
                frames += [
                    Frame(film, one.number, number)
                    for one in self._found(Frame(film, ALONE, number))
                    if one.number >= 0
                ]
        return sorted(frames)

    def _found(self, frame: Frame) -> list[FoundPerson]:
        """Return the people of a frame; raises BadSample."""
        assert self.settings.poses is not None
        return read_people(self.settings.poses / frame.poses_path)

    def keypoints(self, frame: Frame, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the keypoints (18, 3) of a person in px of the frame, whose height and width are `size`; raises BadSample."""
        one = next((one for one in self._found(frame) if one.number == frame.person), None)
        if one is None:
            raise BadSample("no_person", f"person {frame.person} is not in {frame.poses_path}")
        height, width = one.size or size
        return one.keypoints * np.array([size[1] / width, size[0] / height, 1], np.float32)

    def keypoint_source(self) -> FollowedKeypoints:
        """Open the keypoints of the people who are followed."""
        return FollowedKeypoints(self)

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
        frame = read_frame(path)
        with self._open(self.root / frame.film) as clip:
            image = clip.frame(frame.number)
            damage = clip.damage or "is shorter than it says"
        if image is None:
            raise BadSample("damaged_film", f"{frame.film} {damage}, frame {frame.number} is not there")
        size = image.shape[0], image.shape[1]
        if frame.person != ALONE:
            box: Box | None = box_around(self.keypoints(frame, size), size)
        else:
            box = find_box(image, path) if find_box else None
        working, transform = crop_and_resize(image, box, self.context.size)
        return WorkingImage(working, transform, size)

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


@dataclass(frozen=True)
class FollowedKeypoints:
    """Keypoints of people who are followed through films."""

    data: VideoSet

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Return a person's keypoints in working pixels."""
        keypoints = self.data.keypoints(read_frame(self.data.paths[index]), picture.original)
        keypoints[:, :2] = apply_transform(picture.transform, keypoints[:, :2])
        return PersonKeypoints(mask_outside(keypoints, picture.image.shape[:2]), NO_3D)


def _line(what: str, films: list[str]) -> list[str]:
    """Return a line on some films, if there are any."""
    return [f"{what}: {len(films)} ({printable(films[0])})"] if films else []


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
