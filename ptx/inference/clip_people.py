"""Who is who in a clip: stretches put together, and one person's keypoints in all frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.openpose_files import read_pose_folder
from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.hands import HAND_POINTS
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.geometry.keypoints import longer_sides, valid_keypoints
from ptx.geometry.motion import Observed
from ptx.inference.clip_detection import Floats, Ints, Stretch
from ptx.inference.clip_sides import Sighted, with_steady_sides
from ptx.pipeline.errors import PtxError

SAME_PLACE = 0.25
"""Mean distance of keypoints in the frame that two stretches share, over the person's size, up to which they are one person."""

ALIKE = 1.2
"""Sum of absolute differences of two people's colours, of 4 at most, up to which somebody who comes again is the same."""


class PersonInClip(NamedTuple):
    """What a clip of T frames shows of one person."""

    observed: Observed
    """Keypoints a frame, and the cuts."""
    hands: Floats
    """(T, 2, 21, 3) px, confidence."""
    there: NDArray[np.bool_]
    """(T,) they are detected."""


@dataclass
class _Person:
    """Somebody who is put together of tracks."""

    colours: Floats
    """(2, 4, 4, 4) of their clothes."""
    rows: list[tuple[int, Ints]] = field(default_factory=list)
    """Number of a stretch, and rows of it."""
    frames: set[int] = field(default_factory=set)
    """Frames that show them."""
    size: float = 0.0
    """Sum over the frames of the area, px², of the box around them."""


def people_of(stretches: Sequence[Stretch]) -> list[PersonInClip]:
    """Put people together, the largest over the clip first.

    Neighbouring stretches share a frame, the last of one being the first of the next: who is in the same place there is the same. Who
    comes again after a gap or a cut is the one of those who are not there whose clothes are most alike.

    Args:
        stretches: of the whole clip, in order.
    """
    people: list[_Person] = []
    before: dict[int, _Person] = {}
    for number, stretch in enumerate(stretches):
        now: dict[int, _Person] = {}
        for track in range(len(stretch.colours)):
            rows = np.flatnonzero(stretch.track == track)
            frames = set(stretch.frame[rows].tolist())
            person = _continued(stretch, rows, stretches[number - 1], before) if number else None
            if person is None:
                person = _alike(stretch.colours[track], people, frames)
            if person is None:
                person = _Person(stretch.colours[track])
                people.append(person)
            person.rows.append((number, rows))
            person.frames |= frames
            person.size += float((longer_sides(stretch.keypoints[rows]) ** 2).sum())
            now[track] = person
        before = now
    people.sort(key=lambda person: -person.size)
    return [_gathered(person, stretches) for person in people]


def person_of_folder(folder: Path, rows: slice) -> tuple[PersonInClip, tuple[int, int]]:
    """Read somebody's keypoints from a folder of OpenPose's files, one a frame.

    Args:
        folder: of the files.
        rows: frames that are wanted.

    Returns:
        What they show of the largest person, without depth and hands, and height and width, px, of the pictures: as the files tell, or
        as large as the farthest keypoint.

    Raises:
        PtxError: as `read_pose_folder`, or there are no frames, or nobody is in them.
    """
    found = read_pose_folder(folder)[rows]
    known = [(frame, one) for frame, one in enumerate(found) if one is not None]
    if not known:
        raise PtxError(f"{folder}: nobody is found in any frame of it")
    frames = np.array([frame for frame, _ in known])
    keypoints = _laid(np.stack([one.keypoints for _, one in known]).astype(np.float32), frames, len(found))
    count = len(found)
    deep, landmarks = np.zeros((count, KEYPOINT_COUNT, 4), np.float32), np.zeros((count, len(LANDMARKS), 3), np.float32)
    there = np.isin(np.arange(count), frames)
    observed = Observed(keypoints, deep, landmarks, np.zeros(0, np.int64))
    width, height = np.ceil(np.nanmax(keypoints[..., :2], axis=(0, 1))).astype(int).tolist()
    size = known[0][1].size or (height + 1, width + 1)
    return PersonInClip(observed, np.zeros((count, 2, HAND_POINTS, 3), np.float32), there), size


def chosen(people: Sequence[PersonInClip], person: int | None, name: str) -> PersonInClip:
    """Return a person of a clip, by their number from 1 in order of size; the largest where None; raises PtxError."""
    if not people:
        raise PtxError(f"{name}: nobody is found in any frame of it")
    if person is not None and not 1 <= person <= len(people):
        raise PtxError(f"--person {person}: {name} shows {len(people)}, numbered from 1, the largest first")
    return people[(person or 1) - 1]


def _continued(stretch: Stretch, rows: Ints, last: Stretch, before: dict[int, _Person]) -> _Person | None:
    """Return who of the stretch before is in the same place in the frame that both share."""
    mine = rows[stretch.frame[rows] == stretch.first]
    if not len(mine):
        return None
    best, nearest = None, SAME_PLACE
    for track, person in before.items():
        theirs = np.flatnonzero((last.track == track) & (last.frame == stretch.first))
        if len(theirs):
            distance = _distance(stretch.keypoints[mine[0]], last.keypoints[theirs[0]])
            if distance < nearest:
                best, nearest = person, distance
    return best


def _alike(colours: Floats, people: Sequence[_Person], frames: set[int]) -> _Person | None:
    """Return who of those whom none of some frames shows wears clothes of the likest colours."""
    free = [person for person in people if not person.frames & frames]
    apart = [float(np.abs(person.colours - colours).sum()) for person in free]
    if not apart or min(apart) > ALIKE:
        return None
    return free[int(np.argmin(apart))]


def _gathered(person: _Person, stretches: Sequence[Stretch]) -> PersonInClip:
    """Lay a person's sightings into arrays of all frames; those of the later stretch count where two share a frame."""
    count = stretches[-1].first + stretches[-1].length
    cuts = np.unique(np.concatenate([stretch.cuts for stretch in stretches]))
    joined = Sighted.joined([_sighted(stretches[number]).at(rows) for number, rows in person.rows])
    frames, last = np.unique(joined.frame[::-1], return_index=True)
    sighted = with_steady_sides(joined.at(len(joined.frame) - 1 - last), cuts)
    there = np.zeros(count, np.bool_)
    there[frames] = True
    keypoints, keypoints3d, landmarks, hands = (
        _laid(array, frames, count)
        for array in (sighted.keypoints, sighted.keypoints3d, sighted.landmarks, sighted.hands)
    )
    return PersonInClip(Observed(keypoints, keypoints3d, landmarks, cuts), hands, there)


def _sighted(stretch: Stretch) -> Sighted:
    """Return all sightings of a stretch, whoever they are of."""
    return Sighted(
        stretch.frame, stretch.keypoints, stretch.keypoints3d, stretch.landmarks, stretch.hands, stretch.evidence
    )


def _laid(points: Floats, frames: Ints, count: int) -> Floats:
    """Lay points (N, ..., n) of some frames into an array (T, ..., n), where others are missing: NaN, confidence 0."""
    out = np.full((count, *points.shape[1:]), np.nan, np.float32)
    out[..., -1] = 0
    out[frames] = points
    return out


def _distance(one: Floats, other: Floats) -> float:
    """Mean distance of the keypoints (18, 3) that two share, over the larger's size; infinite where they share none."""
    both = valid_keypoints(one) & valid_keypoints(other)
    if not both.any():
        return np.inf
    size = max(longer_sides(one), longer_sides(other), 1.0)
    return float(np.linalg.norm(one[both, :2] - other[both, :2], axis=1).mean() / size)
