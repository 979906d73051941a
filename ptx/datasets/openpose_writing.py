"""Write keypoints as OpenPose's JSON: COCO's 18 points, hands where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.keypoints import valid_keypoints
from ptx.pipeline.storage.json_values import Json

VERSION = 1.3
"""Of OpenPose's form."""


class PosedPerson(NamedTuple):
    """One person of a picture."""

    keypoints: NDArray[np.floating]
    """(18, 3) x, y px, confidence."""
    hands: NDArray[np.floating] | None = None
    """(2, 21, 3) left and right."""
    number: int = -1
    """Of the person in a clip; -1 where nobody is followed."""


def openpose_json(people: Sequence[PosedPerson], size: tuple[int, int]) -> dict[str, Json]:
    """Put the people of a picture of `size` (height, width) into OpenPose's form; a missing point is 0, 0, 0."""
    return {
        "version": VERSION,
        "people": [_person(one) for one in people],
        "canvas_height": size[0],
        "canvas_width": size[1],
    }


def _person(one: PosedPerson) -> dict[str, Json]:
    out: dict[str, Json] = {"person_id": [one.number], "pose_keypoints_2d": _numbers(one.keypoints)}
    if one.hands is not None:
        left, right = one.hands
        out |= {"hand_left_keypoints_2d": _numbers(left), "hand_right_keypoints_2d": _numbers(right)}
    return out


def _numbers(points: NDArray[np.floating]) -> list[Json]:
    """Points (K, 3) as one list, rounded to 1/1000."""
    known = np.where(valid_keypoints(points)[:, None], points, 0)
    return [round(float(value), 3) for value in known.ravel()]
