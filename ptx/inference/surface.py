"""The surface engine: sharp transfers from one photograph, with nothing trained.

A body is fitted to the person, and the photograph's own pixels are laid on its surface, which is completed and drawn in another pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.images import MAX_PIXELS, Frame, Image, photograph_area
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import load_body
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person as Observed
from ptx.geometry.dressing.refine import Posed
from ptx.geometry.dressing.sheets import clothed
from ptx.geometry.flow import warp
from ptx.geometry.keypoints import drop_keypoints
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.painting import Painting
from ptx.inference.person import Detector, Keypoints, Person, PersonReader, Photograph
from ptx.inference.view import NovelView, beyond_photograph, fit_keypoints, fit_person, landmarks_of
from ptx.pipeline.errors import BadSample, PtxError
from ptx.surface.proportions import at_home, in_pose, with_camera
from ptx.surface.render import Rendering, render, unseen_arms
from ptx.surface.source import MaskedPhotograph
from ptx.surface.store import SurfaceStore, build_store

SIZE = (1024, 768)
"""Height, width in px to which people are brought, and of what is painted."""

VERSION = "2"
"""Raised when the same photographs begin to give other pictures."""

Place = Literal["pose", "source"]
"""Whose place in the picture, and whose size, a person has who is drawn."""

BACKGROUND = (232, 232, 232)
"""Colour behind painted people."""


@dataclass(frozen=True)
class SurfacePerson:
    """A person of a photograph, with their surface."""

    person: Person
    """The person at the engine's size."""
    fitted: FittedBody
    """The body that is fitted to them."""
    store: SurfaceStore = field(repr=False)
    """Their surface."""


class WantedPose(NamedTuple):
    """A pose to paint somebody in."""

    fitted: FittedBody
    """Somebody's body in that pose."""
    keypoints: Keypoints
    """(18, 3) px, confidence."""


@dataclass(frozen=True)
class SurfacePainting(Painting):
    """A person drawn in another pose, on a plain background."""

    @property
    def cut_out(self) -> tuple[Image, NDArray[np.float32]]:
        """The person alone."""
        return self.rendering.colour, self.rendering.alpha

    steady: ClassVar[bool] = True

    rendering: Rendering = field(kw_only=True, repr=False)
    """The person alone, with alpha."""
    fitted: FittedBody = field(kw_only=True, repr=False)
    """Their body in the pose."""


