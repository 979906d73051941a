"""Films of a photograph that moves: frames a second, and flicker, against painting each frame from a fit of its own.

    python benchmarks/animate.py [--seconds 4] [--photograph docs/woman.jpg]

A film of 1280×720 whose motion is known drives the photograph: the person of the photograph, painted in a synthetic motion.

Frames a second: of one core, from the film to the film of 512 px, face and hands on, the photograph read before. Flicker: mean difference,
0 to 1, of a surface point from each frame to the next where both show it: along the smoothed motion, as it should move in the film; and
along the true motion, which also counts where the fit as a whole is wrong. Of frames painted from the truth it is what resampling leaves.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from clips import Clip, clip
from common import processor, table

from ptx.detector.keypoints import Networks
from ptx.geometry.fitting import fit
from ptx.geometry.labels import VISIBLE
from ptx.inference.animate import Wanted, animate
from ptx.inference.animation import Performance, paint, scaled
from ptx.inference.clip_detection import detect_people
from ptx.inference.clip_people import people_of
from ptx.inference.driving import fit_driving
from ptx.inference.surface import SurfaceEngine
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.provenance import Provenance
from ptx.surface.retarget import Trajectory, retarget
from ptx.video.span import open_span
from ptx.video.writing import ClipWriter

FILM = (720, 1280)
SIDE = 512
WALL = 214, 205, 190


class Clock:
    """Processor time of each step of a job."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def started(self, step: str, total: int, done: int) -> None:  # noqa: ARG002
        """Begin."""
        self.steps[step] = -time.process_time()

    def advanced(self, step: str, count: int, bad: int) -> None:
        """Go on."""

    def told(self, step: str, text: str) -> None:
        """Say nothing."""

    def ended(self, step: str, counts: Mapping[str, float]) -> None:  # noqa: ARG002
        """End."""
        self.steps[step] += time.process_time()


def performance(
    person: SurfacePerson, path: Trajectory, fps: float, size: tuple[int, int], factor: float
) -> Performance:
    """The person in a motion, in a picture that is scaled by a factor."""
    camera = scaled(retarget(person.fitted, path, fps), factor)
    count = len(camera)
    return Performance(person, path.pose, None, camera, path.usable, np.zeros((count, 2), np.float32), size)


def trajectory(truth: Clip) -> Trajectory:
    """The truth, before a camera whose picture is `FILM`."""
    camera = truth.camera.astype(np.float32)
    camera = scaled(camera, 1.2) + np.float32([0, FILM[1] / 2 - np.median(1.2 * camera[:, 1]), 60])
    alone = np.ones(len(camera), np.bool_)
    return Trajectory(truth.pose.astype(np.float32), truth.betas.astype(np.float32), camera, truth.planted, alone)


def write_driver(path: Path, person: SurfacePerson, truth: Trajectory, fps: float) -> None:
    """Write the film that drives."""
    shown = performance(person, truth, fps, FILM, 1.0)
    rng = np.random.default_rng(0)
    wall = np.clip(
        np.float32(WALL) + cv2.GaussianBlur(rng.normal(0, 60, (*FILM, 3)).astype(np.float32), (0, 0), 3), 0, 255
    )
    with ClipWriter(path, FILM, fps, provenance=None) as film:
        for number in range(len(truth.pose)):
            film.write(paint(shown, number, wall.astype(np.uint8), 0.2, None))


def flicker(shown: Performance, reference: Performance) -> float:
    """Mean difference of neighbouring frames along the motion of a reference."""
    total, count, before = 0.0, 0, None
    for number in range(len(shown.pose)):
        frame = paint(shown, number, np.full((*shown.size, 3), 128, np.uint8), 0.0, None).astype(np.float32)
        if before is not None and shown.there[number - 1 : number + 1].all():
            flow, visibility = reference.body(number).flow_from(reference.body(number - 1))
            x, y = flow[..., 0] + np.arange(flow.shape[1]), flow[..., 1] + np.arange(flow.shape[0])[:, None]
            moved = cv2.remap(before, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
            both = visibility == VISIBLE
            total += float(np.abs(frame - moved)[both].sum()) / 255
            count += 3 * int(both.sum())
        before = frame
    return total / max(count, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--motion", default="dance")
    parser.add_argument("--photograph", type=Path, default=Path(__file__).parents[1] / "docs" / "woman.jpg")
    options = parser.parse_args()
    engine = SurfaceEngine()
    person = engine.person(options.photograph)
    body = engine.body
    wanted, made = Wanted(background=(232, 232, 232), size=SIDE), Provenance("compositeSynthetic", "benchmark")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = trajectory(clip(body, options.motion, options.fps, options.seconds))
        write_driver(folder / "driver.mp4", person, truth, options.fps)

        def run(until: float) -> tuple[int, float, dict[str, float]]:
            clock, began = Clock(), time.process_time()
            job = replace(wanted, end=until)
            found = animate(
                body, person, folder / "driver.mp4", folder / "out.mp4", job, made, {}, max_pixels=10**8, listener=clock
            )
            return found.frames, time.process_time() - began, clock.steps

        run(0.3)  # compiles kernels
        frames, spent, steps = run(options.seconds)
        span = open_span(folder / "driver.mp4", max_pixels=10**8, longest=FILM[1])
        stretch = detect_people(span.frames(0, span.count), 0, Networks())
        (found, *_) = people_of([stretch])
        driving = fit_driving(body, found, span.size, span.fps, lambda _: None)
    alone = fit(body, found.observed.keypoints, found.observed.keypoints3d, FILM, landmarks=found.observed.landmarks)
    nothing = np.zeros((len(alone.pose), 2), np.bool_)
    motion = driving.motion
    smooth = Trajectory(motion.pose, motion.betas, motion.camera, motion.contacts, motion.usable)
    single = Trajectory(alone.pose, motion.betas, alone.camera, nothing, alone.usable & motion.usable)
    size, factor = (SIDE * 9 // 16, SIDE), SIDE / FILM[1]
    true, steady, rough = (performance(person, one, options.fps, size, factor) for one in (truth, smooth, single))
    along = {name: (flicker(steady, one), flicker(rough, one)) for name, one in (("smoothed", steady), ("true", true))}
    print(f"{processor()}, one core, {frames} frames of {FILM[1]}×{FILM[0]}\n")
    rows = [(f"{step}, ms a frame", "", f"{1000 * seconds / frames:.1f}") for step, seconds in steps.items()]
    flickers = [
        (
            f"flicker along the {name} motion: smoothed / frame by frame",
            "at most 0.50",
            f"{a:.4f} / {b:.4f} = {a / b:.2f}",
        )
        for name, (a, b) in along.items()
    ]
    table(
        ("figure", "wanted", "measured"),
        (
            ("frames a second in all", "at least 6", f"{frames / spent:.1f}"),
            *rows,
            *flickers,
            ("flicker of the truth painted, along itself", "", f"{flicker(true, true):.4f}"),
        ),
    )


if __name__ == "__main__":
    main()
