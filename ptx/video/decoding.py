"""Decode the frames of a film, each with its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from ptx.pipeline.errors import PtxError
from ptx.video.pyav import open_film, reason, require_av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MOST_FPS = 60
"""Highest rate at which frames are given out where none is asked for; some phones film at 240."""

USUAL_FPS = 25
"""Rate of a film that says none."""

LONGEST_STILL = 600.0
"""Seconds that one frame may stand; a longer one, or time that runs back as far, is a damaged clock."""

MOST_SECONDS = 30 * 86400.0
"""Longest film; files that say more do not know."""

MOST_FAILURES = 1000
"""Packets that cannot be decoded before the first frame, at most; a broadcast may begin between keyframes."""

WITHOUT_INDEX = ("mpeg", "mpegvideo", "h264", "hevc", "m4v", "dv")
"""FFmpeg's names of containers in which a place is guessed, to a few frames; they are decoded from the beginning."""

WIDEST_PIXEL = 10.0
"""Most that a pixel is wider than high, or higher than wide; files that say more are wrong."""


def film_frames(path: Path, max_pixels: int) -> int | None:
    """Return the number of frames that a film has by its head, at its average rate; None where it does not say, or cannot be read.

    Films of frames larger than `max_pixels` cannot.

    Raises:
        PtxError: PyAV is missing.
    """
    require_av(path)
    try:
        with closing(Film(path, max_pixels)) as film:
            return None if film.seconds is None else max(1, round(film.seconds * min(float(film.rate), MOST_FPS)))
    except PtxError:
        return None


class Film:
    """The first video of a file. One core; frames are decoded one after the other, none is kept."""

    fault: str | None = None
    """After decoding: why it ended before the file's end, in FFmpeg's words; None: it did not."""
    read_to = 0.0
    """Seconds since the first frame at which the last frame decoded ends."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        """Open a film and decode its first frame.

        Raises:
            PtxError: no such file, no film, a frame of more than `max_pixels`, or PyAV is missing.
        """
        self.path, self._max_pixels = path, max_pixels
        self._container, self._stream = self._opened()
        self._clock: float | None = None
        """Time of the frame decoded last, in the file's clock."""
        self._others_end = 0.0
        """End of sound and subtitles as far as they were read, in the file's clock."""
        first = next(self._decoded(), None)
        if first is None:
            raise PtxError(f"{path}: not one frame of it can be decoded{f' ({self.fault})' if self.fault else ''}")
        self.first = first
        self._origin = self._time(first)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @property
    def rate(self) -> Fraction:
        """Average number of frames a second."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return rate if rate and 0 < rate <= 1000 else Fraction(USUAL_FPS)

    @property
    def seconds(self) -> float | None:
        """How long it is by its head; None: it does not say."""
        import av

        if self._stream.duration:
            seconds = self._stream.duration * self._base
        else:
            seconds = (self._container.duration or 0) / av.time_base
        return seconds if 0 < seconds <= MOST_SECONDS else None

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel in heights of it."""
        aspect = float(self._stream.sample_aspect_ratio or 1)
        return aspect if 1 / WIDEST_PIXEL <= aspect <= WIDEST_PIXEL else 1.0

    @property
    def has_audio(self) -> bool:
        """There is sound."""
        return bool(self._container.streams.audio)

    @property
    def cut_off(self) -> bool:
        """True where decoding reached the file's end before the time that its head says."""
        if self.seconds is None or self.fault is not None:
            return False
        end = self.read_to if self._stream.duration else max(self.read_to, self._others_end - self._origin)
        return self.seconds - end > max(0.5, 3 / float(self.rate))

    def frames(self, start: float) -> Iterator[tuple[float, VideoFrame]]:
        """Decode, with seconds since the film's first frame, from the last keyframe before `start` up to the end or the damage.

        Frames come in the order of their times; where a file's clock runs back a little, its times are given as they are.
        """
        self.fault, self.read_to = None, 0.0
        before: float | None = None
        for frame in self._from(start):
            time = self._time(frame) - self._origin
            if before is not None and abs(time - before) > LONGEST_STILL:
                self.fault = f"its clock jumps to {time:.2f} s"
                return
            self.read_to = time + self._still(frame)
            before = time
            yield time, frame

    def _from(self, start: float) -> Iterator[VideoFrame]:
        """Decode from a keyframe before `start`; from the beginning where the file cannot be sought in exactly."""
        import av

        self._restart()
        if start > 0 and self._container.format.name not in WITHOUT_INDEX:
            with suppress(av.FFmpegError):
                self._container.seek(floor((self._origin + start) / self._base), stream=self._stream)
                frames = self._decoded()
                first = next(frames, None)
                if first is not None and self._time(first) - self._origin <= start:
                    yield first
                    yield from frames
                    return
            self._restart()
        yield from self._decoded()

    def _decoded(self) -> Iterator[VideoFrame]:
        """Decode from where the file stands up to its end, or up to the damage, which is then said in `fault`."""
        import av

        begun, failures = False, 0
        packets = self._container.demux()
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.stream is not self._stream:
                    self._note_end(packet)
                    continue
                frames = self._stream.decode(packet)
            except IndexError:  # PyAV at the end of a file in which further streams have come up
                return
            except av.FFmpegError as error:
                failures += 1
                if begun or failures > MOST_FAILURES:
                    self.fault = reason(error)
                    return
                continue  # what precedes the first keyframe of a broadcast
            for frame in frames:
                if frame.is_corrupt and begun:
                    self.fault = "a frame cannot be decoded whole"
                    return
                if not frame.is_corrupt:
                    self._check_pixels(frame.width, frame.height)
                    begun = True
                    yield frame

    def _restart(self) -> None:
        self._container.close()
        self._container, self._stream = self._opened()
        self._clock, self.fault, self._others_end = None, None, 0.0

    def _opened(self) -> tuple[InputContainer, VideoStream]:
        container = open_film(self.path)
        streams = [stream for stream in container.streams.video if "attached_pic" not in str(stream.disposition)]
        if not streams:
            raise PtxError(f"{self.path}: there is no video in it")
        context = streams[0].codec_context
        if context is None:
            raise PtxError(f"{self.path}: this PyAV has no decoder for its video")
        self._check_pixels(context.width, context.height)
        context.thread_count = 1
        context.options = {"max_pixels": str(self._max_pixels)}
        return container, streams[0]

    @property
    def _base(self) -> float:
        """Seconds of a tick of the file's clock."""
        return float(self._stream.time_base or Fraction(1, 1000))

    def _time(self, frame: VideoFrame) -> float:
        """Return a frame's time in the file's clock; one without a time follows the last."""
        if frame.pts is not None:
            self._clock = frame.pts * self._base
        else:
            self._clock = 0.0 if self._clock is None else self._clock + float(1 / self.rate)
        return self._clock

    def _still(self, frame: VideoFrame) -> float:
        """Return the seconds for which a frame stands, as far as the file says."""
        duration = (frame.duration or 0) * self._base
        return duration if 0 < duration <= LONGEST_STILL else float(1 / self.rate)

    def _note_end(self, packet: Packet[Stream]) -> None:
        """Remember where sound and subtitles end; files end where the last of them does."""
        if packet.pts is not None and packet.time_base:
            self._others_end = max(self._others_end, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            most = self._max_pixels / 1e6
            raise PtxError(f"{self.path}: frames of {width} x {height} px; at most {most:g} megapixels are read")
