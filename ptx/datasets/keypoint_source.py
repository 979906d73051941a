"""Keypoints from files of another tool, as a source of keypoints in working pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import PersonKeypoints
from ptx.datasets.images import Image, Transform, apply_transform
from ptx.geometry.keypoints import mask_outside
from ptx.pipeline.errors import BadSample

Several = Literal["largest", "quarantine"]
"""The person that is taken from a picture of several: the most certain one, or nobody."""

NO_3D = np.concatenate([np.full((18, 3), np.nan), np.zeros((18, 1))], axis=1).astype(np.float32)
"""(18, 4) 3D keypoints, all missing."""


class KeypointFile(Protocol):
    """Keypoints that another tool wrote."""

    def lookup(self, path: str) -> tuple[NDArray[np.float32], int]:
        """Return keypoints (18, 3) of the most certain person of a picture, px of the original, and the number of persons.

        Raises:
            BadSample: there is nobody.
        """
        ...


@dataclass(frozen=True)
class FileKeypoints:
    """Keypoints of files, which are in pixels of the original pictures."""

    file: KeypointFile
    paths: Sequence[str]
    """Paths of all images below the root."""
    several: Several

    def find(self, index: int, image: Image, transform: Transform) -> PersonKeypoints:
        """Look the picture up and map its keypoints to working pixels."""
        keypoints, persons = self.file.lookup(self.paths[index])
        if persons > 1 and self.several == "quarantine":
            raise BadSample("several_persons", f"{persons} persons in {self.paths[index]}")
        moved = keypoints.copy()
        moved[:, :2] = apply_transform(transform, keypoints[:, :2])
        return PersonKeypoints(mask_outside(moved, image.shape[:2]), NO_3D)
