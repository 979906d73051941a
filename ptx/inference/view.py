"""The same person from another side, from one picture (system C): a fitted body, or 3D keypoints, turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image, apply_transform, invert_transform
from ptx.geometry.body import Body
from ptx.geometry.detected_landmarks import observe_landmarks
from ptx.geometry.fitting import fit
from ptx.geometry.fitting.hands import fit_hands
from ptx.geometry.keypoints import drop_keypoints, inside_image, mask_outside
from ptx.geometry.viewpoint import FittedBody, turn_keypoints
from ptx.inference.given import Keypoints
from ptx.inference.painting import Painting
from ptx.inference.person import Person
from ptx.pictures.deflicker import deflicker
from ptx.pipeline.errors import BadSample, PtxError

Joints = Literal["body", "landmarks"]
"""What is turned into the wanted pose: the fitted body's joints, or the person's own 3D keypoints."""

MAX_VIEWS = 360
"""Most views that are painted in one go."""

ROUND_TOLERANCE = 1e-6
"""Degrees by which the angles of a closed round may miss 360 through rounding."""


@dataclass(frozen=True)
class NovelView:
    """A person painted from another side."""

    yaw: float
    """Degrees that the person was turned to their own left."""
    pitch: float
    """Degrees that the person was tilted towards the viewer."""
    body: FittedBody
    """The fitted body as this view shows it."""
    painting: Painting


def fit_person(person: Person, body: Body) -> FittedBody:
    """Fit the body to a person's keypoints, and its fingers to their hands where a detector finds these.

    Raises:
        BadSample: too few keypoints are there.
    """
    size = (person.image.shape[0], person.image.shape[1])
    hands = None if person.details is None else person.details().hands
    return fit_keypoints(person.keypoints, person.keypoints3d, size, body, landmarks_of(person), hands)


def landmarks_of(person: Person) -> Keypoints | None:
    """Return the landmarks (12, 3) of a person's face, hands and feet (`observe_landmarks`) within the photograph.

    None where no detector found them.
    """
    if person.details is None or person.landmarks is None:
        return None
    face, hands = person.details()
    size = (person.image.shape[0], person.image.shape[1])
    landmarks: Keypoints = observe_landmarks(person.landmarks[None], face[None], hands[None], size)[0]
    return drop_keypoints(landmarks, beyond_photograph(person, landmarks))


def beyond_photograph(person: Person, points: Keypoints) -> NDArray[np.bool_]:
    """Mark the points (K, 2 or more) px of a person's picture that lie beyond the photograph's edge: (K,)."""
    at = apply_transform(invert_transform(person.transform), points[:, :2])
    return ~inside_image(at, person.original.shape[:2])


def fit_keypoints(
    keypoints: Keypoints,
    keypoints3d: Keypoints | None,
    size: tuple[int, int],
    body: Body,
    landmarks: Keypoints | None = None,
    hands: NDArray[np.float32] | None = None,
) -> FittedBody:
    """Fit the body to the points of a person.

    Args:
        keypoints: (18, 3) px, confidence.
        keypoints3d: (18, 4) metres, confidence.
        size: height, width of the picture, px.
        body: the body model.
        landmarks: (12, 3) of face, hands and feet (`observe_landmarks`).
        hands: (2, 21, 3) px, confidence.

    Raises:
        BadSample: too few keypoints are there.
    """
    fitted = fit(
        body,
        keypoints[None],
        None if keypoints3d is None else keypoints3d[None],
        size,
        landmarks=None if landmarks is None else landmarks[None],
    )
    if not fitted.usable[0]:
        problem = fitted.problems[0]
        raise BadSample(problem.code, f"no body could be fitted: {problem.text}")
    pose, hands_pose = fitted.pose, None
    if hands is not None and body.hands is not None:
        pose, hands_pose = fit_hands(body, pose, fitted.betas, fitted.camera, hands[None])
    fingers = None if hands_pose is None else hands_pose[0]
    return FittedBody(body, pose[0], fitted.betas[0], fitted.camera[0], size, fingers)


def turn_landmarks(person: Person, yaw: float, pitch: float) -> Keypoints:
    """Turn a person's own 3D keypoints; returns (18, 3) in px of their picture.

    Raises:
        BadSample: there are no 3D keypoints, or too few of them.
    """
    if person.keypoints3d is None:
        raise BadSample(
            "no_keypoints3d",
            "there are no 3D keypoints to turn: the detector gives none; name a file, or turn the fitted body",
        )
    try:
        turned = turn_keypoints(person.keypoints, person.keypoints3d, yaw, pitch)
    except ValueError as error:
        raise BadSample("too_few_keypoints", str(error)) from None
    return mask_outside(turned, person.image.shape[:2])


def turntable(views: Sequence[NovelView]) -> list[Image]:
    """Return the pictures of views in order, made steady: what one shows, its neighbours show as well (`deflicker`).

    The last is taken to be followed by the first where the angles, evenly spaced, go all round. Those that are steady stay as they are.
    """
    if all(view.painting.steady for view in views):
        return [view.painting.picture for view in views]
    yaws = [view.yaw for view in views]
    step = yaws[1] - yaws[0] if len(yaws) > 1 else 0.0
    closed = len(yaws) > 2 and abs(abs(yaws[-1] - yaws[0] + step) - 360) < ROUND_TOLERANCE
    return deflicker([view.painting.picture for view in views], [view.body for view in views], closed=closed)


def read_yaws(text: str) -> list[float]:
    """Read degrees from "45", "-30,30" or "0:360:15" (start, end that is left out, step).

    Raises:
        PtxError: it is none of these, or more than `MAX_VIEWS`.
    """
    try:
        yaws = _read_range(text) if ":" in text else [float(part) for part in text.split(",")]
    except ValueError:
        yaws = []
    if not 0 < len(yaws) <= MAX_VIEWS or not np.isfinite(yaws).all():
        raise PtxError(f"--yaw {text}: degrees such as 45, -30,30 or 0:360:15, at most {MAX_VIEWS} views")
    return yaws


def _read_range(text: str) -> list[float]:
    """Read start:end:step; empty where there are none, or too many; raises ValueError where it is no range."""
    start, end, step = (float(part) for part in text.split(":"))
    count = np.ceil((end - start) / step) if step else np.nan
    return [start + step * k for k in range(int(count))] if 0 < count <= MAX_VIEWS else []
