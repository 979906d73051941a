"""The worker's work: people read, posed and painted, of messages and for messages. Knows no server and no process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.app import gallery
from ptx.app.bodies import body_in, joints_of, reshaped, scaled, stance_of, to_photograph
from ptx.app.encoding import MEDIA_TYPES, encode_jpeg, encode_moving, encode_quickly
from ptx.app.kept import Kept, LostError
from ptx.app.messages import (
    Animate,
    Answer,
    Backdrop,
    Drag,
    File,
    Gone,
    Look,
    Options,
    Paint,
    PersonRead,
    Pixels,
    Posed,
    Progress,
    ReadPerson,
    ReadPose,
    Refused,
    Request,
    Rig,
    Stance,
    TakePose,
    Turn,
    Upload,
)
from ptx.app.temporary import as_files
from ptx.avatar.person import Avatar
from ptx.avatar.write import encode_avatar
from ptx.datasets.images import MAX_PIXELS, Image, apply_transform, invert_transform
from ptx.geometry.fitting.drag import drag
from ptx.geometry.viewpoint import FittedBody
from ptx.inference.backgrounds import backdrop_of
from ptx.inference.origin import origin
from ptx.inference.painting import Painting
from ptx.inference.person import Person
from ptx.inference.surface import SurfaceEngine
from ptx.inference.surface_painting import SurfacePerson, WantedPose, drawn_person, with_margins
from ptx.inference.view import read_yaws
from ptx.pictures.background import remove_person
from ptx.pictures.png import encode_png
from ptx.pictures.provenance import Provenance
from ptx.pipeline.errors import PtxError
from ptx.surface.proportions import in_pose
from ptx.training.systems import find_system

if TYPE_CHECKING:
    from ptx.inference.model import Model

Floats = NDArray[np.float32]
Listener = Callable[[Progress], None]

MOST_PEOPLE = 24
"""People, and poses, that are kept; others are read again when they are asked for."""

DRAFT_HEIGHT = 384
"""Height, px, of what is drawn while a joint is dragged."""

GALLERY_SHARE = 0.4
"""px per metre of a pose of the gallery, as a share of the picture's height: it fits in, arms up."""

SCREEN = 1600
"""Longer side, px, of photographs as the page shows them."""

MASK_EDGE = 0.5
"""Alpha at which the outline is drawn."""

OUTLINE_ERROR = 1.5
"""px of the working picture by which a simplified outline may miss it."""

SMALLEST_OUTLINE = 0.01
"""Share of the largest polygon's area below which others are left out."""


@dataclass(frozen=True)
class Known:
    """A person, and what is noted of their photographs."""

    person: SurfacePerson
    sources: list[dict[str, str]]
    """Name and SHA-256 of each photograph."""

    @cached_property
    def on_screen(self) -> SurfacePerson:
        """The same on a photograph of at most `SCREEN` px."""
        found = self.person.person
        height, width = found.original.shape[:2]
        scale = min(1.0, SCREEN / max(height, width))
        if scale == 1:
            return self.person
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        smaller = np.asarray(cv2.resize(found.original, size, interpolation=cv2.INTER_AREA), np.uint8)
        x, y = width / size[0], height / size[1]
        back = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
        moved = (found.transform @ back).astype(np.float32)
        return replace(self.person, person=replace(found, original=smaller, transform=moved))


