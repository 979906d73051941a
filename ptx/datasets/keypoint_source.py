"""Keypoints from files of another tool, as a source of keypoints in working pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.data_set import PersonKeypoints, WorkingImage
from ptx.datasets.images import apply_transform
from ptx.datasets.persons import MIN_KEYPOINTS, FoundPerson, Several, choose_person
from ptx.geometry.keypoints import inside_image, mask_outside, valid_keypoints
from ptx.pipeline.errors import BadSample

NO_3D = np.concatenate([np.full((18, 3), np.nan), np.zeros((18, 1))], axis=1).astype(np.float32)
"""(18, 4) 3D keypoints, all missing."""

NORMALISED = 2.0
"""Largest coordinate, without sign, of keypoints that are no px but shares of the picture: nobody is as small as that."""

SHAPE_TOLERANCE = 0.02
"""Difference of the ratios of width to height up to which one picture is taken for a resized copy of the other."""

FORMER_PROBLEMS = frozenset(("missing_keypoints", "bad_keypoint_file", "no_person", "bad_keypoints"))
"""Codes of the problems for which ptx 0.1 refused keypoints of a file."""


class KeypointFile(Protocol):
    """Keypoints that another tool wrote."""

    def people(self, path: str) -> Sequence[FoundPerson]:
        """Return the people of a picture, at least one.

        Raises:
            BadSample: there is nobody, or what there is cannot be used.
        """
        ...


@dataclass(frozen=True)
class FileKeypoints:
    """Keypoints of files, which are in pixels of the original pictures or of copies whose size they tell."""

    file: KeypointFile
    paths: Sequence[str]
    """Paths of all images below the root."""
    several: Several

    def find(self, index: int, picture: WorkingImage) -> PersonKeypoints:
        """Look the picture up and map its keypoints to working pixels."""
        moved = self.person(self.paths[index], picture.original).copy()
        moved[:, :2] = apply_transform(picture.transform, moved[:, :2])
        return PersonKeypoints(mask_outside(moved, picture.image.shape[:2]), NO_3D)

    def person(self, path: str, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the keypoints (18, 3) of the chosen person of a picture of `size` (height, width), in its px.

        Raises:
            BadSample: there is nobody, or several where these are quarantined, or the keypoints are of another picture.
        """
        people = self.file.people(path)
        return in_picture(people[choose_person(people, self.several)], size).keypoints

    def reads_as_before(self, sizes: Iterable[tuple[int, int]]) -> bool:
        """Return True where ptx 0.1 took the same keypoints, by confidence and as they are: there are no several to choose from.

        Args:
            sizes: height, width of each original; at most 1 of those that were not read.
        """
        for path, size in zip(self.paths, sizes, strict=True):
            if max(size) <= 1:
                continue
            try:
                people = self.file.people(path)
                if len(people) > 1 or in_picture(people[0], size) is not people[0]:
                    return False
            except BadSample as error:
                if error.problem.code not in FORMER_PROBLEMS:
                    return False
        return True


def in_picture(person: FoundPerson, size: tuple[int, int]) -> FoundPerson:
    """Bring a person to px of the picture.

    Args:
        person: in px of the picture, or of a copy of it whose size they know.
        size: height, width of the picture, px.

    Returns:
        The person themselves where nothing is to be done.

    Raises:
        BadSample: `normalised_keypoints`; or `other_size`, where the copy has another shape or is none of the whole, or where most
            keypoints are outside.
    """
    check_pixels(person.keypoints)
    if person.size is None or person.size == size:
        inside = int(inside_image(person.keypoints, size).sum())
        if 2 * inside < person.count:
            raise BadSample(
                "other_size",
                f"{person.count - inside} of {person.count} keypoints are outside the picture of {size[1]}×{size[0]}: of a larger copy?",
            )
        return person
    (height, width), (own_height, own_width) = size, person.size
    if not person.whole or abs(width * own_height / (height * own_width) - 1) > SHAPE_TOLERANCE:
        turned = ": turned by EXIF?" if (own_height > own_width) != (height > width) else ""
        raise BadSample(
            "other_size",
            f"the keypoints are of a picture of {own_width}×{own_height}, this is {width}×{height}{turned}",
        )
    keypoints = person.keypoints.copy()
    scale = np.array([width / own_width, height / own_height])
    keypoints[:, :2] = (keypoints[:, :2] + 0.5) * scale - 0.5  # pixel centres are at integers
    return FoundPerson(keypoints)


def check_pixels(keypoints: NDArray[np.float32]) -> None:
    """Refuse keypoints (18, 3) that are shares of the picture: of which size, and from 0 or from -1, the numbers do not tell.

    Raises:
        BadSample: `normalised_keypoints`.
    """
    xy = keypoints[valid_keypoints(keypoints), :2]
    if len(xy) >= MIN_KEYPOINTS and np.abs(xy).max() <= NORMALISED:
        raise BadSample(
            "normalised_keypoints",
            f"x and y of {xy.min():.2f} to {xy.max():.2f} are shares of the picture, px are needed (OpenPose: --keypoint_scale 0)",
        )
