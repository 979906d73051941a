"""People through the frames of a video: detected now and then, followed from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ptx.detector.keypoints import Details, Detection, Networks, as_detection
from ptx.detector.network import Floats, Image
from ptx.detector.people import pose_distance, same_person
from ptx.detector.pose import Pose
from ptx.detector.sides import mirrored
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

TURNED = 0.35
"""Share of the distance from the frame before that is left once left and right are exchanged, below which they must be."""

JUMP = 0.06
"""Distance from the frame before, over the size, from which left and right are compared at all."""

LONG_AGAINST = 10
"""Frames in a row in which left and right are exchanged, after which the person is looked at more closely."""


class Sighting(NamedTuple):
    """A person in a frame."""

    track: int
    """Number of the person, in the order in which they appeared."""
    detection: Detection
    """Their keypoints."""
    details: Details | None
    """Face and hands; None where they were not looked for."""


@dataclass
class _Track:
    """Somebody who is followed."""

    number: int
    last: Pose
    lost: int = 0
    """Frames since they were last there."""
    against: int = 0
    """Frames in a row in which left and right were exchanged to go on from the frame before."""


class PeopleTracker:
    """Follows people from frame to frame. Safe in one thread only.

    The pose network is shown the region that a person's pose in the frame before leads to, as in MediaPipe's video mode without its
    smoothing. People are detected every `LOOK_EVERY` frames, and more often where nobody is there. Left and right go on from frame to
    frame, unless a face says otherwise.
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
                track = _Track(self._people, self._networks.with_sides(frame, pose))
                self._tracks.append(track)
                self._people += 1
                there[track.number] = track.last
            else:
                there[track.number] = pose

    def _sighted(self, frame: Image, there: dict[int, Pose]) -> list[Sighting]:
        """Look for faces and hands, and bring left and right of everyone there in order."""
        largest = sorted(there, key=lambda number: -_area(there[number]))
        out = []
        for number in largest:
            pose, details = there[number], None
            if len(out) < DETAILED:
                details = self._networks.details(frame, pose)
            track = next(track for track in self._tracks if track.number == number)
            steady = self._steady(frame, track, pose, face=details is not None and bool(details.face[0, 2] > 0))
            if steady is not pose and details is not None:
                details = self._networks.details(frame, steady)
            track.last, track.lost = steady, 0
            out.append(Sighting(number, as_detection(steady, frame.shape[:2]), details))
        return out

    def _steady(self, frame: Image, track: _Track, pose: Pose, *, face: bool) -> Pose:
        """Return a pose whose left and right are those of the frame before, unless its face is found.

        Who seems to be exchanged for long, or may be by the network's own doubt, is looked at more closely.
        """
        if face:
            track.against = 0
            return pose
        other = mirrored(pose)
        distance = pose_distance(track.last, pose)
        jumps = distance > JUMP and pose_distance(track.last, other) < TURNED * distance
        track.against = track.against + 1 if jumps else 0
        if self._frames % LOOK_EVERY == 0 or track.against == LONG_AGAINST or track.lost:
            track.against = 0
            return self._networks.with_sides(frame, pose)
        return other if jumps else pose


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