class Painter:
    """Answers requests, one after another."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.people: Kept[Known] = Kept(MOST_PEOPLE)
        self.poses: Kept[WantedPose] = Kept(MOST_PEOPLE)
        self.engine = self._engine(mend=False)
        self._models: dict[str, Model] = {}

    @cached_property
    def mending(self) -> SurfaceEngine:
        """The engine whose pictures the mender corrects."""
        return self._engine(mend=True)

    def _engine(self, mend: bool) -> SurfaceEngine:
        return SurfaceEngine(body=self.options.body, max_pixels=self.max_pixels, place="source", mend=mend)

    @property
    def max_pixels(self) -> int:
        """Pixels of the largest photograph that is decoded."""
        return self.options.max_pixels or MAX_PIXELS

    def _model(self, system: str) -> Model:
        """The networks of a system, read once; raises PtxError."""
        if self.options.models is None or system not in self.options.systems:
            raise PtxError(f"engine {system}: no such models here: {', '.join(('surface', *self.options.systems))}")
        if system not in self._models:
            from ptx.inference.model import Model  # imports torch

            self._models[system] = Model(
                self.options.models, find_system(system).name, frame="person", max_pixels=self.max_pixels
            )
        return self._models[system]

    def answer(self, request: Request, listener: Listener = lambda _: None) -> Answer:
        """Do what is asked for; `listener` hears of the progress of long work."""
        try:
            return self._answer(request, listener)
        except LostError as error:
            return Gone(str(error))
        except PtxError as error:
            return Refused(str(error))

    def forget(self, names: Sequence[str]) -> None:
        """Let people and poses go whose page is closed."""
        for name in names:
            self.people.drop(name)
            self.poses.drop(name)

    def _answer(self, request: Request, listener: Listener) -> Answer:
        match request:
            case ReadPerson():
                return self._read_person(request)
            case ReadPose():
                return self._read_pose(request)
            case TakePose():
                return self._take_pose(request)
            case Backdrop():
                return self._backdrop(request)
            case Paint(size="draft"):
                return self._draft(request)
            case Paint():
                return self._paint(request)
            case Turn():
                return self._turn(request, listener)
            case Rig():
                return self._rig(request)
            case Animate():
                return self._animate(request, listener)

    def _read_person(self, request: ReadPerson) -> PersonRead:
        points = None if request.keypoints is None else keypoints_of(request.keypoints)
        with as_files(request.photographs) as paths:
            person = self.engine.person(paths, points)
        self.people[request.person] = Known(person, [_note(one) for one in request.photographs])
        fitted, found = person.fitted, person.person
        return PersonRead(
            (found.original.shape[0], found.original.shape[1]),
            to_photograph(found.keypoints, found.transform),
            outline_of(person),
            stance_of(fitted),
            to_photograph(joints_of(fitted), found.transform),
            frame_of(person),
        )

    def _read_pose(self, request: ReadPose) -> Posed:
        person = self.people[request.person].person
        with as_files([request.source]) as (path,):
            wanted = self.engine.pose(path)
        self.poses[request.pose] = wanted
        return self._posed(person, wanted, request.pose if wanted.scene else "")

    def _take_pose(self, request: TakePose) -> Posed:
        person = self.people[request.person].person
        if request.keypoints is not None:
            return self._posed(person, self.engine.pose(keypoints_of(request.keypoints), person))
        return self._posed(person, self._gallery(request.gallery))

    def _gallery(self, name: str) -> WantedPose:
        """A pose of the gallery, on the body of mean shape; raises PtxError."""
        height, width = self.engine.size
        camera = np.array([GALLERY_SHARE * height, width / 2, height / 2], np.float32)
        pose = np.array(gallery.find(name)["pose"], np.float32)
        fitted = FittedBody(self.engine.body, pose, np.zeros(10, np.float32), camera, self.engine.size)
        return WantedPose(fitted, joints_of(fitted))

    def _posed(self, person: SurfacePerson, wanted: WantedPose, pose_id: str = "") -> Posed:
        """Bring a person to a pose, where they are in their photograph."""
        fitted = self.engine.transfer(person, wanted).fitted
        joints = to_photograph(joints_of(fitted), person.person.transform)
        return Posed(stance_of(fitted, wanted.fitted.betas, pose_id), joints)

    def _backdrop(self, request: Backdrop) -> File:
        shown = self.people[request.person].on_screen
        original = shown.person.original
        if request.empty:
            height, width = original.shape[:2]
            back = invert_transform(shown.person.transform)
            mask = np.asarray(cv2.warpAffine(shown.mask, back, (width, height)), np.float32)
            original = remove_person(original, mask)
        return File(encode_jpeg(original), "image/jpeg")

    def _bodies(
        self, person: SurfacePerson, stance: Stance, look: Look, moved: Drag | None
    ) -> tuple[FittedBody, Posed]:
        """The body as it is painted, and its pose as the page keeps it: what is dragged is turned for good."""
        fitted = body_in(person.fitted, stance)
        if look.proportions == "pose" and stance.betas is not None:
            fitted = reshaped(fitted, np.array(stance.betas, np.float32))
        turned = fitted.turned(look.yaw, look.pitch, level=True) if look.yaw or look.pitch else fitted
        if moved is not None:
            at = apply_transform(person.person.transform, np.array([[moved.x, moved.y]], np.float32))[0]
            turned = fitted = drag(turned, moved.keypoint, (float(at[0]), float(at[1])))
        betas = None if stance.betas is None else np.array(stance.betas, np.float32)
        kept = stance_of(fitted, betas, stance.pose_id)
        return turned, Posed(kept, to_photograph(joints_of(turned), person.person.transform))

    def _draft(self, request: Paint) -> File:
        person = self.people[request.person].person
        fitted, posed = self._bodies(person, request.stance, request.look, request.drag)
        scale = DRAFT_HEIGHT / fitted.size[0]
        small, (left, top) = with_margins(scaled(fitted, scale))
        drawn = drawn_person(person, small, joints_of(small), None)
        rgba = np.dstack([drawn.colour, (drawn.alpha * 255).round().astype(np.uint8)])
        x, y, unit = _place(person.person, scale)
        return File(encode_quickly(rgba), "image/png", posed, (x - left * unit, y - top * unit, unit))

    def _paint(self, request: Paint) -> File:
        known = self.people[request.person]
        person, look = known.person, request.look
        fitted, posed = self._bodies(person, request.stance, look, request.drag)
        if request.size == "screen" and look.background == "source":
            person = known.on_screen
        painting = self._painting(person, fitted, request.stance, look)
        backdrop = backdrop_of(look.background)
        picture = painting.picture if backdrop is None else backdrop.draw(painting)
        inside = look.background in ("source", "pose")
        unit = known.person.person.original.shape[1] / person.person.original.shape[1]
        place = (0.0, 0.0, unit) if inside else _place(painting.person, 1.0)
        made = self._origin("ptx transfer", known, look)
        if request.ending == "jpg" and picture.shape[2] == 3:
            return File(encode_jpeg(picture, made), "image/jpeg", posed, place)
        return File(encode_png(picture, made), "image/png", posed, place)

    def _painting(self, person: SurfacePerson, fitted: FittedBody, stance: Stance, look: Look) -> Painting:
        if look.engine != "surface":
            return self._by_networks(person, fitted, look)
        engine = self.mending if look.mend else self.engine
        if look.background == "pose":
            if not stance.pose_id:
                raise PtxError("background pose: the pose is no photograph: take source, none or a colour")
            wanted = self.poses[stance.pose_id]
            shown = replace(wanted.fitted, pose=fitted.pose, hands_pose=fitted.hands_pose)
            there = in_pose(person.fitted, shown, look.proportions)
            return engine.draw(person, there, joints_of(there), wanted)
        return engine.draw(person, fitted, joints_of(fitted))

    def _by_networks(self, person: SurfacePerson, fitted: FittedBody, look: Look) -> Painting:
        """Have networks paint the pose of a body; they see keypoints alone."""
        if look.mend or look.background == "pose":
            raise PtxError(f"engine {look.engine}: mending and the pose's background are for the engine surface")
        found = person.person
        joints, keypoints = (
            keypoints_of(to_photograph(one, found.transform)) for one in (joints_of(fitted), found.keypoints)
        )
        return self._model(look.engine).transfer(found.original, joints, keypoints)

    def _turn(self, request: Turn, listener: Listener) -> File:
        known = self.people[request.person]
        yaws = read_yaws(request.yaws)
        if request.ending == "png" and len(yaws) > 1:
            raise PtxError("a round is written as gif or mp4; a png shows one angle")
        frames: list[Image] = []
        stance = request.stance or stance_of(known.person.fitted)
        look = request.look
        if request.ending != "png" and look.background in ("source", "pose", "none"):
            look = look._replace(background="paint")
        backdrop = backdrop_of(look.background)
        for yaw in yaws:
            turned, _ = self._bodies(known.person, stance, look._replace(yaw=yaw), None)
            painting = self._painting(known.person, turned, stance, look)
            frames.append(painting.picture if backdrop is None else backdrop.draw(painting))
            listener(Progress(len(frames), len(yaws)))
        made = self._origin("ptx view", known, look._replace(yaw=yaws[0]))
        if request.ending == "png":
            return File(encode_png(frames[0], made), "image/png")
        return File(encode_moving(frames, request.ending, made), MEDIA_TYPES[request.ending])

    def _rig(self, request: Rig) -> File:
        known = self.people[request.person]
        made = self._origin("ptx avatar", known, Look(background="none"))
        content = encode_avatar(Avatar.of(known.person.fitted, known.person.store), made)
        return File(content, "model/gltf-binary")

    def _animate(self, request: Animate, listener: Listener) -> File:
        from ptx.app.animation import animated  # PyAV is an extra of its own

        known = self.people[request.person]
        made = self._origin("ptx animate", known, request.look)
        made = replace(made, settings={**made.settings, "video": _note(request.video)})
        content = animated(self.engine.body, known.person, request, made, self.max_pixels, listener)
        return File(content, MEDIA_TYPES[request.ending])

    def _origin(self, command: str, known: Known, look: Look) -> Provenance:
        """Say how a picture was made."""
        surface = self.mending if look.mend else self.engine
        engine = surface if look.engine == "surface" else self._model(look.engine)
        made = origin(command, [engine], "picture", [], look.background, yaw=look.yaw, pitch=look.pitch)
        return replace(made, settings={**made.settings, "photographs": [dict(one) for one in known.sources]})


def keypoints_of(pixels: Pixels) -> Floats:
    """Read keypoints (18, 3) of a message; raises PtxError."""
    points = np.array(pixels, np.float32)
    if points.shape != (18, 3) or not np.isfinite(points).all():
        raise PtxError("keypoints: 18 of x, y and confidence are needed")
    points[points[:, 2] <= 0] = (np.nan, np.nan, 0)
    return points


def outline_of(person: SurfacePerson) -> list[list[list[float]]]:
    """Trace the mask of a person: polygons (K, 2) px of the photograph."""
    mask = (person.mask > MASK_EDGE).astype(np.uint8)
    found = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    largest = max((cv2.contourArea(one) for one in found), default=0.0)
    back = invert_transform(person.person.transform)
    polygons = []
    for one in found:
        if cv2.contourArea(one) >= max(SMALLEST_OUTLINE * largest, 1.0):
            line = cv2.approxPolyDP(one, OUTLINE_ERROR, True)[:, 0].astype(np.float32)
            polygons.append(apply_transform(back, line).astype(float).round(1).tolist())
    return polygons


def frame_of(person: SurfacePerson) -> tuple[float, float, float, float]:
    """Return x, y, width, height, px of the photograph, of the working picture."""
    x, y, unit = _place(person.person, 1.0)
    height, width = person.fitted.size
    return x, y, width * unit, height * unit


def _note(upload: Upload) -> dict[str, str]:
    return {"file": upload.name, "sha256": hashlib.sha256(upload.content).hexdigest()}


def _place(person: Person, scale: float) -> tuple[float, float, float]:
    """Where a picture that is `scale` times the working picture lies in the photograph: x, y px of its corner, px per px."""
    back = invert_transform(person.transform)
    corner = apply_transform(back, np.array([[-0.5, -0.5]], np.float32))[0] + 0.5
    return float(corner[0]), float(corner[1]), float(np.hypot(*back[0, :2])) / scale
