"""A photograph that moves: a person painted in the motion of somebody else, frame after frame, into a film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ptx.avatar.clip import MOTION_FILES, read_clip
from ptx.datasets.images import Image
from ptx.datasets.openpose_files import read_pose_folder
from ptx.detector.silhouettes import Silhouettes
from ptx.geometry.body import Body
from ptx.inference import grounds
from ptx.inference.animation import Performance, fitting_size, in_photograph, paint, scaled
from ptx.inference.backgrounds import shadow_of
from ptx.inference.clip_people import PersonInClip, chosen, person_of_folder
from ptx.inference.clip_reading import DETECTED_SIDE, detect_clip, read_people
from ptx.inference.driving import Driving, driving_of_clip, fit_driving, load_driving, save_driving
from ptx.inference.grounds import ClipGround, Grounds
from ptx.inference.mender import Mender
from ptx.inference.painting import Scene
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.compose import USUAL_STRENGTH, Background
from ptx.pictures.provenance import Provenance
from ptx.pipeline.array_slice import WHOLE, ArraySlice
from ptx.pipeline.errors import PtxError
from ptx.pipeline.events import Advance, Listener, progress
from ptx.pipeline.pieces import PIECE, Pieces, claim, finish
from ptx.pipeline.storage.json_values import Json
from ptx.surface.proportions import Proportions
from ptx.surface.retarget import Trajectory, bring_home, fill_picture, near_ground, retarget
from ptx.video.segments import Segment, join, segment_suffix, write_segment
from ptx.video.span import Span, open_span

FOLDER_FPS = 30.0
"""Rate of a folder of keypoints, which tells none."""


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a film."""

    background: Background = "source"
    """What is behind the person; `pose` is the driving clip without its person."""
    proportions: Proportions = "source"
    """Whose shape and limbs the person has."""
    size: int = 720
    """Longer side of the frames, px; photographs and clips are not enlarged."""
    start: float = 0.0
    """Seconds into the clip."""
    end: float | None = None
    """Seconds into the clip; None: its end."""
    fps: float | None = None
    """Frames a second; None: the clip's."""
    person: int | None = None
    """Number of the person in the clip who drives, the largest first; None: the largest."""
    mend: bool = False
    """Whether the mender corrects what is drawn."""

    def span(self, clip: Path, max_pixels: int, longest: int) -> Span:
        """Open what is wanted of a clip, as `open_span`."""
        return open_span(clip, max_pixels=max_pixels, longest=longest, start=self.start, end=self.end, fps=self.fps)


class Animated(NamedTuple):
    """What has become of a film."""

    frames: int
    """How many there are."""
    seconds: float
    """How long it is."""
    notes: list[str]
    """Sentences on what is missing or made up."""


@dataclass(frozen=True)
class _Job:
    """A film that is being made."""

    body: Body
    driver: Path
    wanted: Wanted
    max_pixels: int
    folder: Path
    part: ArraySlice
    listener: Listener

    @property
    def is_film(self) -> bool:
        """Whether the motion is that of a clip."""
        return self.driver.suffix.lower() not in MOTION_FILES and not self.driver.is_dir()

    @cached_property
    def span(self) -> Span:
        """The clip, as people are detected in it."""
        return self.wanted.span(self.driver, self.max_pixels, DETECTED_SIDE)

    @cached_property
    def drives(self) -> PersonInClip:
        """Who drives, of the people that were detected; raises PtxError where nobody was."""
        return chosen(read_people(self.span, self.folder), self.wanted.person, str(self.driver))