class SurfaceEngine:
    """Draws people of photographs in other poses and from other sides. Nothing is trained, and no GPU is needed."""

    usual_background = "source"

    frame: Frame
    """What of a photograph is drawn: all of it, or the person cut out of it."""
    size: tuple[int, int]
    """Height, width in px of what is drawn."""

    def __init__(
        self,
        *,
        body: str = "builtin",
        size: tuple[int, int] = SIZE,
        frame: Frame = "person",
        max_pixels: int = MAX_PIXELS,
        detector: Detector | None = None,
        place: Place = "pose",
    ) -> None:
        """Load the body model.

        Args:
            body: as for `load_body`.
            size: height, width in px of what is drawn.
            frame: bring the whole photograph to that size, or the person cut out of it.
            max_pixels: larger photographs are refused before they are decoded.
            detector: finds persons in photographs; that of ptx where none is given.
            place: where people are drawn, and how large: as the pose's person is in their picture, or as they are in their own.

        Raises:
            PtxError: the body's file is not there, or is no SMPL body.
        """
        try:
            self.body = load_body(body)
        except (OSError, ValueError) as error:
            raise PtxError(f"body: {error}") from error
        self.size, self.frame, self.place = size, frame, place
        self.hashes = {"surface": f"{VERSION} {place} {self.body.digest}"}
        self._reader = PersonReader(size, max_pixels, frame, detector)

    @property
    def name(self) -> str:
        """Name of the system that paints."""
        return "surface"

    @property
    def trained(self) -> bool:
        """False: the photograph's own pixels are laid on a fitted body."""
        return False

    def read(self, image: Path) -> Person:
        """Read a photograph and find its most prominent person; raises PtxError."""
        return self._reader.person(image)

    @cached_property
    def _silhouettes(self) -> Silhouettes:
        return Silhouettes()

    def person(self, image: Photograph | SurfacePerson, keypoints: Keypoints | None = None) -> SurfacePerson:
        """Read a photograph, find its most prominent person, fit a body to them, and fill its surface.

        Args:
            image: a photograph; or a person who is there already, and is returned.
            keypoints: (18, 3) in px of the photograph; None: the detector finds them.

        Raises:
            PtxError: it is no picture, or shows nobody or too little of a person; one line.
        """
        if isinstance(image, SurfacePerson):
            return image
        person = _inside_photograph(self._reader.person(image, keypoints))
        name = "the picture" if isinstance(image, np.ndarray) else str(image)
        try:
            fitted, mask = self._dressed(person)
        except BadSample as error:
            raise PtxError(f"{name}: {error}") from None
        face = None if person.details is None else person.details().face
        return SurfacePerson(person, fitted, build_store(MaskedPhotograph(person.image, mask, face), fitted))

    def pose(self, pose: str | Path | Keypoints, source: SurfacePerson) -> WantedPose:
        """Fit a body to a wanted pose, given as for `Model.transfer`.

        Raises:
            PtxError: a file is no picture, shows nobody, or holds no pose of 18 or 25 joints, or the pose is outside the picture
                or too small, or too little of it is there; one line.
        """
        if not isinstance(pose, np.ndarray) and Path(pose).suffix.lower() != ".json":
            person = _inside_photograph(self._reader.person(pose))
        else:
            keypoints = self._reader.pose(pose, source.person)
            person = None
        try:
            if person is not None:
                return WantedPose(self._dressed(person)[0], person.keypoints)
            return WantedPose(fit_keypoints(keypoints, None, self.size, self.body), keypoints)
        except BadSample as error:
            raise PtxError(f"{'pose' if isinstance(pose, np.ndarray) else pose}: {error}") from None

    def transfer(
        self, image: Photograph | SurfacePerson, pose: str | Path | Keypoints, keypoints: Keypoints | None = None
    ) -> SurfacePainting:
        """Draw the person of a picture in another pose.

        Args:
            image: a photograph, or a person whose surface is filled.
            pose: a photograph of someone in the wanted pose; or OpenPose's JSON file of one, whose person is framed as that of a
                photograph; or an array (18, 3) of x, y, confidence, in px of `image`.
            keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.

        Raises:
            PtxError: as for `person` and `pose`; one line.
        """
        person = self.person(image, keypoints)
        wanted = self.pose(pose, person)
        fitted = in_pose(person.fitted, wanted.fitted)
        if self.place == "pose":
            return self.draw(person, fitted, wanted.keypoints)
        home = at_home(person.fitted, fitted)
        return self.draw(person, home, with_camera(wanted.keypoints, fitted.camera, home.camera))

    def view(self, image: Photograph | SurfacePerson, yaws: Sequence[float], pitch: float = 0.0) -> list[NovelView]:
        """Draw the person of a picture from other sides.

        Args:
            image: a photograph, or a person whose surface is filled.
            yaws: degrees that the person turns to their own left, one a view.
            pitch: degrees that the person tilts towards the viewer.

        Raises:
            PtxError: as for `person`; one line.
        """
        person, views = self.person(image), []
        for yaw in yaws:
            turned = person.fitted.turned(yaw, pitch)
            views.append(NovelView(yaw, pitch, turned, self.draw(person, turned, turned.keypoints)))
        return views

    def draw(self, source: SurfacePerson, fitted: FittedBody, pose: Keypoints) -> SurfacePainting:
        """Draw a person.

        Args:
            source: the person.
            fitted: their body in another pose, before a camera.
            pose: (18, 3) keypoints of that pose, px; arms of which it has neither elbow nor wrist are left out.
        """
        drawn = render(source.store, fitted, unseen_arms(fitted, pose))
        flow, visibility = fitted.flow_from(source.fitted)
        alpha = drawn.alpha[..., None]
        picture = alpha * drawn.colour + (1 - alpha) * np.array(BACKGROUND, np.float32)
        return SurfacePainting(
            picture=(picture + 0.5).astype(np.uint8),
            warped=np.where(visibility[..., None] == 0, warp(source.person.image, flow), np.uint8(0)),
            flow=flow,
            visibility=visibility,
            person=source.person,
            pose=pose,
            rendering=drawn,
            fitted=fitted,
        )

    def _dressed(self, person: Person) -> tuple[FittedBody, NDArray[np.float32]]:
        """Fit a body to a person, dress it by their mask, and return that too, (h, w) 0 to 1; raises BadSample."""
        fitted = fit_person(person, self.body)
        area = photograph_area(person.transform, person.original.shape[:2], self.size)
        mask = self._mask(person, fitted) * area
        start = Posed(fitted.pose, fitted.betas, fitted.camera, fitted.hands_pose)
        observed = Observed(person.keypoints, person.keypoints3d, landmarks_of(person), mask, area, person.image)
        dressed = dress(self.body, start, observed)
        body, offset, drawn = clothed(self.body, dressed.heights, dressed.worn, dressed.sheet_heights)
        pose, betas, camera, _ = dressed.posed
        return replace(fitted, body=body, pose=pose, betas=betas, camera=camera, offset=offset, drawn=drawn), mask

    def _mask(self, person: Person, fitted: FittedBody) -> NDArray[np.float32]:
        """Mask (h, w), 0 to 1, of a person: the network's, or that of the body where it sees nobody around the keypoints."""
        try:
            return self._silhouettes(person.image, person.keypoints)
        except BadSample:
            return (rasterize(fitted.points, self.body.faces, *self.size)[0] >= 0).astype(np.float32)


def _inside_photograph(person: Person) -> Person:
    """Drop keypoints beyond the photograph's edge: there the detector has seen the filling only."""
    outside = beyond_photograph(person, person.keypoints)
    deep = person.keypoints3d
    return replace(
        person,
        keypoints=drop_keypoints(person.keypoints, outside),
        keypoints3d=None if deep is None else drop_keypoints(deep, outside),
    )
