"""The surface engine: sharp transfers from one photograph of a person or several, with nothing trained.

A body is fitted to the person, and the photographs' own pixels are laid on its surface, which is completed and drawn in another pose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from ptx.avatar.person import Avatar
from ptx.avatar.read import is_avatar, read_avatar
from ptx.datasets.images import MAX_PIXELS, Frame, Image, apply_transform
from ptx.detector.parsing import Parser
from ptx.detector.shipped import MENDER_SHA256
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import load_body
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.backgrounds import lay_everyone
from ptx.inference.dressed_person import DressedPerson, dress_person, inside_photograph, observe_person
from ptx.inference.given import Keypoints, Photograph, name_of, photograph_of, several
from ptx.inference.group import GroupPainting, paint_everyone
from ptx.inference.mender import Mender
from ptx.inference.painting import Painting, Scene
from ptx.inference.person import Detector, Person, PersonReader
from ptx.inference.surface_painting import BodyFlow, SurfacePainting, SurfacePerson, WantedPose, drawn_person
from ptx.inference.view import NovelView, beyond_photograph, fit_keypoints
from ptx.pipeline.errors import BadSample, PtxError
from ptx.surface.merge import merge
from ptx.surface.proportions import Proportions, at_home, core_points, in_pose, in_sight, with_camera
from ptx.surface.render import Rendering, render
from ptx.surface.store import TEXTURE_SIDE, fill_surface
from ptx.surface.transfer import lay_over

SIZE = (1024, 768)
"""Height, width in px to which people are brought, and of what is painted."""

VERSION = "7"
"""Raised when the same photographs begin to give other pictures."""

Place = Literal["pose", "source"]
"""Whose place in the picture, and whose size, a person has who is drawn."""

EDGE_MARGIN = 0.2
"""Metres between a photograph's edge and the eyes of who is drawn at home, if there was as much: the height of a forehead and hair."""

