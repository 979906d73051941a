"""Read films as frames at a constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.video.decoding import MOST_FPS, Film
from ptx.video.shown import as_shown, shown_size, turn_of

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

LARGEST_DENOMINATOR = 1001
"""Of rates, such as 30000/1001."""

MICROSECONDS = 1_000_000
"""Times are rounded to microseconds, finer than any film's clock, so that sums of them are exact."""

ROUNDED_UP = Fraction(55, 100)
"""What is added before a number of steps is cut to a whole one: halves, of films at twice the rate, all go up, also where the clock of the
film is rounded to milliseconds."""


class ClipInfo(NamedTuple):
    """What a film's file says of itself."""

    path: Path
    size: tuple[int, int]
    """Height and width as shown: turned upright, with square pixels."""
    fps: Fraction
    """Average rate of its frames."""
    seconds: float | None
    """How long it is; None: the file does not say."""
    has_audio: bool
    """There is sound."""


class ClipFrame(NamedTuple):
    """A frame given out."""

    number: int
    """From 0, of those given out."""
    time: float
    """Seconds since the film's first frame."""
    image: Image
    """(H, W, 3) RGB."""


class ClipReader:
    """The frames of a film from `start` to `end` at a constant rate, upright, of square pixels, in sRGB.

    Each frame given out is the one that is shown at its time, to half a step: films of variable rate, which phones and screen recorders
    make, have frames left out and repeated. A damaged film gives its frames up to the damage, and `damage` says then what it is.
    One core; one frame at a time is kept.
    """

    damage: str | None = None
    """After iterating to the end: why the film ended before its end, in words that follow its name; None: it did not."""

    def __init__(
        self,
        path: Path,
        *,
        max_pixels: int,
        start: float = 0.0,
        end: float | None = None,
        fps: Fraction | float | None = None,
        longest: int | None = None,
    ) -> None:
        """Open a film and decode its first frame.

        Args:
            path: of the file.
            max_pixels: films of larger frames are refused before they are decoded.
            start: seconds since the film's first frame.
            end: seconds since the film's first frame, not included; None: its end.
            fps: rate of the frames given out; None: the film's average rate, at most MOST_FPS.
            longest: most px of the longer side, frames are scaled down to it while they are decoded; None: their own size.

        Raises:
            PtxError: no such file, no film, a frame too large, `start` beyond the end, or PyAV is missing.
        """
        if start < 0 or (end is not None and end <= start):
            until = "the end" if end is None else f"{end:g} s"
            raise PtxError(
                f"{path}: there is nothing from {start:g} s to {until}: `start` is at least 0 and before `end`"
            )
        if fps is not None and not 0 < fps <= 1000:
            raise PtxError(f"{path}: {float(fps):g} frames a second cannot be given out: 1 to 60 are usual")
        self._film = Film(path, max_pixels)
        first, aspect = self._film.first, self._film.pixel_aspect
        self._turn = turn_of(first)
        self.size = shown_size(first, aspect, self._turn, longest)
        """Height and width of what is given out."""
        full_size = shown_size(first, aspect, self._turn, None)
        self.info = ClipInfo(path, full_size, self._film.rate, self._film.seconds, self._film.has_audio)
        self.fps = min(self.info.fps, Fraction(MOST_FPS)) if fps is None else _rate(fps)
        """Rate of what is given out."""
        self.start = _exact(start)
        """Seconds since the film's first frame of what is given out first."""
        self._most = None if end is None else max(1, ceil((_exact(end) - self.start) * self.fps))
        if self.info.seconds is not None and start >= self.info.seconds:
            raise self._beyond(self.info.seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._film.close()

    def __iter__(self) -> Iterator[ClipFrame]:
        """Give out the frames, from `start` anew each time.

        Raises:
            PtxError: `start` is beyond the end of a film that does not say how long it is, or beyond its damage.
        """
        nothing = True
        for number, image in self._given(self.start, self._most):
            nothing = False
            yield ClipFrame(number, float(self.start + number / self.fps), image)
        if nothing:
            raise PtxError(f"{self.info.path}: {self.damage}") if self.damage else self._beyond(self._film.read_to)

    def frame(self, number: int) -> Image | None:
        """Return the image of one frame of those given out, decoded from the keyframe before it; None: the film ends before."""
        return next((image for _, image in self._given(self.start + number / self.fps, 1)), None)

    def _given(self, start: Fraction, most: int | None) -> Iterator[tuple[int, Image]]:
        """The frames at a constant rate from a time on, `most` of them, numbered from 0."""
        from av.video.reformatter import VideoReformatter

        reformatter = VideoReformatter()
        number = 0
        for frame, until in self._slots(start):
            until = until if most is None else min(until, most)
            if until > number:
                image = as_shown(frame, self.size, self._turn, reformatter)
                image.flags.writeable = False  # repeated frames share it
                while number < until:
                    yield number, image
                    number += 1
            if number == most:
                return

    def _slots(self, start: Fraction) -> Iterator[tuple[VideoFrame, int]]:
        """Each frame with the number of the first frame given out that shows it no more; the frame before `start` is the first."""
        film, shown = self._film, None
        self.damage = None
        for time, frame in film.frames(float(start)):
            if shown is not None:
                yield shown, self._slot(time, start)
            shown = frame
        if shown is not None:  # a short film is one frame
            yield shown, max(self._slot(film.read_to, start), int(film.read_to > start))
        if film.fault is not None:
            self.damage = f"is damaged at {film.read_to:.2f} s ({film.fault}): it is read up to there"
        elif film.cut_off:
            self.damage = f"is cut off at {film.read_to:.2f} s of {film.seconds:.2f} s: it is read up to there"

    def _slot(self, time: float, start: Fraction) -> int:
        """Number of the frame given out whose time is nearest."""
        return floor((_exact(time) - start) * self.fps + ROUNDED_UP)

    def _beyond(self, seconds: float) -> PtxError:
        return PtxError(f"{self.info.path}: `start` {float(self.start):g} s is beyond the end, {seconds:.2f} s")


def _rate(fps: Fraction | float) -> Fraction:
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * MICROSECONDS), MICROSECONDS)
