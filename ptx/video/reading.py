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
from ptx.video.pyav import open_film, reason
from ptx.video.shown import as_shown, shown_size, turn_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

MOST_FPS = 60
"""Highest rate that is given out where none is asked for; some phones film at 240."""

USUAL_FPS = 25
"""Rate of a film that says none."""

LONGEST_STILL = 600.0
"""Seconds that one frame may stand; a longer one, or time that runs back as far, is a damaged clock."""

MOST_SECONDS = 30 * 86400.0
"""Longest film; files that say more do not know."""


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
    """After iterating: why the film ended before its end, in a line; None: it did not."""

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
        self.path = path
        self._max_pixels = max_pixels
        if start < 0 or (end is not None and end <= start):
            raise PtxError(
                f"{path}: from {start:g} s to {end} s there is nothing; `start` is 0 or more and before `end`"
            )
        if fps is not None and not 0 < fps <= 1000:
            raise PtxError(f"{path}: {fps} frames a second cannot be given out: 1 to 60 are usual")
        self._open()
        first = next(self._decoded(), None)
        if first is None:
            raise PtxError(f"{path}: not one frame of it can be decoded{f' ({self.damage})' if self.damage else ''}")
        self._origin = self._seconds(first)
        aspect = float(self._stream.sample_aspect_ratio or 1)
        aspect = aspect if 0.1 <= aspect <= 10 else 1.0
        self._turn = turn_of(first)
        self.size = shown_size(first, aspect, self._turn, longest)
        """Height and width of what is given out."""
        self.info = ClipInfo(
            path,
            shown_size(first, aspect, self._turn, None),
            self._average_rate(),
            self._length(),
            bool(self._container.streams.audio),
        )
        self.fps = min(self.info.fps, Fraction(MOST_FPS)) if fps is None else Fraction(fps).limit_denominator(1001)
        """Rate of what is given out."""
        self.start = Fraction(start).limit_denominator(1_000_000)
        """Seconds since the film's first frame of what is given out first."""
        self._most = (
            None if end is None else max(1, ceil((Fraction(end).limit_denominator(1_000_000) - self.start) * self.fps))
        )
        if self.info.seconds is not None and start >= self.info.seconds:
            raise self._beyond(self.info.seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[ClipFrame]:
        """Give out the frames, from `start` anew each time.

        Raises:
            PtxError: `start` is beyond the end of a film that does not say how long it is.
        """
        from av.video.reformatter import VideoReformatter

        reformatter = VideoReformatter()
        number = 0
        for frame, until in self._slots():
            until = until if self._most is None else min(until, self._most)
            if until > number:
                image = as_shown(frame, self.size, self._turn, reformatter)
                image.flags.writeable = False  # repeated frames share it
                while number < until:
                    yield ClipFrame(number, float(self.start + number / self.fps), image)
                    number += 1
            if self._most is not None and number >= self._most:
                return
        if number == 0:
            raise self._beyond(self._last)

    def _slots(self) -> Iterator[tuple[VideoFrame, int]]:
        """Each frame with the number of the first frame given out that shows it no more; the frame before `start` is the first."""
        shown: VideoFrame | None = None
        self._last = 0.0
        for frame in self._from_start():
            time = self._seconds(frame) - self._origin
            if shown is not None:
                if abs(time - self._last) > LONGEST_STILL:
                    self.damage = f"its clock jumps from {self._last:g} s to {time:g} s"
                    break
                yield shown, self._slot(time)
            shown, self._last = frame, time
        if shown is not None:
            self._last += self._still(shown)
            yield shown, self._slot(self._last)
            self._compare_length()

    def _slot(self, time: float) -> int:
        return floor((Fraction(time).limit_denominator(1_000_000) - self.start) * self.fps + Fraction(1, 2))

    def _from_start(self) -> Iterator[VideoFrame]:
        """Decode from the last keyframe before `start`; from the beginning where the file cannot be sought in."""
        import av

        self._open()
        if self.start > 0:
            try:
                target = floor((self._origin + float(self.start)) / self._base)
                self._container.seek(target, stream=self._stream)
                frames = self._decoded()
                first = next(frames, None)
                if first is not None and self._seconds(first) - self._origin <= float(self.start):
                    yield first
                    yield from frames
                    return
            except av.FFmpegError:
                pass
            self._open()
        yield from self._decoded()

    def _decoded(self) -> Iterator[VideoFrame]:
        """Decode from where the file stands, up to the end or to the damage, which is then said in `damage`."""
        import av

        self.damage = None
        begun = False
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else packet.decode()
            except av.FFmpegError as error:
                if begun or isinstance(error, (av.EOFError, MemoryError)):
                    self.damage = f"damaged: {reason(error)}"
                    return
                continue  # what precedes the first keyframe of a broadcast
            if packet is None:
                return
            for frame in frames:
                if frame.is_corrupt:
                    if begun:
                        self.damage = "damaged: a frame cannot be decoded whole"
                        return
                    continue
                if frame.width * frame.height > self._max_pixels:
                    raise self._too_large(frame.width, frame.height)
                begun = True
                yield frame

    def _open(self) -> None:
        if hasattr(self, "_container"):
            self._container.close()
        self._container: InputContainer = open_film(self.path)
        streams = [stream for stream in self._container.streams.video if "attached_pic" not in str(stream.disposition)]
        if not streams:
            self._container.close()
            raise PtxError(f"{self.path}: there is no video in it")
        self._stream: VideoStream = streams[0]
        context = self._stream.codec_context
        if context is None:
            raise PtxError(f"{self.path}: this PyAV has no decoder for its video")
        if context.width * context.height > self._max_pixels:
            raise self._too_large(context.width, context.height)
        context.thread_count = 1
        context.options = {"max_pixels": str(self._max_pixels)}
        self._base = float(self._stream.time_base or Fraction(1, 1000))
        self._clock: float | None = None

    def _seconds(self, frame: VideoFrame) -> float:
        """Return a frame's time in the file's clock; one without a time follows the last."""
        if frame.pts is not None:
            self._clock = frame.pts * self._base
        elif self._clock is None:
            self._clock = 0.0
        else:
            self._clock += float(1 / self._average_rate())
        return self._clock

    def _still(self, frame: VideoFrame) -> float:
        """Return the seconds for which the last frame stands."""
        duration = (frame.duration or 0) * self._base
        return duration if 0 < duration <= LONGEST_STILL else float(1 / self._average_rate())

    def _average_rate(self) -> Fraction:
        rate = self._stream.average_rate or self._stream.guessed_rate
        return rate if rate and 0 < rate <= 1000 else Fraction(USUAL_FPS)

    def _length(self) -> float | None:
        import av

        if self._stream.duration:
            seconds = self._stream.duration * self._base
        elif self._container.duration:
            seconds = self._container.duration / av.time_base
        else:
            return None
        return seconds if 0 < seconds <= MOST_SECONDS else None

    def _compare_length(self) -> None:
        """Say where the file ends before it should."""
        if self.damage is None and self._stream.duration and self.info.seconds is not None:
            missing = self.info.seconds - self._last
            if missing > max(0.5, 3 / float(self.info.fps)):
                self.damage = f"the file ends at {self._last:.2f} s of {self.info.seconds:.2f} s"

    def _beyond(self, seconds: float) -> PtxError:
        return PtxError(f"{self.path}: `start` {float(self.start):g} s is beyond the end, {seconds:.2f} s")

    def _too_large(self, width: int, height: int) -> PtxError:
        return PtxError(
            f"{self.path}: frames of {width} x {height} px; at most {self._max_pixels / 1e6:g} megapixels are read"
        )
