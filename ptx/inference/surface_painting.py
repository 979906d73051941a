"""People whose surface is filled, poses that a body is fitted to, and what the surface engine draws of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.avatar.person import Avatar
from ptx.datasets.images import Image
from ptx.geometry.flow import warp
from ptx.geometry.labels import VISIBLE
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.backgrounds import Backdrop
from ptx.inference.given import Keypoints
from ptx.inference.mender import Mender
from ptx.inference.painting import Flow, Painting, Scene, Visibility
from ptx.inference.person import Person
from ptx.pictures.compose import Painted
from ptx.surface.render import Rendering, render, unseen_arms
from ptx.surface.store import SurfaceStore


@dataclass(frozen=True)
class SurfacePerson:
    """A person of a photograph, with their surface."""

    person: Person
    """The person at the engine's size."""
    fitted: FittedBody
    """The body that is fitted to them."""
    mask: NDArray[np.float32] = field(repr=False)
    """(h, w) 0 to 1, how much of a pixel is theirs."""
    store: SurfaceStore = field(repr=False)
    """Their surface."""

    @property
    def avatar(self) -> Avatar:
        """The person without their photograph, to be saved as a rigged model."""
        return Avatar.of(self.fitted, self.store)


class WantedPose(NamedTuple):
    """A pose to paint somebody in."""

    fitted: FittedBody
    """Somebody's body in that pose."""
    keypoints: Keypoints
    """(18, 3) px, confidence."""
    scene: Scene | None = None
    """Who shows it, where a photograph does."""


@dataclass(frozen=True)
class BodyFlow:
    """Flow of the body, which sheets of pictures show; computed where it is asked for."""

    source: SurfacePerson
    """The person."""
    fitted: FittedBody
    """Their body in another pose."""

    @cached_property
    def _projected(self) -> tuple[Flow, Visibility]:
        return self.fitted.flow_from(self.source.fitted)

    @property
    def flow(self) -> Flow:
        """(h, w, 2) px, target to source."""
        return self._projected[0]

    @property
    def visibility(self) -> Visibility:
        """(h, w) labels 0 visible, 1 hidden, 2 background."""
        return self._projected[1]

    @property
    def warped(self) -> Image:
        """(h, w, 3) the source's own pixels where the flow brings them."""
        visible = self.visibility[..., None] == VISIBLE
        return np.where(visible, warp(self.source.person.image, self.flow), np.uint8(0))


@dataclass(frozen=True)
class SurfacePainting(Painting):
    """A person drawn in another pose, on a plain background."""

    steady: ClassVar[bool] = True

    rendering: Rendering = field(kw_only=True, repr=False)
    """The person alone, with alpha."""
    fitted: FittedBody = field(kw_only=True, repr=False)
    """Their body in the pose."""
    source: SurfacePerson = field(kw_only=True, repr=False)
    """The person, with their surface."""
    wanted: WantedPose | None = field(default=None, kw_only=True, repr=False)
    """The pose, where it is somebody's."""
    mender: Mender | None = field(default=None, kw_only=True, repr=False)
    """What corrects the drawing."""

    @cached_property
    def cut_out(self) -> Painted:
        """The person alone, whole: limbs may reach beyond the picture, and are drawn where it is asked for."""
        whole, (left, top) = with_margins(self.fitted)
        drawn = self.rendering
        if whole.size != self.fitted.size:
            drawn = drawn_person(self.source, whole, self.pose, self.mender, self.fitted)
        return Painted(drawn.colour, drawn.alpha, np.array([[1, 0, left], [0, 1, top]], np.float32))

    @property
    def scene(self) -> Scene:
        """The photograph that the person comes from."""
        return Scene(self.person, self.source.mask)

    @property
    def pose_scene(self) -> Scene | None:
        """The photograph that shows the pose, where one does."""
        return None if self.wanted is None else self.wanted.scene

    @cached_property
    def pasted(self) -> Image:
        """(H, W, 3) the whole photograph with the person in the pose, without them as they were."""
        return Backdrop("source").draw(self)


def drawn_person(
    source: SurfacePerson, fitted: FittedBody, pose: Keypoints, mender: Mender | None, framed: FittedBody | None = None
) -> Rendering:
    """Draw a person.

    Args:
        source: the person.
        fitted: their body in another pose, before a camera.
        pose: (18, 3) keypoints of that pose, px; arms of which it has neither elbow nor wrist are left out.
        mender: corrects the drawing; None: it stays as it is.
        framed: the body in the picture that `pose` is of, where that is another picture.
    """
    drawn = render(source.store, fitted, unseen_arms(framed or fitted, pose))
    return drawn if mender is None else mender(drawn, fitted)


def with_margins(fitted: FittedBody) -> tuple[FittedBody, tuple[int, int]]:
    """Widen a picture by what of a body is beyond its edges, at most by its size; also returns px on the left and above."""
    size = np.array(fitted.size[::-1])
    before = np.clip(np.ceil(1 - fitted.points[:, :2].min(0)), 0, size).astype(int)
    after = np.clip(np.ceil(fitted.points[:, :2].max(0)) + 2 - size, 0, size).astype(int)
    width, height = (size + before + after).tolist()
    left, top = before.tolist()
    camera = fitted.camera + np.array([0, left, top], np.float32)
    return replace(fitted, camera=camera, size=(height, width)), (left, top)
