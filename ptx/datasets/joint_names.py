"""Layouts of other tools' joints: by the names that a file gives them, else by their number."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.joints import KEYPOINTS, keypoint
from ptx.geometry.keypoints import missing_as_nan, valid_keypoints

COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""Names of COCO's 17 joints in its order. It has no neck: ours is the middle of the shoulders."""

BEGINS_WITH_COCO = (17, 26, 133, 136)
"""Numbers of points of layouts whose first 17 are COCO's: itself, Halpe's body, COCO-WholeBody, Halpe with face and hands."""

MIN_KNOWN = 8
"""Fewest names that must be known for a file's names to be followed."""

SIDES = {"l": "left", "r": "right", "left": "left", "right": "right"}
"""First or last word of a joint's name → its side."""


def plain_name(name: str) -> str:
    """Return a joint's name as ptx writes it: `LShoulder`, `left-shoulder`, `shoulder_l` are all `left_shoulder`."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]
    if len(words) > 1 and words[-1] in SIDES:
        words = [words[-1], *words[:-1]]
    return "_".join([SIDES.get(word, word) if place == 0 else word for place, word in enumerate(words)])


def joint_rows(count: int, names: Sequence[str] = ()) -> dict[int, int] | None:
    """Find our keypoints among a tool's points.

    Args:
        count: number of points a person.
        names: their names, where the file tells them.

    Returns:
        Index among `KEYPOINTS` → row of the points; None where the layout is not known.
    """
    order = [plain_name(name) for name in names] if len(names) <= count else []
    known = {keypoint(name): row for row, name in enumerate(order) if name in KEYPOINTS}
    if len(known) >= MIN_KNOWN:
        return known
    if count not in BEGINS_WITH_COCO:
        return None
    return {keypoint(name): row for row, name in enumerate(COCO_17)}


def as_keypoints(points: NDArray[np.floating], rows: dict[int, int]) -> NDArray[np.float32]:
    """Bring a tool's points into our order.

    Args:
        points: (K, 3) x, y in px, confidence.
        rows: of `joint_rows`.

    Returns:
        (18, 3). The neck is the middle of the shoulders where both are present, its confidence their lower one.
    """
    out = np.zeros((len(KEYPOINTS), 3), np.float32)
    out[list(rows)] = points[list(rows.values())]
    shoulders = out[[keypoint("left_shoulder"), keypoint("right_shoulder")]]
    if valid_keypoints(shoulders).all():
        out[keypoint("neck")] = (*shoulders[:, :2].mean(0), shoulders[:, 2].min())
    return missing_as_nan(out)
