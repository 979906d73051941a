"""People found in a picture, by a detector or in a file, and who of several is taken: the one place where `several` is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.keypoints import valid_keypoints
from ptx.pipeline.errors import BadSample

Several = Literal["largest", "surest", "quarantine"]
"""Who is taken from a picture of several: the largest person, the one with the largest sum of confidences, or nobody."""

MIN_KEYPOINTS = 4
"""Fewer keypoints than this do not hold a body in place."""


@dataclass(frozen=True)
class FoundPerson:
    """One person of a picture."""

    keypoints: NDArray[np.float32]
    """(18, 3) x, y in px, confidence; a missing one is NaN, NaN, 0."""
    area: float = 0.0
    """Area of the outline, px²; 0: not known."""
    box: float = 0.0
    """Diagonal of the bounding box, px; 0: not known."""
    size: tuple[int, int] | None = None
    """Height, width in px of the picture that the keypoints are of, where the file says so; None: the original."""
    whole: bool = True
    """False where that picture may be a part of the original, so that another size is no other scale."""
    number: int = -1
    """Of the person in a film through which people are followed; -1: they are not."""

    @property
    def count(self) -> int:
        """Number of keypoints that are not missing."""
        return int(valid_keypoints(self.keypoints).sum())

    @property
    def extent(self) -> float:
        """Diagonal of the box around the keypoints, px."""
        xy = self.keypoints[valid_keypoints(self.keypoints), :2]
        return float(np.hypot(*np.ptp(xy, axis=0))) if len(xy) else 0.0

    @property
    def confidence(self) -> float:
        """Sum of the keypoints' confidences."""
        return float(self.keypoints[:, 2].sum())


def choose_person(people: Sequence[FoundPerson], several: Several) -> int:
    """Choose who of the people in a picture is taken.

    Size is measured by the outline's area, the box and the keypoints' extent, in this order, as far as all of them have it; where they
    are of one size the surest counts. Who has too few keypoints to be fitted is taken only where all have.

    Args:
        people: at least one.
        several: the rule.

    Returns:
        The person's position in `people`.

    Raises:
        BadSample: `several_persons`, where the rule is quarantine.
    """
    if several == "quarantine" and len(people) > 1:
        raise BadSample("several_persons", f"{len(people)} persons in the picture")
    usable = [i for i, person in enumerate(people) if person.count >= MIN_KEYPOINTS] or list(range(len(people)))
    if several == "surest":
        return max(usable, key=lambda i: people[i].confidence)
    has_area = all(people[i].area > 0 for i in usable)
    has_box = all(people[i].box > 0 for i in usable)

    def size(i: int) -> tuple[float, ...]:
        one = people[i]
        return one.area * has_area, one.box * has_box, one.extent, one.confidence

    return max(usable, key=size)
