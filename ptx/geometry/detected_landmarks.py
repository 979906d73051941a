"""Points of face, hands and feet beside the 18 keypoints: what they observe of a picture, and where they are on any body.

The 18 keypoints leave the head's direction to the places of nose, eyes and ears, and tell nothing of feet and hands. A face mesh (468
points, Kartynnik et al., 2019), the points of hands (21 each, Zhang et al., 2020) and those of heels and toes among the 33 of BlazePose
(Bazarevsky et al., 2020) do. Twelve points are taken from them, each of which any body in SMPL's format has too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import SHAPES, Body
from ptx.geometry.joints import joint
from ptx.geometry.keypoints import drop_keypoints, inside_image
from ptx.geometry.landmarks import HEAD_WEIGHT, MID_PLANE

Floats = NDArray[np.float64]

FACE_LANDMARKS: dict[str, tuple[int, ...]] = {
    "nose_tip": (1,), "right_eye_centre": (33, 133), "left_eye_centre": (263, 362), "chin": (152,),
}  # fmt: skip
"""Landmark of the face → points of the face mesh whose mean it is."""

LIMB_LANDMARKS: dict[str, int] = {
    "left_heel": 29, "right_heel": 30, "left_toe": 31, "right_toe": 32,
    "left_index": 19, "right_index": 20, "left_little": 17, "right_little": 18,
}  # fmt: skip
"""Landmark of feet (rear of the heel, tip of the toes) and hands (first knuckles) → row of the 33."""

HAND_LANDMARKS: dict[str, tuple[int, int]] = {
    "left_index": (0, 5), "right_index": (1, 5), "left_little": (0, 17), "right_little": (1, 17),
}  # fmt: skip
"""Landmark → hand (0 left, 1 right) and point among its 21, which is surer than the row of the 33 where the hand is detected."""

LANDMARKS = (*FACE_LANDMARKS, *LIMB_LANDMARKS)
"""Names of all, in order."""

SIGMA_FACTORS = {
    "nose_tip": 0.8, "right_eye_centre": 0.8, "left_eye_centre": 0.8, "chin": 1.0,
    "left_heel": 2.0, "right_heel": 2.0, "left_toe": 2.0, "right_toe": 2.0,
    "left_index": 1.4, "right_index": 1.4, "left_little": 1.4, "right_little": 1.4,
}  # fmt: skip
"""Factors on the standard deviation of a keypoint, as `KEYPOINT_SIGMA_FACTORS`: shoes end beyond the toes, a face mesh is exact."""

MIN_VISIBILITY = 0.5
"""Smallest visibility, 0 to 1, of a landmark of the 33 that is used; others are guesses, mostly outside the image."""

KNUCKLE = 0.031
"""Metres along the hand's breadth from its middle to the first knuckle of the index or little finger."""

CHIN_DIRECTION = (-0.6, 0.8)
"""Up and forwards: the chin is the point of the head farthest in this direction in the mid-plane."""

SOLE = 0.03
"""Height, metres, above the lowest point of a foot below which heel and toes are."""

FOOT_WEIGHT = 0.5
"""Vertices with a greater skinning weight for ankle and foot belong to the foot."""


class AttachedPoints(NamedTuple):
    """Points that move with a joint each, in the order of `LANDMARKS`."""

    joints: NDArray[np.int64]
    """(L,)."""
    offset: Floats
    """(L, 3) metres, in the frame of the joint."""
    offset_dirs: Floats
    """(L, 3, 10) derivative of the offset by the betas."""


@lru_cache(maxsize=8)
def attach_landmarks(body: Body) -> AttachedPoints:
    """Find the landmarks of any body by its form in rest: nose, eyes and ears are known, the chin and the ends of the feet are extremes."""
    template, dirs = body.v_template.astype(np.float64), body.shapedirs.astype(np.float64)
    rest, rest_dirs = body.joint_template.astype(np.float64), body.joint_shapedirs.astype(np.float64)
    nose, right_eye, left_eye = (int(vertex) for vertex in body.landmarks[:3])
    joints, offsets, offset_dirs = [], [], []

    def attach(parent: str, point: Floats, point_dirs: Floats) -> None:
        joints.append(joint(parent))
        offsets.append(point - rest[joint(parent)])
        offset_dirs.append(point_dirs - rest_dirs[joint(parent)])

    for vertex in (nose, right_eye, left_eye, _chin(body)):
        attach("head", template[vertex], dirs[vertex])
    feet = {side: _foot_ends(body, side) for side in ("left", "right")}
    for end in (0, 1):
        for side, ends in feet.items():
            attach(f"{side}_ankle", template[ends[end]], dirs[ends[end]])
    for across in (KNUCKLE, -KNUCKLE):  # palms face down in rest: the index finger is in front
        for side in ("left", "right"):
            hand = joint(f"{side}_hand")
            attach(f"{side}_hand", rest[hand] + (0, 0, across), rest_dirs[hand])
    return AttachedPoints(np.array(joints), np.array(offsets), np.array(offset_dirs).reshape(-1, 3, SHAPES))


def _chin(body: Body) -> int:
    """Vertex of the chin."""
    head = np.flatnonzero(body.weights[:, joint("head")] > HEAD_WEIGHT)
    x, y, z = body.v_template[head].T
    strip = np.abs(x - body.v_template[body.landmarks[0], 0]) <= MID_PLANE * np.ptp(x) / 2
    up, forwards = CHIN_DIRECTION
    return int(head[strip][np.argmax((up * y + forwards * z)[strip])])


def _foot_ends(body: Body, side: str) -> tuple[int, int]:
    """Vertices at the rear of a heel and at the tip of the toes."""
    weight = body.weights[:, joint(f"{side}_ankle")] + body.weights[:, joint(f"{side}_foot")]
    foot = np.flatnonzero(weight > FOOT_WEIGHT)
    y, z = body.v_template[foot, 1], body.v_template[foot, 2]
    low = y < y.min() + SOLE
    return int(foot[low][np.argmin(z[low])]), int(foot[low][np.argmax(z[low])])


def observe_landmarks(
    landmarks: NDArray[np.floating],
    face: NDArray[np.floating] | None,
    hands: NDArray[np.floating] | None,
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """Take `LANDMARKS` from a detector's points.

    Args:
        landmarks: (N, 33, 4) x, y, z px, visibility.
        face: (N, 468, 3) x, y px, confidence, or None.
        hands: (N, 2, 21, 3) left and right hand, x, y px, confidence, or None.
        size: (H, W) of the pictures, px; what is outside is a guess.

    Returns:
        (N, 12, 3) x, y px, confidence; NaN, NaN, 0 where missing.
    """
    out = np.full((len(landmarks), len(LANDMARKS), 3), np.nan)
    for n, name in enumerate(LANDMARKS):
        if name in FACE_LANDMARKS:
            if face is not None:
                out[:, n] = face[:, list(FACE_LANDMARKS[name])].mean(axis=1)
            continue
        row = landmarks[:, LIMB_LANDMARKS[name]]
        out[:, n] = np.where(row[:, 3:] >= MIN_VISIBILITY, row[:, [0, 1, 3]], np.nan)
        if hands is not None and name in HAND_LANDMARKS:
            hand, point = HAND_LANDMARKS[name]
            mine = hands[:, hand, point]
            out[:, n] = np.where(mine[:, 2:] > 0, mine, out[:, n])
    return drop_keypoints(out, ~inside_image(out, size) | ~(out[..., 2] > 0)).astype(np.float32)