BACKGROUND = (232, 232, 232)
"""Colour behind painted people."""


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
        proportions: Proportions = "source",
        texture: int = TEXTURE_SIDE,
        mend: bool = False,
    ) -> None:
        """Load the body model.

        Args:
            body: as for `load_body`.
            size: height, width in px of what is drawn.
            frame: bring the whole photograph to that size, or the person cut out of it.
            max_pixels: larger photographs are refused before they are decoded.
            detector: finds persons in photographs; that of ptx where none is given.
            place: where people are drawn, and how large: as the pose's person is in their picture, or as they are in their own.
            proportions: whose shape and limbs people have in somebody else's pose: their own, or those of the other.
            texture: side of the texture, px, of people who are read from photographs.
            mend: let the mender (docs/mender.md) correct what is drawn.

        Raises:
            PtxError: the body's file is not there, or is no SMPL body; or the mender's is damaged.
        """
        try:
            self.body = load_body(body)
        except (OSError, ValueError) as error:
            raise PtxError(f"body: {error}") from error
        self.size, self.frame, self.place, self.proportions, self.texture = size, frame, place, proportions, texture
        finer = "" if texture == TEXTURE_SIDE else f" {texture}"
        self.hashes = {"surface": f"{VERSION} {place} {proportions} {self.body.digest}{finer}"}
        self._mender = Mender() if mend else None
        if mend:
            self.hashes["mender"] = MENDER_SHA256[:16]
        self._reader = PersonReader(size, max_pixels, frame, detector)

    @property
    def name(self) -> str:
        """Name of the system that paints."""
        return "surface"

    @property
    def trained(self) -> bool:
        """False: the photograph's own pixels are laid on a fitted body."""
        return False

    @cached_property
    def _silhouettes(self) -> Silhouettes:
        return Silhouettes()

    @cached_property
    def _parser(self) -> Parser:
        return Parser()

    def _dressed(self, person: Person) -> DressedPerson:
        """Fit a body to a person, and dress it by silhouette and labels; raises BadSample."""
        return dress_person(person, self.body, self._silhouettes, self._parser)

    def person(
        self, image: Photograph | Sequence[Photograph] | SurfacePerson | Avatar, keypoints: Keypoints | None = None
    ) -> SurfacePerson:
        """Read a photograph, find its most prominent person, fit a body to them, and fill its surface.

        Args:
            image: a photograph; or several of one person, of which the first gives shape, clothes and background, and each colours what
                it shows best; or an avatar or its file, whose surface is filled already; or a person who is there already, and
                is returned.
            keypoints: (18, 3) in px of the first photograph; None: the detector finds them.

        Raises:
            PtxError: a file is no picture, or shows nobody or too little of a person; or is no avatar that ptx made of this body, or one
                beside other files; one line that names it.
        """
        if isinstance(image, SurfacePerson):
            return image
        if isinstance(image, Avatar):
            return _person_of(image.brought_to(self.size))
        first, *others = several(image)
        avatar = next((one for one in (first, *others) if not isinstance(one, np.ndarray) and is_avatar(one)), None)
        if avatar is not None:
            if others:
                raise PtxError(f"{avatar}: an avatar is a whole person: leave the other pictures out, or this")
            return _person_of(read_avatar(Path(avatar), self.body).brought_to(self.size))
        found = [(self._reader.person(first, keypoints), first), *((self._reader.person(one), one) for one in others)]
        return self._filled([(person, name_of(one)) for person, one in found])

    def _filled(self, found: Sequence[tuple[Person, str]]) -> SurfacePerson:
        """Fill the surface of a person from photographs of these names; raises PtxError."""
        people = [inside_photograph(person) for person, _ in found]
        dressed: list[DressedPerson] = []
        for person, (_, name) in zip(people, found, strict=True):
            try:
                dressed.append(self._dressed(person))
            except BadSample as error:
                raise PtxError(f"{name}: {error}") from None
        fitted, mask, _ = dressed[0]
        sources = [observe_person(person, one.on_body_of(fitted)) for person, one in zip(people, dressed, strict=True)]
        return SurfacePerson(people[0], fitted, mask, fill_surface(merge(sources), self.texture))

    def everyone(self, image: Photograph, paint: Callable[[SurfacePerson], Painting]) -> GroupPainting:
        """Paint every person of a picture, and lay them over it without its people, in the order of their distance.

        Args:
            image: a photograph.
            paint: paints one of them, such as `lambda person: engine.transfer(person, "dancer.jpg")` or
                `lambda person: engine.view(person, [30])[0].painting`, of an engine that leaves people in their place; raises PtxError
                where it cannot.

        Raises:
            PtxError: nobody is in the picture, or nobody could be painted.
        """

        def painted(found: Person) -> tuple[float, Painting]:
            person = self._filled([(found, name_of(image))])
            return person.fitted.camera[0] / float(np.hypot(*found.transform[0, :2])), paint(person)

        return paint_everyone(self._reader.people(image), painted, lay_everyone)

    def pose(self, pose: str | Path | Keypoints | WantedPose, source: SurfacePerson | None = None) -> WantedPose:
        """Fit a body to a wanted pose, given as for `Model.transfer`; an array is in px of the photograph of `source`.

        Raises:
            PtxError: a file is no picture, shows nobody, or holds no pose of 18 or 25 joints, or the pose is outside the picture
                or too small, or too little of it is there; one line.
        """
        if isinstance(pose, WantedPose):
            return pose
        shown = photograph_of(pose)
        try:
            if shown is None:
                keypoints = self._reader.pose(pose, None if source is None else source.person)
                return WantedPose(fit_keypoints(keypoints, None, self.size, self.body), keypoints)
            person = inside_photograph(self._reader.person(shown))
            fitted, mask, _ = self._dressed(person)
            return WantedPose(fitted, person.keypoints, Scene(person, mask))
        except BadSample as error:
            raise PtxError(f"{'pose' if isinstance(pose, np.ndarray) else pose}: {error}") from None

    def transfer(
        self,
        image: Photograph | Sequence[Photograph] | SurfacePerson | Avatar,
        pose: str | Path | Keypoints | WantedPose,
        keypoints: Keypoints | None = None,
    ) -> SurfacePainting:
        """Draw the person of a picture in another pose.

        Args:
            image: a photograph, or several of one person, or an avatar or its file, or a person whose surface is filled.
            pose: a photograph of someone in the wanted pose; or OpenPose's JSON file of one, whose person is framed as that of a
                photograph; or an array (18, 3) of x, y, confidence, in px of `image`; or a pose that a body is fitted to already.
            keypoints: (18, 3) of the person in `image`, in its px; None: the detector finds them.

        Raises:
            PtxError: as for `person` and `pose`; one line.
        """
        person = self.person(image, keypoints)
        wanted = self.pose(pose, person)
        fitted = in_pose(person.fitted, wanted.fitted, self.proportions)
        if self.place == "pose":
            return self.draw(person, fitted, wanted.keypoints, wanted)
        home = _in_sight(person, at_home(person.fitted, fitted))
        return self.draw(person, home, with_camera(wanted.keypoints, fitted.camera, home.camera), wanted)

    def view(
        self,
        image: Photograph | Sequence[Photograph] | SurfacePerson | Avatar,
        yaws: Sequence[float],
        pitch: float = 0.0,
    ) -> list[NovelView]:
        """Draw the person of a picture from other sides.

        Args:
            image: a photograph, or several of one person, or an avatar or its file, or a person whose surface is filled.
            yaws: degrees that the person turns to their own left, one a view.
            pitch: degrees that the person tilts towards the viewer.

        Raises:
            PtxError: as for `person`; one line.
        """
        person, views = self.person(image), []
        for yaw in yaws:
            turned = person.fitted.turned(yaw, pitch, level=True)
            views.append(NovelView(yaw, pitch, turned, self.draw(person, turned, turned.keypoints)))
        return views

    def draw(
        self, source: SurfacePerson, fitted: FittedBody, pose: Keypoints, wanted: WantedPose | None = None
    ) -> SurfacePainting:
        """Draw a person.

        Args:
            source: the person.
            fitted: their body in another pose, before a camera.
            pose: (18, 3) keypoints of that pose, px; arms of which it has neither elbow nor wrist are left out.
            wanted: where the pose comes from, if it is somebody's.
        """
        drawn = drawn_person(source, fitted, pose, self._mender)
        return SurfacePainting(
            picture=_on_plain(drawn),
            carried=BodyFlow(source, fitted),
            person=source.person,
            pose=pose,
            rendering=drawn,
            fitted=fitted,
            source=source,
            wanted=wanted,
            mender=self._mender,
        )


