"""A person of photographs in somebody's motion: one picture a frame, over a ground that stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import Image, Transform, invert_transform
from ptx.geometry.dressing.slack import with_slack
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.backgrounds import feet_of, without_person
from ptx.inference.mender import Mender
from ptx.inference.painting import Scene
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.compose import USUAL_STRENGTH, Colour, cast_contact_shadow
from ptx.surface.render import Rendering, render
from ptx.surface.transfer import lay_over

Floats = NDArray[np.float32]

Ground = Callable[[int], Image]
"""Number of a frame → (H, W, 3) what is behind the person; not changed by whoever asks."""


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
    size: tuple[int, int]
    """Height, width of the frames, px."""

    def body(self, frame: int) -> FittedBody:
        """Return the person's body in a frame."""
        before = self.person.fitted
        fingers = None if self.hands_pose is None else self.hands_pose[frame]
        after = replace(before, pose=self.pose[frame], hands_pose=fingers, camera=self.camera[frame], size=self.size)
        return with_slack(before, after)

    def drawn(self, frame: int, mender: Mender | None = None) -> Rendering:
        """Draw the person in a frame."""
        body = self.body(frame)
        rendering = render(self.person.store, body)
        return rendering if mender is None else mender(rendering, body)


@dataclass(frozen=True)
class Picture:
    """How frames of a performance are painted."""

    performance: Performance
    """Who is painted."""
    ground: Ground | None
    """What is behind them; None: nothing, frames have alpha."""
    shadow: float = USUAL_STRENGTH
    """Share of the light that the ground loses under feet."""
    mender: Mender | None = None
    """What corrects the drawing."""

    def frame(self, number: int) -> Image:
        """Paint a frame: (H, W, 3), or (H, W, 4) where there is no ground."""
        shown, size = self.performance, self.performance.size
        drawn = shown.drawn(number, self.mender) if shown.there[number] else None
        if self.ground is None:
            if drawn is None:
                return np.zeros((*size, 4), np.uint8)
            return np.dstack([drawn.colour, np.rint(255 * drawn.alpha).astype(np.uint8)])
        ground = self.ground(number)
        if drawn is None:
            return ground
        return lay_over(drawn, cast_contact_shadow(ground, feet_of(shown.body(number).keypoints), self.shadow))


def plain_ground(colour: Colour, size: tuple[int, int]) -> Ground:
    """Return a ground (height, width) of one colour."""
    ground = np.empty((*size, 3), np.uint8)
    ground[:] = colour
    return lambda _: ground


def photograph_ground(scene: Scene, size: tuple[int, int]) -> Ground:
    """Return a photograph without its person as the ground, brought to a size (height, width)."""
    empty = without_person(scene)
    ground = np.asarray(cv2.resize(empty, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return lambda _: ground


def in_photograph(fitted: FittedBody, transform: Transform, photograph: tuple[int, int], size: tuple[int, int]) -> FittedBody:
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


def fitting_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Shrink a size (height, width) so that the longer side has at most some px; both are even, as video has them."""
    shrink = min(1.0, longest / max(size))
    height, width = (max(2, 2 * round(side * shrink / 2)) for side in size)
    return height, width
