"""What server and worker say to each other: plain values that pickle, without the engine's own types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Pixels = list[list[float]]
"""(K, 3) keypoints x, y px of the photograph, confidence; a missing one is 0, 0, 0."""

Proportions = Literal["source", "pose"]
Ending = Literal["png", "gif", "mp4"]
Size = Literal["full", "screen", "draft"]


class Options(NamedTuple):
    """Settings that the worker works by."""

    body: str = "builtin"
    """As for `ptx.geometry.body.load_body`."""
    max_pixels: int | None = None
    """Larger photographs are refused before they are decoded; None: as everywhere."""
    models: Path | None = None
    """Folder of trained models, where there is one."""
    systems: tuple[str, ...] = ()
    """Trained systems that are in it."""


class Upload(NamedTuple):
    """A file that somebody sent."""

    name: str
    """Its name, for messages only: never a path."""
    content: bytes


class Stance(NamedTuple):
    """A person's body in a pose, as the page keeps it from one request to the next."""

    pose: list[list[float]]
    """(24, 3) axis-angle, radians."""
    camera: list[float]
    """(3,) px per metre, px, px of the working picture."""
    hands: list[list[float]] | None = None
    """(30, 3) axis-angle of the fingers; None: at rest."""
    betas: list[float] | None = None
    """(10,) shape of who shows the pose; None: the person's own."""
    pose_id: str = ""
    """The photograph of the pose, where there is one."""


class Look(NamedTuple):
    """How a person is painted."""

    yaw: float = 0.0
    """Degrees to their own left."""
    pitch: float = 0.0
    """Degrees towards the viewer."""
    background: str = "source"
    """As for `--background`."""
    proportions: Proportions = "source"
    """As for `--proportions`."""
    mend: bool = False
    """Whether the mender corrects the picture."""
    engine: str = "surface"
    """`surface`, or the name of a trained system."""


class Drag(NamedTuple):
    """A joint that is dragged."""

    keypoint: int
    """Which, 0 to 17."""
    x: float
    """px of the photograph."""
    y: float


@dataclass(frozen=True)
class ReadPerson:
    """Read photographs of a person; answered by `PersonRead`."""

    person: str
    photographs: tuple[Upload, ...]
    keypoints: Pixels | None = None
    """Of the first photograph; None: they are looked for."""


@dataclass(frozen=True)
class ReadPose:
    """Read a photograph of a pose, or OpenPose's JSON of one; answered by `Posed`."""

    person: str
    pose: str
    source: Upload


@dataclass(frozen=True)
class TakePose:
    """Take a pose: of the gallery, or keypoints in px of the photograph; answered by `Posed`."""

    person: str
    gallery: str = ""
    keypoints: Pixels | None = None


@dataclass(frozen=True)
class Backdrop:
    """The photograph, as it is or without its person, no larger than a screen; answered by `File`."""

    person: str
    empty: bool


@dataclass(frozen=True)
class Paint:
    """Paint a person; answered by `File`."""

    person: str
    stance: Stance
    look: Look
    drag: Drag | None = None
    size: Size = "full"
    """`draft`: small, the person alone with alpha, what follows a drag; `screen`: on a photograph no larger than a screen."""
    ending: Literal["png", "jpg"] = "png"


@dataclass(frozen=True)
class Turn:
    """Paint a person from several sides; answered by `File`."""

    person: str
    stance: Stance | None
    """None: their own pose."""
    look: Look
    yaws: str
    """As for `ptx view --yaw`."""
    ending: Ending


@dataclass(frozen=True)
class Rig:
    """Write a person as a 3D model; answered by `File`."""

    person: str


@dataclass(frozen=True)
class Animate:
    """Paint a person as a video moves; answered by `File`."""

    person: str
    video: Upload
    look: Look
    ending: Literal["mp4", "webm", "gif"] = "mp4"
    size: int = 512
    """Longer side of the frames, px."""


Request = ReadPerson | ReadPose | TakePose | Backdrop | Paint | Turn | Rig | Animate


class PersonRead(NamedTuple):
    """A person that was found."""

    size: tuple[int, int]
    """Height, width of the photograph, px."""
    keypoints: Pixels
    outline: list[list[list[float]]]
    """Polygons (K, 2) px around the person."""
    stance: Stance
    """Their own pose."""
    joints: Pixels
    """Keypoints of the fitted body."""
    frame: tuple[float, float, float, float]
    """x, y, width, height, px of the photograph, of the picture that is painted on a colour or on nothing."""


class Posed(NamedTuple):
    """A pose of a person."""

    stance: Stance
    joints: Pixels
    """Keypoints of the body, px of the photograph."""


class File(NamedTuple):
    """A file that is sent back."""

    content: bytes
    media_type: str
    posed: Posed | None = None
    """The pose that it shows."""
    place: tuple[float, float, float] | None = None
    """Of a draft: x, y px of the photograph at its upper left corner, and px of the photograph per px of it."""


class Refused(NamedTuple):
    """A request cannot be met, for a reason that the user can mend."""

    text: str


class Gone(NamedTuple):
    """A person or a pose is not known to this worker any more: it is to be read again."""

    name: str


class Progress(NamedTuple):
    """Part of a long job that is done."""

    done: int
    total: int
    text: str = ""
    """What is being done."""


class Failed(NamedTuple):
    """A defect; its traceback is the server's to print."""

    traceback: str


Answer = PersonRead | Posed | File | Refused | Gone | Failed