def _on_plain(drawn: Rendering) -> Image:
    """Lay a drawn person over a plain background."""
    return lay_over(drawn, np.array([[BACKGROUND]], np.uint8))


def _person_of(avatar: Avatar) -> SurfacePerson:
    """Return the person of an avatar; what stands for their photograph is the avatar itself, drawn in its pose."""
    fitted, store = avatar.fitted, avatar.store
    drawn = render(store, fitted)
    picture = _on_plain(drawn)
    person = Person(picture, fitted.keypoints, picture, np.eye(2, 3, dtype=np.float32))
    return SurfacePerson(person, fitted, drawn.alpha, store)


def _in_sight(source: SurfacePerson, posed: FittedBody) -> FittedBody:
    """Keep head and trunk of who is at home within the photograph, where it showed them."""
    if beyond_photograph(source.person, core_points(source.fitted)).any():
        return posed
    height, width = source.person.original.shape[:2]
    corners = apply_transform(source.person.transform, np.array([[0, 0], [width - 1, height - 1]], np.float32))
    margin, before = EDGE_MARGIN * source.fitted.camera[0], core_points(source.fitted)
    return in_sight(
        posed, np.minimum(corners[0] + margin, before.min(0)), np.maximum(corners[1] - margin, before.max(0))
    )
