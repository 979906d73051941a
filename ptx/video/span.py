"""A part of a clip whose frames are numbered, and read from any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

from ptx.video.reading import ClipReader, Image


@dataclass(frozen=True)
class Span:
    """The frames of a clip from `start` on, at a constant rate."""

    path: Path
    """The file."""
    max_pixels: int
    """Clips of larger frames are refused."""
    start: Fraction
    """Seconds since the clip's first frame."""
    fps: Fraction
    """Frames a second."""
    count: int
    """Frames that there should be; a damaged clip has fewer."""
    size: tuple[int, int]
    """Height, width of the frames, px."""
    longest: int
    """Most px of the longer side."""
    has_audio: bool
    """There is sound."""

    def frames(self, first: int, last: int) -> Iterator[Image]:
        """Yield the frames of some numbers, `last` not among them; none where the clip has ended before."""
        if first >= last:
            return
        start, end = self.start + first / self.fps, self.start + last / self.fps
        with self._reader(float(start), float(end)) as reader:
            for frame in reader:
                yield frame.image

    def damage(self) -> str | None:
        """Return why the clip ends before its end, in a line; None where it does not. Decodes its last seconds."""
        last = max(0, self.count - 2 * int(self.fps))
        with self._reader(float(self.start + last / self.fps), None) as reader:
            for _ in reader:
                pass
            return reader.damage

    def _reader(self, start: float, end: float | None) -> ClipReader:
        return ClipReader(
            self.path, max_pixels=self.max_pixels, start=start, end=end, fps=self.fps, longest=self.longest
        )


def open_span(
    path: Path, *, max_pixels: int, longest: int, start: float = 0.0, end: float | None = None, fps: float | None = None
) -> Span:
    """Open a part of a clip.

    Args:
        path: of the file.
        max_pixels: clips of larger frames are refused before they are decoded.
        longest: most px of the longer side; larger frames are scaled down.
        start: seconds since the clip's first frame.
        end: seconds since the clip's first frame, not included; None: its end.
        fps: frames a second; None: the clip's own average, at most 60.

    Raises:
        PtxError: as `ClipReader`.
    """
    with ClipReader(path, max_pixels=max_pixels, start=start, end=end, fps=fps, longest=longest) as reader:
        seconds = reader.info.seconds
        if seconds is None:
            count = sum(1 for _ in reader)
        else:
            length = min(seconds, seconds if end is None else end) - start
            count = max(1, floor(Fraction(length).limit_denominator(1_000_000) * reader.fps + Fraction(1, 2)))
        return Span(path, max_pixels, reader.start, reader.fps, count, reader.size, longest, reader.info.has_audio)
