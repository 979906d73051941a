"""People in photographs: read, framed as the model's training pictures were, found by a detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from ptx.datasets.images import (
    Box,
    Frame,
    Image,
    Transform,
    apply_transform,
    box_around,
    crop_and_resize,
    crop_transform,
    read_image,
)
from ptx.datasets.keypoint_source import check_pixels
from ptx.datasets.openpose_files import read_pose
from ptx.datasets.persons import MIN_KEYPOINTS, FoundPerson
from ptx.detector.keypoints import Details, KeypointDetector
from ptx.detector.keypoints import Detection as FoundDetection
from ptx.geometry.keypoints import inside_image, longer_sides, mask_outside, valid_keypoints
from ptx.inference.given import Keypoints, Photograph, checked_keypoints, name_of, photograph_of
from ptx.pipeline.errors import BadSample, PtxError


class Detection(Protocol):
    """One person that a detector found in a picture."""

    @property
    def keypoints(self) -> Keypoints:
        """(18, 3) x, y px, confidence."""
        ...

    @property
    def keypoints3d(self) -> Keypoints | None:
        """(18, 4) x right, y up, z towards the viewer, in metres, confidence; None where the detector gives none."""
        ...


class Detector(Protocol):
    """Finds the most prominent person of a picture, such as `PhotographDetector`."""

    def find_person(self, image: Image) -> Box:
        """Return x0, y0, x1, y1 px around the person; raises BadSample where there is nobody."""
        ...

    def detect(self, image: Image) -> Detection:
        """Return the person's keypoints; raises BadSample where there is nobody."""
        ...


@runtime_checkable
class GroupDetector(Detector, Protocol):
    """A detector that also finds several persons."""

    def detect_all(self, image: Image) -> Sequence[Detection]:
        """Return all persons, the most certain first; raises BadSample where there is nobody."""
        ...


class PhotographDetector(KeypointDetector):
    """The detector that comes with ptx."""

    def find_person(self, image: Image) -> Box:
        """Return the box x0, y0, x1, y1 px around the most prominent person of an image (`box_around`).

        Raises:
            BadSample: `no_person`, there is nobody or too little of a person.
        """
        return box_around(self.detect(image).keypoints, image.shape[:2])


MIN_SHARE = 0.05
"""Smallest extent of a wanted pose, as a share of the picture's longer side."""

MIN_POSE_PIXELS = 10.0
"""Smallest extent of a pose in a file, px."""


@dataclass(frozen=True)
class Person:
    """A person of a photograph, at the model's size."""

    image: Image
    """(h, w, 3) uint8 RGB."""
    keypoints: Keypoints
    """(18, 3) in px of `image`."""
    original: Image = field(repr=False)
    """(H, W, 3) the photograph."""
    transform: Transform
    """(2, 3) from pixels of the photograph to pixels of `image`."""
    keypoints3d: Keypoints | None = None
    """(18, 4) metres and confidence, where the detector or the user gives them."""
    landmarks: Keypoints | None = None
    """(33, 4) x, y, z px, visibility in px of `image`, where ptx's detector found the person."""
    details: Callable[[], Details] | None = field(default=None, repr=False, compare=False)
    """Finds the points of their face and hands in `image`, where ptx's detector found the person; that takes as long again."""


