"""People detected in a stretch of a clip, as it is kept until the whole clip is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image
from ptx.detector.keypoints import Networks
from ptx.detector.tracking import PeopleTracker, Sighting, colours_of
from ptx.geometry.detected_landmarks import LANDMARKS, observe_landmarks
from ptx.geometry.hands import HAND_POINTS
from ptx.geometry.joints import KEYPOINT_COUNT
from ptx.pipeline.storage.npz import write_npz
from ptx.video.cuts import with_cuts

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

COLOURS_EVERY = 15
"""Frames of a person after which the colours of their clothes are looked at again."""


class Stretch(NamedTuple):
    """N sightings of people in consecutive frames of a clip, in order of frames."""

    first: int
    """Number of the first frame."""
    length: int
    """Frames that were looked at."""
    cuts: Ints
    """(C,) frames with which a new shot begins."""
    frame: Ints
    """(N,) number of the frame of each sighting."""
    track: Ints
    """(N,) number, within the stretch, of the person who is followed."""
    keypoints: Floats
    """(N, 18, 3) px, confidence."""
    keypoints3d: Floats
    """(N, 18, 4) metres, confidence."""
    landmarks: Floats
    """(N, 12, 3) of face, hands and feet (`observe_landmarks`)."""
    hands: Floats
    """(N, 2, 21, 3) px, confidence."""
    evidence: Floats
    """(N,) that left and right are as they are, -1 to 1 (`Sighting`)."""
    colours: Floats
    """(K, 2, 4, 4, 4) mean colours of the clothes of each track (`colours_of`)."""


def detect_people(
    frames: Iterable[Image], first: int, networks: Networks, advance: Callable[[int], None] = lambda _: None
) -> Stretch:
    """Follow people through consecutive frames.

    Args:
        frames: images (H, W, 3).
        first: number of the first of them.
        networks: of the detector.
        advance: told of each frame that is done.
    """
    tracker, shots = PeopleTracker(networks), []
    rows: list[_Row] = []
    colours: list[list[Floats]] = []
    tracks: dict[int, int] = {}  # of this tracker → of the stretch
    number = first
    for image, begins in with_cuts(frames):
        if begins:
            shots.append(number)
            tracker, tracks = PeopleTracker(networks), {}
        for one in tracker(image):
            track = tracks.setdefault(one.track, len(colours))
            if track == len(colours):
                colours.append([])
            if len(rows) % COLOURS_EVERY == 0 or not colours[track]:
                colours[track].append(colours_of(image, one.detection))
            rows.append(_row(number, track, one, (image.shape[0], image.shape[1])))
        number += 1
        advance(1)
    means = [np.mean(looks, axis=0) for looks in colours]
    return Stretch(
        first,
        number - first,
        np.array(shots, np.int64),
        np.array([row.frame for row in rows], np.int64),
        np.array([row.track for row in rows], np.int64),
        _stacked([row.keypoints for row in rows], (KEYPOINT_COUNT, 3)),
        _stacked([row.keypoints3d for row in rows], (KEYPOINT_COUNT, 4)),
        _stacked([row.landmarks for row in rows], (len(LANDMARKS), 3)),
        _stacked([row.hands for row in rows], (2, HAND_POINTS, 3)),
        np.array([row.evidence for row in rows], np.float32),
        _stacked(means, (2, 4, 4, 4)),
    )


class _Row(NamedTuple):
    """One sighting, as `Stretch` has it."""

    frame: int
    track: int
    keypoints: Floats
    keypoints3d: Floats
    landmarks: Floats
    hands: Floats
    evidence: float


def _row(frame: int, track: int, one: Sighting, size: tuple[int, int]) -> _Row:
    """Bring a sighting in a picture (height, width) to rows of arrays."""
    found, details = one.detection, one.details
    face = None if details is None else details.face[None]
    hands = None if details is None else details.hands[None]
    nothing = np.full((2, HAND_POINTS, 3), (np.nan, np.nan, 0), np.float32)
    return _Row(
        frame,
        track,
        found.keypoints,
        found.keypoints3d,
        observe_landmarks(found.landmarks[None], face, hands, size)[0],
        nothing if details is None else details.hands,
        one.evidence,
    )


def _stacked(arrays: list[Floats], shape: tuple[int, ...]) -> Floats:
    """Stack arrays of a shape, also none."""
    return np.stack(arrays).astype(np.float32) if arrays else np.zeros((0, *shape), np.float32)


def save_stretch(path: Path, stretch: Stretch) -> None:
    """Write a stretch as .npz, whole or not at all."""
    write_npz(path, stretch._asdict())


def load_stretch(path: Path) -> Stretch:
    """Read what `save_stretch` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in Stretch._fields}
    return Stretch(**{**arrays, "first": int(arrays["first"]), "length": int(arrays["length"])})
