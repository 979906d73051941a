"""The same person from another side, from one picture: `ptx view`, and `ptx.inference.view.views(model, image, yaws)` (system C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body, load_body
from ptx.geometry.fitting import fit
from ptx.geometry.keypoints import mask_outside
from ptx.geometry.viewpoint import SeenBody, turn_keypoints
from ptx.inference.model import Image, Keypoints, Model, Painting, Person
from ptx.pictures.deflicker import deflicker
from ptx.pipeline.errors import PtxError

Joints = Literal["body", "landmarks"]

UNUSABLE = ("too_few_keypoints", "diverged")
"""Problems of a fit that leave no body."""

MOST_VIEWS = 360
"""Views that are painted in one go."""


@dataclass(frozen=True)
class View:
    """One view."""

    yaw: float
    pitch: float
    body: SeenBody
    """The fitted body as this view shows it."""
    painting: Painting


def views(
    model: Model,
    image: str | Path | Image | Person,
    yaws: Sequence[float],
    pitch: float = 0.0,
    *,
    keypoints: Keypoints | None = None,
    body: str = "builtin",
    joints: Joints = "body",
) -> list[View]:
    """Paint the person of a picture from other sides.

    A body is fitted to the picture and turned; its projected joints are the wanted pose, and, but for pose-flow, which knows no
    body, flow and visibility are projected from it as well.

    Args:
        model: a trained system.
        image: a photograph, or its pixels (H, W, 3) uint8 RGB, or a person cut out of one.
        yaws: degrees that the person turns to their own left, one a view.
        pitch: degrees that the person tilts towards the viewer.
        keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.
        body: model of the body, as for `load_body`.
        joints: what is turned into the wanted pose: the fitted body's joints, or the person's own 3D keypoints as the detector
            or a file gives them (`turn_keypoints`), for which the system finds the flow itself.

    Raises:
        PtxError: there is nobody, or too little of them to fit a body to, or there are no 3D keypoints to turn.
    """
    person = image if isinstance(image, Person) else model.person(image, keypoints)
    seen = fit_person(person, load_body(body))
    found = []
    for yaw in yaws:
        turned = seen.turned(yaw, pitch)
        if joints == "landmarks":
            pose, given = _turned_landmarks(person, yaw, pitch), None
        else:
            pose, given = turned.keypoints, None if model.system == "pose-flow" else turned.flow_from(seen)
        found.append(View(yaw, pitch, turned, model.paint(person, pose, given)))
    return found


def _turned_landmarks(person: Person, yaw: float, pitch: float) -> Keypoints:
    if person.keypoints3d is None:
        raise PtxError(
            "there are no 3D keypoints to turn: the detector gives none; name a file, or turn the fitted body"
        )
    try:
        turned = turn_keypoints(person.keypoints, person.keypoints3d, yaw, pitch)
    except ValueError as error:
        raise PtxError(str(error)) from None
    return mask_outside(turned, person.image.shape[:2])


def fit_person(person: Person, body: Body) -> SeenBody:
    """The body of a person.

    Raises:
        PtxError: too few keypoints are there.
    """
    size = (person.image.shape[0], person.image.shape[1])
    deep = None if person.keypoints3d is None else person.keypoints3d[None]
    found = fit(body, person.keypoints[None], deep, size)
    if (why := found.problems.get(0, "")) and why.startswith(UNUSABLE):
        raise PtxError(f"no body could be fitted: {why}")
    return SeenBody(body, found.pose[0], found.betas[0], found.camera[0], size)


def turntable(found: Sequence[View]) -> list[NDArray[np.uint8]]:
    """The pictures of views in order, made steady: what one shows, its neighbours show as well (`deflicker`).

    The views are taken to close into a round where they go all round.
    """
    bodies = [view.body for view in found]
    step = found[1].yaw - found[0].yaw if len(found) > 1 else 0.0
    closed = len(found) > 2 and abs(abs(found[-1].yaw - found[0].yaw + step) - 360) < 1e-6
    return deflicker([view.painting.picture for view in found], bodies, closed=closed)


def read_yaws(text: str) -> list[float]:
    """Degrees from "45", "-30,30" or "0:360:15" (start, end that is left out, step).

    Raises:
        PtxError: it is none of these, or more than `MOST_VIEWS`.
    """
    try:
        if ":" in text:
            start, end, step = (float(part) for part in text.split(":"))
            count = np.ceil((end - start) / step) if step else np.nan
            found = [start + step * k for k in range(int(count))] if 0 < count <= MOST_VIEWS else []
        else:
            found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not 0 < len(found) <= MOST_VIEWS or not np.isfinite(found).all():
        raise PtxError(f"--yaw {text}: degrees such as 45, -30,30 or 0:360:15, at most {MOST_VIEWS} views")
    return found
