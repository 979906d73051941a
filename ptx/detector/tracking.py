"""People through the frames of a video: detected now and then, followed from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ptx.detector.keypoints import Details, Detection, Networks, as_detection
from ptx.detector.network import Floats, Image
from ptx.detector.people import same_person
from ptx.detector.pose import Pose
from ptx.detector.sides import facing, mirrored
from ptx.geometry.joints import KEYPOINTS

LOOK_EVERY = 30
"""Frames after which people are looked for anew, beside those who are followed."""

LOOK_AGAIN = 5
"""Frames after which they are where nobody is followed."""

PATIENCE = 45
"""Frames for which somebody who is lost is waited for."""

MOST_PEOPLE = 6
"""Most people who are followed at once."""

DETAILED = 2
"""People of a frame, the largest, whose faces and hands are looked for."""

NEAR = 0.6
"""Distance of the middles of two poses' hips, in sides of the region around one, below which somebody who was lost may be back."""

CLOSER_LOOK = 0.5
"""Evidence of left and right that a closer look at who shows no face gives, of 1."""


class Sighting(NamedTuple):
    """A person in a frame."""

    track: int
    """Number of the person, in the order in which they appeared."""
    detection: Detection
    """Their keypoints."""
    details: Details | None
    """Face and hands; None where they were not looked for."""
    evidence: float
    """That left and right are as they are: 1 of who shows a face; of others 0, and now and then `CLOSER_LOOK` or its negative."""


@dataclass
class _Track:
    """Somebody who is followed."""

    number: int
    last: Pose
    lost: int = 0
    """Frames since they were last there."""


class PeopleTracker:
    """Follows people from frame to frame. Safe in one thread only.

    The pose network is shown the region that a person's pose in the frame before leads to, as in MediaPipe's video mode without its
    smoothing. People are detected every `LOOK_EVERY` frames, and more often where nobody is there.
    """

    def __init__(self, networks: Networks | None = None) -> None:
        """Start without anybody; the networks may be shared with others of the thread."""
        self._networks = networks or Networks()
        self._tracks: list[_Track] = []
        self._frames = self._people = 0

    def __call__(self, frame: Image) -> list[Sighting]:
        """Return the people in the next frame (H, W, 3), the largest first."""
        there: dict[int, Pose] = {}
        for track in self._tracks:
            pose = self._networks.people.follow(frame, track.last.body)
            if pose is None or _among(pose, there.values()):
                track.lost += 1
            else:
                there[track.number] = pose
        self._tracks = [track for track in self._tracks if track.lost <= PATIENCE]
        if self._frames % (LOOK_EVERY if there else LOOK_AGAIN) == 0:
            self._look(frame, there)
        self._frames += 1
        return self._sighted(frame, there)

    def _look(self, frame: Image, there: dict[int, Pose]) -> None:
        """Detect people, and add those who are not followed: somebody who was lost nearby, or somebody new."""
        for pose in self._networks.people.find_prominent(frame, MOST_PEOPLE, border=not there):
            if _among(pose, there.values()):
                continue
            lost = [track for track in self._tracks if track.number not in there]
            track = min(lost, key=lambda one: _apart(one.last, pose), default=None)
            if track is None or _apart(track.last, pose) > NEAR:
                if len(there) == MOST_PEOPLE:
                    continue
                track = _Track(self._people, pose)
                self._tracks.append(track)
                self._people += 1
            there[track.number] = pose

    def _sighted(self, frame: Image, there: dict[int, Pose]) -> list[Sighting]:
        """Look for the faces and hands of everyone there."""
        out: list[Sighting] = []
        for number in sorted(there, key=lambda number: -_area(there[number])):
            pose = there[number]
            details = self._networks.details(frame, pose) if len(out) < DETAILED else None
            track = next(track for track in self._tracks if track.number == number)
            track.last, track.lost = pose, 0
            face = details is not None and bool((details.face[:, 2] > 0).any())
            evidence = 1.0 if face else self._closer_look(frame, pose)
            out.append(Sighting(number, as_detection(pose, (frame.shape[0], frame.shape[1])), details, evidence))
        return out

    def _closer_look(self, frame: Image, pose: Pose) -> float:
        """Look now and then again at who seems to face the viewer and shows no face."""
        if (self._frames - 1) % LOOK_EVERY or facing(pose.world) < 0:
            return 0.0
        return CLOSER_LOOK if self._networks.with_sides(frame, pose) is pose else -CLOSER_LOOK


def colours_of(frame: Image, detection: Detection) -> Floats:
    """Describe what somebody wears: (4, 4, 4) shares of their pixels by red, green and blue, above and below the hips: (2, 4, 4, 4).

    Zeros where less than a few pixels of a half are there.

    Args:
        frame: (H, W, 3).
        detection: a person in it.
    """
    pose = detection.pose
    side = len(pose.mask)
    picture = pose.region.cut(frame, side)
    matrix = np.vstack([pose.region.matrix(side), [0, 0, 1]])
    y = np.arange(side)[:, None]
    hips = float(np.linalg.solve(matrix, [*pose.frame[0], 1.0])[1])
    out = np.zeros((2, 4, 4, 4), np.float32)
    for half, rows in enumerate((y < hips, y >= hips)):
        shown = (pose.mask > 0.8) & rows
        if shown.sum() >= len(KEYPOINTS):
            cells, _ = np.histogramdd(picture[shown].reshape(-1, 3), bins=[4, 4, 4], range=[(0, 256)] * 3)
            out[half] = cells / shown.sum()
    return out


def _among(pose: Pose, others: Iterable[Pose]) -> bool:
    """Return True if a pose is of one of other people, be it with left and right exchanged."""
    return any(same_person(one, other) for other in others for one in (pose, mirrored(pose)))


def _apart(one: Pose, other: Pose) -> float:
    """Distance of the middles of two poses' hips, in sides of the larger region."""
    return float(np.hypot(*(one.frame[0] - other.frame[0]))) / max(one.body.size, other.body.size)


def _area(pose: Pose) -> float:
    """Square of the side, px, of the region around a person."""
    return pose.body.size**2
