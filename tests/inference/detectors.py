"""Detectors that have been told where people are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ptx.datasets.images import Box, Image, box_around
from ptx.inference.given import Keypoints
from ptx.pipeline.errors import BadSample


@dataclass(frozen=True)
class KnownDetection:
    """A person without 3D keypoints."""

    keypoints: Keypoints
    keypoints3d: Keypoints | None = None


@dataclass(frozen=True)
class KnownPerson:
    """Finds the same person in every picture that is not of one colour."""

    keypoints: Keypoints

    def find_person(self, image: Image) -> Box:
        """Return the box around the person."""
        if image.std() == 0:
            raise BadSample("no_person", "nobody is in the picture")
        return box_around(self.keypoints, image.shape[:2])

    def detect(self, image: Image) -> KnownDetection:
        """Return the person."""
        return KnownDetection(self.keypoints)


@dataclass(frozen=True)
class KnownPeople(KnownPerson):
    """Finds the same people in every picture."""

    people: Sequence[Keypoints]

    def detect_all(self, image: Image) -> Sequence[KnownDetection]:
        """Return everyone."""
        return [KnownDetection(keypoints) for keypoints in self.people]


@dataclass(frozen=True)
class EnlargedPerson(KnownPerson):
    """Finds the same person in every picture, however much it is enlarged."""

    size: tuple[int, int]
    """Height, width of the picture of which the keypoints are."""

    def detect(self, image: Image) -> KnownDetection:
        """Return the person."""
        keypoints = self.keypoints.copy()
        scale = image.shape[0] / self.size[0]
        keypoints[:, :2] = (keypoints[:, :2] + 0.5) * scale - 0.5
        return KnownDetection(keypoints)
