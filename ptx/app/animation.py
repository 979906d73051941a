"""Videos in, videos out: `ptx.inference.animate` for the page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ptx.app.messages import Animate, Progress
from ptx.app.temporary import private_folder
from ptx.avatar.clip import MOTION_FILES
from ptx.geometry.body import Body
from ptx.inference.animate import Wanted, animate
from ptx.inference.surface_painting import SurfacePerson
from ptx.pictures.compose import read_background
from ptx.pictures.provenance import Provenance
from ptx.pipeline.storage.json_values import Json

WORDS = {"detect": "Looking for people", "fit": "Fitting bodies", "paint": "Painting"}
"""Step of an animation → its name on the page."""

MOST_SECONDS = 120.0
"""Seconds of a video that the page paints: for more there is the command."""


class Told:
    """Hears of the steps of an animation, and tells the page."""

    def __init__(self, tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._done = self._total = 0

    def started(self, step: str, total: int, done: int) -> None:
        """A step begins."""
        self._done, self._total = done, total
        self._say(step)

    def advanced(self, step: str, count: int, bad: int) -> None:
        """A part of it is done."""
        self._done += count + bad
        self._say(step)

    def told(self, step: str, text: str) -> None:
        """Sentences are for the command."""

    def ended(self, step: str, counts: Mapping[str, float]) -> None:
        """The next step says that this one is over."""

    def _say(self, step: str) -> None:
        self._tell(Progress(self._done, max(self._total, 1), WORDS.get(step, step.capitalize())))


def animated(
    body: Body,
    person: SurfacePerson,
    request: Animate,
    made: Provenance,
    max_pixels: int,
    tell: Callable[[Progress], None],
) -> bytes:
    """Paint a person as somebody in a video moves; returns the bytes of the video. Its files are gone at the end.

    Raises:
        PtxError: the video cannot be read, or shows nobody; one line.
    """
    look = request.look
    wanted = Wanted(
        background=read_background(look.background),
        proportions=look.proportions,
        size=request.size,
        end=MOST_SECONDS,
        mend=look.mend,
    )
    # The name's ending tells a file of poses from a video; a name is used for nothing else.
    ending = Path(request.video.name).suffix.lower()
    file, output = f"video{ending if ending in MOTION_FILES else '.mp4'}", f"out.{request.ending}"
    facts: dict[str, Json] = {"video": hashlib.sha256(request.video.content).hexdigest()}
    with private_folder({file: request.video.name, output: "the film"}) as folder:
        (folder / file).write_bytes(request.video.content)
        animate(
            body,
            person,
            folder / file,
            folder / output,
            wanted,
            made,
            facts,
            max_pixels=max_pixels,
            listener=Told(tell),
        )
        return (folder / output).read_bytes()