def animate(
    body: Body,
    person: SurfacePerson,
    driver: Path,
    output: Path,
    wanted: Wanted,
    made: Provenance,
    facts: dict[str, Json],
    *,
    max_pixels: int,
    listener: Listener,
    part: ArraySlice = WHOLE,
) -> Animated:
    """Paint a person in the motion of somebody else.

    What is computed is kept in pieces beside the output until it is whole: the same command goes on where it was stopped, and several
    at once share the work.

    Args:
        body: the body model.
        person: who is painted.
        driver: a clip; or a file of poses (`MOTION_FILES`); or a folder of OpenPose's files, one a frame.
        output: .mp4, .webm or .gif.
        wanted: how.
        made: what the film says about itself.
        facts: what pieces depend on beside `wanted` and the driver, such as hashes of the photographs and of the engine.
        max_pixels: larger frames are refused.
        listener: told of the progress.
        part: where this process begins, among several.

    Raises:
        PtxError: the driver is no film and no motion, or shows nobody; one line.
    """
    folder = claim(output, facts)
    job = _Job(body, driver, wanted, max_pixels, folder, part, listener)
    driving, notes = _driving(job)
    shown, behind, shadow = _performance(job, person, driving)
    count = len(driving.motion.pose)
    pieces = Pieces(folder, "frames", segment_suffix(output), -(-count // PIECE))
    segments = [
        Segment(number * PIECE, min(count, (number + 1) * PIECE), path) for number, path in enumerate(pieces.paths)
    ]
    mender = Mender() if wanted.mend else None
    with progress(listener, "paint", count, min(count, PIECE * len(pieces.done))) as advance:

        def piece(number: int, _: Path) -> None:
            first, last, _ = segments[number]
            frames = (
                paint(shown, frame, ground, shadow, mender)
                for frame, ground in zip(range(first, last), behind(first, last), strict=True)
            )
            alpha = wanted.background == "none"
            write_segment(segments[number], shown.size, driving.fps, _counted(frames, advance), alpha=alpha)

        pieces.make(piece, part)
    sound = driver if job.is_film else None
    finish(
        folder,
        lambda: join(segments, output, driving.fps, provenance=made, audio_from=sound, start=wanted.start),
    )
    return Animated(count, float(count / driving.fps), notes)


def check_driver(driver: Path, wanted: Wanted, max_pixels: int) -> None:
    """Raise PtxError where a driver cannot be read, or has not what is wanted of it, before anything is computed."""
    if driver.suffix.lower() in MOTION_FILES:
        read_clip(driver).between(wanted.start, wanted.end, wanted.fps)
    elif driver.is_dir():
        read_pose_folder(driver)
    else:
        wanted.span(driver, max_pixels, DETECTED_SIDE)
        return
    if wanted.background == "pose":
        raise PtxError(f"--background pose: {driver} is no film: take source, none or a colour")


def _counted(frames: Iterator[Image], advance: Advance) -> Iterator[Image]:
    """Yield frames, and tell of each that it is done."""
    for frame in frames:
        yield frame
        advance(1)


def _driving(job: _Job) -> tuple[Driving, list[str]]:
    """Return the motion that drives, and sentences on what it lacks."""
    if job.driver.suffix.lower() in MOTION_FILES:
        clip = read_clip(job.driver).between(job.wanted.start, job.wanted.end, job.wanted.fps)
        return driving_of_clip(clip), []
    if job.driver.is_dir():
        return _driving_of_folder(job)
    notes = detect_clip(job.span, job.folder, job.listener, job.part)
    motions = Pieces(job.folder, "motion", ".npz", 1)

    def fit(_: int, path: Path) -> None:
        with progress(job.listener, "fit", len(job.drives.there)) as advance:
            save_driving(path, fit_driving(job.body, job.drives, job.span.size, job.span.fps, advance))

    motions.make(fit)
    driving = load_driving(motions.paths[0])
    return driving, [*notes, *_told(driving, job.driver)]


def _driving_of_folder(job: _Job) -> tuple[Driving, list[str]]:
    """Return the motion that a folder of keypoints shows."""
    wanted = job.wanted
    fps = Fraction(wanted.fps or FOLDER_FPS).limit_denominator(1001)
    rows = slice(round(wanted.start * fps), None if wanted.end is None else round(wanted.end * fps))
    person, size = person_of_folder(job.driver, rows)
    with progress(job.listener, "fit", len(person.there)) as advance:
        driving = fit_driving(job.body, person, size, fps, advance)
    return driving, _told(driving, job.driver)


def _told(driving: Driving, driver: Path) -> list[str]:
    """Tell what the motion of a driver lacks."""
    motion, count = driving.motion, len(driving.motion.pose)
    filled, missing = int(motion.filled.sum()), int((~motion.usable).sum())
    notes = []
    if filled:
        notes.append(f"{filled} of {count} frames lie in gaps in which the person was not detected: they are bridged")
    if missing:
        notes.append(
            f"{missing} of {count} frames show the background alone: the person is not there, or too little of them"
        )
    if missing == count:
        raise PtxError(f"{driver}: no body could be fitted to the person in any frame: too little of them is shown")
    return notes


def _performance(job: _Job, person: SurfacePerson, driving: Driving) -> tuple[Performance, Grounds, float]:
    """Place a person in a motion, before what is behind them; also returns how dark the shadow under their feet is."""
    wanted, motion, fps = job.wanted, driving.motion, float(driving.fps)
    if wanted.proportions == "pose":
        person = replace(person, fitted=replace(person.fitted, betas=motion.betas))
    path = Trajectory(motion.pose, motion.betas, motion.camera, motion.contacts, motion.usable)
    shadow = USUAL_STRENGTH
    if wanted.background == "source":
        scene = Scene(person.person, person.mask)
        photograph = person.person.original.shape[:2]
        size = fitting_size((photograph[0], photograph[1]), wanted.size)
        home = in_photograph(person.fitted, person.person.transform, (photograph[0], photograph[1]), size)
        edge = np.array(size[::-1], np.float32)
        camera = bring_home(home, path, retarget(home, path, fps), np.zeros(2, np.float32), edge)
        behind, shadow = grounds.photograph(scene, size), shadow_of(scene)
    elif wanted.background == "pose":
        clip = wanted.span(job.driver, job.max_pixels, wanted.size)
        size = clip.size
        camera = scaled(retarget(person.fitted, path, fps), size[1] / driving.size[1])
        behind = _clip_ground(job, driving, clip)
    else:
        camera, size = fill_picture(person.fitted, path, retarget(person.fitted, path, fps), wanted.size)
        colour = wanted.background
        behind = grounds.nothing() if colour == "none" else grounds.plain(colour, size)
    near = near_ground(person.fitted, path, camera, fps)
    shown = Performance(person, motion.pose, driving.hands_pose, camera, motion.usable, near, size)
    return shown, behind, shadow


def _clip_ground(job: _Job, driving: Driving, clip: Span) -> ClipGround:
    """Put the clip's own ground together, shot by shot."""
    observed = job.drives.observed
    count, shrink = len(driving.motion.pose), clip.size[1] / job.span.size[1]
    points = observed.keypoints.copy()
    points[..., :2] = (points[..., :2] + 0.5) * shrink - 0.5
    shots = [0, *observed.cuts.tolist(), count]
    plates = Pieces(job.folder, "plate", ".png", len(shots) - 1)
    ground = ClipGround(clip, points, shots, plates.paths, Silhouettes())
    plates.make(ground.save_plate, job.part)
    return ground
