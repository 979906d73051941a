"""Left and right of a person through a clip: the pose network now and then exchanges them, of people seen from behind above all.

Whether they are exchanged in each frame is the path of least cost (Viterbi, 1967) through what single frames say and how far the person
would have moved from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.joints import HIPS, MIRRORED_KEYPOINTS, SHOULDERS, keypoint, other_side
from ptx.geometry.keypoints import longer_sides, valid_keypoints

Floats = NDArray[np.float32]


LANDMARK_MIRROR = tuple(LANDMARKS.index(other_side(name)) for name in LANDMARKS)
"""Landmark → the same of the other side."""

FACE, EARS = (
    [keypoint(name) for name in names] for names in (("nose", "right_eye", "left_eye"), ("right_ear", "left_ear"))
)
"""Keypoints of the face, and those beside which it is."""

FACE_IS_THERE = 20.0
"""Cost of exchanging who shows a face: the network is right about them."""

DOUBT = 0.05
"""Cost of exchanging in a frame that says nothing: the network is right more often than not."""

MOVED = 0.02
"""Movement between neighbouring frames, over the person's size, that costs 1."""

MOST_MOVED = 20.0
"""Largest cost of a movement."""

PERSON = 1.7
"""Size of a person, metres."""

APART = 15
"""Frames without the person after which nothing is known of their sides any more."""


class Sighted(NamedTuple):
    """N sightings of one person in the order of time, as `Stretch` has them."""

    frame: NDArray[np.int64]
    """(N,)."""
    keypoints: Floats
    """(N, 18, 3) px, confidence."""
    keypoints3d: Floats
    """(N, 18, 4) metres, confidence."""
    landmarks: Floats
    """(N, 12, 3) px, confidence."""
    hands: Floats
    """(N, 2, 21, 3) px, confidence."""
    evidence: Floats
    """(N,) that left and right are as they are: a face 1, and from -1 to 1 what a closer look says; 0 nothing."""

    def at(self, rows: NDArray[np.integer]) -> Sighted:
        """Return some of the sightings, by their rows."""
        return Sighted(
            self.frame[rows],
            self.keypoints[rows],
            self.keypoints3d[rows],
            self.landmarks[rows],
            self.hands[rows],
            self.evidence[rows],
        )

    @classmethod
    def joined(cls, parts: Sequence[Sighted]) -> Sighted:
        """Put sightings together."""
        return cls(
            np.concatenate([part.frame for part in parts]),
            np.concatenate([part.keypoints for part in parts]),
            np.concatenate([part.keypoints3d for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
            np.concatenate([part.hands for part in parts]),
            np.concatenate([part.evidence for part in parts]),
        )

    def exchanged(self, rows: NDArray[np.bool_]) -> Sighted:
        """Exchange left and right of some sightings (N,)."""
        out = self.at(np.arange(len(self.frame)))
        out.keypoints[rows] = self.keypoints[rows][:, MIRRORED_KEYPOINTS]
        out.keypoints3d[rows] = _turned_faces(self.keypoints3d[rows][:, MIRRORED_KEYPOINTS])
        out.landmarks[rows] = self.landmarks[rows][:, LANDMARK_MIRROR]
        out.hands[rows] = self.hands[rows][:, ::-1]
        return out


def with_steady_sides(person: Sighted, cuts: NDArray[np.int64]) -> Sighted:
    """Return a person whose left and right go on from frame to frame, and from cut to cut.

    Args:
        person: as the network has them.
        cuts: frames with which a new shot begins.
    """
    if not len(person.frame):
        return person
    other = person.exchanged(np.ones(len(person.frame), np.bool_))
    cost = np.stack([np.maximum(-person.evidence, 0), np.maximum(person.evidence, 0)], axis=1) * FACE_IS_THERE
    cost[:, 1] += DOUBT
    same, swapped = _moves(person, person), _moves(person, other)
    joined = (np.diff(person.frame) <= APART) & ~np.isin(person.frame[1:], _beginnings(person.frame, cuts))
    return person.exchanged(_cheapest(cost, same * joined, swapped * joined) == 1)


def _beginnings(frames: NDArray[np.int64], cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first frame of each shot that shows the person."""
    at = np.searchsorted(frames, cuts)
    return frames[at[at < len(frames)]]


def _moves(before: Sighted, after: Sighted) -> NDArray[np.float64]:
    """Cost (N - 1,) of the movement from each sighting of one to the next of the other."""
    flat = _distance(before.keypoints[:-1], after.keypoints[1:], 2)
    size = np.maximum(longer_sides(before.keypoints[:-1]), longer_sides(after.keypoints[1:])).clip(1.0)
    deep = _distance(before.keypoints3d[:-1], after.keypoints3d[1:], 3)
    return np.asarray(np.minimum((flat / size + deep / PERSON) / MOVED, MOST_MOVED), np.float64)


def _distance(one: Floats, other: Floats, axes: int) -> NDArray[np.float64]:
    """Mean distance (N,) of the points (N, K, axes + 1) that two sightings share; 0 where they share none."""
    both = valid_keypoints(one) & valid_keypoints(other)
    apart = np.where(both[..., None], one[..., :axes] - other[..., :axes], 0)
    return np.asarray(np.linalg.norm(apart, axis=-1).sum(1) / both.sum(1).clip(1), np.float64)


def _cheapest(cost: NDArray[np.float64], same: NDArray[np.float64], swapped: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the path (N,) of 0 and 1 of least cost: (N, 2) of each state, (N - 1,) of staying in it and of leaving it."""
    total, chosen = cost[0], np.zeros((len(cost), 2), np.int64)
    for n in range(1, len(cost)):
        ways = total[:, None] + np.array([[same[n - 1], swapped[n - 1]], [swapped[n - 1], same[n - 1]]])
        chosen[n] = ways.argmin(0)
        total = ways.min(0) + cost[n]
    path = np.zeros(len(cost), np.int64)
    path[-1] = int(total.argmin())
    for n in range(len(cost) - 1, 0, -1):
        path[n - 1] = chosen[n, path[n]]
    return path


def _turned_faces(deep: Floats) -> Floats:
    """Put the face of those whose trunk now faces the other way on the other side of their ears: (N, 18, 4) metres, confidence."""
    out = deep.copy()
    left, right = deep[:, SHOULDERS, :3].swapaxes(0, 1) - deep[:, HIPS, :3].mean(1)[None]
    facing = np.cross(left, right)[:, 2]  # above 0: towards the viewer
    ears = deep[:, EARS, 2].mean(1)
    ahead = deep[:, FACE[0], 2] - ears
    behind = np.nan_to_num(facing * ahead) < 0
    out[:, FACE, 2] = np.where(behind[:, None], 2 * ears[:, None] - deep[:, FACE, 2], deep[:, FACE, 2])
    return out
