"""A person of photographs in somebody's motion: one picture a frame, over a ground that stays."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image, Transform, invert_transform
from ptx.geometry.camera import project
from ptx.geometry.dressing.slack import with_slack
from ptx.geometry.skinning import pose_keypoints
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.backgrounds import ANKLES, SOLE
from ptx.inference.mender import Mender
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.compose import Feet, cast_contact_shadow
from ptx.surface.render import render
from ptx.surface.transfer import lay_over

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Performance:
    """A person in T frames of a motion, before a camera that stands still."""

    person: SurfacePerson
    """The person."""
    pose: Floats = field(repr=False)
    """(T, 24, 3) axis-angle, radians."""
    hands_pose: Floats | None = field(repr=False)
    """(T, 30, 3) of the fingers; None: at rest."""
    camera: Floats = field(repr=False)
    """(T, 3) px per metre, px, px."""
    there: NDArray[np.bool_] = field(repr=False)
    """(T,) frames that show the person; the others show the ground alone."""
    near_ground: Floats = field(repr=False)
    """(T, 2) how near to the ground the right and the left foot are, 0 to 1."""
    size: tuple[int, int]
    """Height, width of the frames, px."""

    def body(self, frame: int) -> FittedBody:
        """Return the person's body in a frame."""
        before = self.person.fitted
        fingers = None if self.hands_pose is None else self.hands_pose[frame]
        after = replace(before, pose=self.pose[frame], hands_pose=fingers, camera=self.camera[frame], size=self.size)
        return with_slack(before, after)


def paint(shown: Performance, number: int, ground: Image | None, shadow: float, mender: Mender | None) -> Image:
    """Paint a frame of a performance.

    Args:
        shown: who is painted.
        number: of the frame.
        ground: (H, W, 3) what is behind them; None: nothing.
        shadow: share of the light that the ground loses under feet.
        mender: what corrects the drawing; None: it stays as it is.

    Returns:
        (H, W, 3), or (H, W, 4) where there is no ground.
    """
    if not shown.there[number]:
        return np.zeros((*shown.size, 4), np.uint8) if ground is None else ground
    body = shown.body(number)
    drawn = render(shown.person.store, body)
    if mender is not None:
        drawn = mender(drawn, body)
    if ground is None:
        return np.dstack([drawn.colour, np.rint(255 * drawn.alpha).astype(np.uint8)])
    return lay_over(drawn, _with_shadows(ground, body, shown.near_ground[number], shadow))


def _with_shadows(ground: Image, body: FittedBody, near_ground: Floats, shadow: float) -> Image:
    """Cast the contact shadows of a body, fainter under a foot that is a little above the ground.

    Args:
        ground: (H, W, 3).
        body: who stands on it.
        near_ground: (2,) how near to it the right and the left foot are, 0 to 1.
        shadow: share of the light that the ground loses under a foot on it.
    """
    joints = pose_keypoints(body.body, body.pose[None], body.betas)[0, list(ANKLES)]
    points = project(body.camera, joints)[:, :2] + (0, SOLE * body.camera[0])
    for point, near in zip(points, near_ground, strict=True):
        if near > 0:
            ground = cast_contact_shadow(ground, Feet(point[None], float(body.camera[0])), shadow * float(near))
    return ground


def in_photograph(
    fitted: FittedBody, transform: Transform, photograph: tuple[int, int], size: tuple[int, int]
) -> FittedBody:
    """Bring a body from the picture that it was fitted in to the photograph, at another size.

    Args:
        fitted: the body.
        transform: (2, 3) from px of the photograph to those of the picture.
        photograph: height, width of the photograph, px.
        size: height, width that the photograph is brought to.
    """
    back = invert_transform(transform)
    shrink = size[1] / photograph[1]
    scale, (x, y) = back[0, 0] * shrink, back[:, :2] @ fitted.camera[1:] + back[:, 2]
    camera = np.array([fitted.camera[0] * scale, (x + 0.5) * shrink - 0.5, (y + 0.5) * shrink - 0.5], np.float32)
    return replace(fitted, camera=camera, size=size)


def scaled(camera: Floats, factor: float) -> Floats:
    """Return cameras (T, 3) of pictures that are scaled by a factor."""
    out = camera * np.float32(factor)
    out[:, 1:] += np.float32((factor - 1) / 2)  # the middle of the first pixel
    return out


def fitting_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Shrink a size (height, width) so that the longer side has at most some px; both are even, as video has them."""
    shrink = min(1.0, longest / max(size))
    height, width = (max(2, 2 * round(side * shrink / 2)) for side in size)
    return height, width