@dataclass(frozen=True)
class PersonReader:
    """Brings people in photographs to the model's size, by the rule of stage ingest."""

    size: tuple[int, int]
    """Height, width in px to which a person is brought."""
    max_pixels: int
    """Larger photographs are refused before they are decoded."""
    frame: Frame = "person"
    """The whole photograph, as `ingest.crop: picture` fits it in, or the person cut out, as `crop: person`."""
    given_detector: Detector | None = None
    """Finds persons; that of ptx where none is given."""

    @cached_property
    def detector(self) -> Detector:
        """The detector of persons.

        Raises:
            PtxError: LiteRT is not installed.
        """
        if self.given_detector is not None:
            return self.given_detector
        return PhotographDetector()

    def read(self, image: Photograph) -> Image:
        """Return a photograph's pixels (H, W, 3) uint8.

        Raises:
            PtxError: it is no picture; one line.
        """
        try:
            pixels = image if isinstance(image, np.ndarray) else read_image(Path(image), self.max_pixels)
        except BadSample as error:
            raise PtxError(f"{name_of(image)}: {error}") from None
        if pixels.ndim != 3 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8:
            raise PtxError(f"{name_of(image)}: {pixels.shape} of {pixels.dtype} is no picture (H, W, 3) of uint8")
        return pixels

    def person(
        self, image: Photograph, keypoints: Keypoints | None = None, keypoints3d: Keypoints | None = None
    ) -> Person:
        """Read a photograph, bring it or its most prominent person to the model's size, find their keypoints.

        Args:
            image: a photograph.
            keypoints: (18, 3) in px of the photograph; None: the detector finds them.
            keypoints3d: (18, 4) metres and confidence, instead of the detector's.

        Raises:
            PtxError: it is no picture, or shows nobody; one line.
        """
        original = self.read(image)
        try:
            if keypoints is None:
                person = self._detect(original)
            else:
                points = checked_keypoints(keypoints, "keypoints")
                check_pixels(points)
                box = box_around(points, original.shape[:2]) if self.frame == "person" else None
                working, transform = crop_and_resize(original, box, self.size)
                person = Person(working, self._moved(points, transform), original, transform)
        except BadSample as error:
            whole = self.frame == "picture" and error.problem.code == "no_person"
            hint = f"; it was looked at as a whole, at {self.size[1]}×{self.size[0]}: --frame person looks closer"
            raise PtxError(f"{name_of(image)}: {error}{hint if whole else ''}") from None
        return person if keypoints3d is None else replace(person, keypoints3d=keypoints3d)

    def people(self, image: Photograph) -> list[Person]:
        """Cut out everyone in a photograph, whatever the frame: of a picture that shows several, each would be the whole.

        Raises:
            PtxError: it is no picture, or shows nobody; or the detector finds one person only.
        """
        original = self.read(image)
        if not isinstance(self.detector, GroupDetector):
            raise PtxError("--as everyone: this detector finds one person only")
        try:
            detections = self.detector.detect_all(original)
        except BadSample as error:
            raise PtxError(f"{name_of(image)}: {error}") from None
        cutter = replace(self, frame="person")
        return [
            _with_details(cutter.person(original, one.keypoints, one.keypoints3d), self.detector, one)
            for one in detections
        ]

    def pose(self, pose: str | Path | Keypoints, source: Person | None = None) -> Keypoints:
        """Return a wanted pose (18, 3) at the model's size.

        Args:
            pose: a photograph of someone in the wanted pose; or OpenPose's JSON file of one, whose largest person is framed as
                that of a photograph; or an array (18, 3) of x, y, confidence, in px of the source's photograph.
            source: the person who will be painted; files need none.

        Raises:
            PtxError: a file is no picture, shows nobody, or holds no pose of 18 or 25 joints, or the pose is outside the picture
                or too small; one line.
        """
        if isinstance(pose, np.ndarray):
            points = checked_keypoints(pose, "pose")
            try:
                if source is None:
                    raise ValueError("a pose in px of a person's photograph needs that person")
                return self._wanted(points, source.original.shape[:2], source.transform)
            except BadSample as error:
                raise PtxError(f"pose: {error}; it is in px of the source's photograph") from None
        path = photograph_of(pose)
        if path is not None:
            return self.person(path).keypoints
        path = Path(pose)
        try:
            return self._framed(read_pose(path))
        except BadSample as error:
            raise PtxError(f"{path}: {error}") from None

    def _framed(self, person: FoundPerson) -> Keypoints:
        """Frame the person of a file as that of a photograph.

        The file need not tell the size of its picture. Then the box around the person is cut at the picture's left and upper edge
        only, and it is that box that is fitted in where the frame is the whole picture.

        Raises:
            BadSample: as `_wanted`; `too_few_keypoints`, fewer than stores take; `too_small`, for the picture, which is as large as the
                farthest keypoint at least.
        """
        points, size = person.keypoints, person.size or (np.inf, np.inf)
        check_pixels(points)
        if person.count < MIN_KEYPOINTS:
            raise BadSample("too_few_keypoints", f"{person.count} of 18 keypoints, {MIN_KEYPOINTS} are needed")
        extent = float(longer_sides(points))
        longer = max(person.size or (points[valid_keypoints(points), :2].max(),))
        if extent < max(MIN_POSE_PIXELS, MIN_SHARE * longer):
            raise BadSample(
                "too_small", f"the person is {extent:.1f} px large, in a picture of {longer:.0f} px or more"
            )
        whole = self.frame == "picture" and person.size is not None
        box = (-0.5, -0.5, size[1] - 0.5, size[0] - 0.5) if whole else box_around(points, size)
        return self._wanted(points, size, crop_transform(box, self.size))

    def _wanted(self, points: Keypoints, size: Sequence[float], transform: Transform) -> Keypoints:
        """Return a wanted pose at the model's size.

        Args:
            points: (18, 3) in px of a picture.
            size: its height and width, px.
            transform: from its px to those of the model's picture.

        Raises:
            BadSample: `normalised_keypoints`; `outside`, half of the keypoints or more are outside the picture; `too_small`, they are
                a dot in what is painted.
        """
        check_pixels(points)
        there = points[valid_keypoints(points)]
        if not len(there):
            raise BadSample("no_person", "the pose has no keypoints")
        inside = int(inside_image(there, size).sum())
        if 2 * inside <= len(there):
            raise BadSample(
                "outside", f"{len(there) - inside} of the pose's {len(there)} keypoints are outside the picture"
            )
        moved = np.array(points, np.float32)
        moved[:, :2] = apply_transform(transform, moved[:, :2])
        share = float(longer_sides(moved)) / max(self.size)
        if share < MIN_SHARE:
            raise BadSample(
                "too_small", f"the pose is {share:.1%} of the picture large, at least {MIN_SHARE:.0%} is needed"
            )
        return mask_outside(moved, self.size)

    def _detect(self, original: Image) -> Person:
        """Find the most prominent person of a photograph (H, W, 3); raises BadSample."""
        box = self.detector.find_person(original) if self.frame == "person" else None
        working, transform = crop_and_resize(original, box, self.size)
        try:
            return self._detect_in(working, original, transform)
        except BadSample:
            if box is not None:
                raise
        # A picture that was resized a lot, either way, may show the detector less than the photograph itself.
        whole = self.detector.detect(original)
        points = self._moved(whole.keypoints, transform)
        return Person(working, points, original, transform, whole.keypoints3d)

    def _detect_in(self, working: Image, original: Image, transform: Transform) -> Person:
        """Find the person of a working picture (h, w, 3); raises BadSample."""
        if isinstance(self.detector, KeypointDetector):
            found = self.detector.detect(working)
            details = cache(partial(self.detector.details, working, found))
            return Person(working, found.keypoints, original, transform, found.keypoints3d, found.landmarks, details)
        detection = self.detector.detect(working)
        return Person(working, detection.keypoints, original, transform, detection.keypoints3d)

    def _moved(self, points: Keypoints, transform: Transform) -> Keypoints:
        """Return keypoints (18, 3) at the model's size; those outside its picture are missing."""
        moved = np.array(points, np.float32)
        moved[:, :2] = apply_transform(transform, moved[:, :2])
        return mask_outside(moved, self.size)


def _with_details(person: Person, detector: Detector, found: Detection) -> Person:
    """Add what ptx's own detector has found in the photograph to the person who was cut out there."""
    if not isinstance(detector, KeypointDetector) or not isinstance(found, FoundDetection):
        return person
    landmarks = found.landmarks.copy()
    landmarks[:, :2] = apply_transform(person.transform, landmarks[:, :2])
    landmarks[:, 2] *= np.hypot(*person.transform[0, :2])

    def details() -> Details:
        at = detector.details(person.original, found)
        return Details(*(_moved_points(points, person.transform) for points in at))

    return replace(person, landmarks=landmarks, details=cache(details))


def _moved_points(points: Keypoints, transform: Transform) -> Keypoints:
    """Bring points (..., 3) px, confidence, to another picture."""
    out = points.copy()
    out[..., :2] = apply_transform(transform, points[..., :2].reshape(-1, 2)).reshape(points[..., :2].shape)
    return out
