"""A long film made of segments: work that was cut short goes on from the finished ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from heapq import merge
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import explain, read_json, write_json
from ptx.pipeline.storage.json_values import Json
from ptx.video.atomic import move_whole
from ptx.video.audio import Sound, SoundTrack
from ptx.video.frame_archive import read_archive, write_archive
from ptx.video.pyav import open_film, raising_os_errors
from ptx.video.writing import ClipWriter, Origin, append_xmp, check_film, coding_of, open_container, tags_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W, 4) with alpha."""

JOB_FILE = "job.json"
"""What the frames of a folder are made of."""


class Segment(NamedTuple):
    """A file with the frames `start` to `stop` of a film, `stop` not included."""

    start: int
    stop: int
    path: Path


class SegmentFolder:
    """The finished segments of a film, in a folder beside it, such as `.dance.mp4.parts`.

    Processes may write different segments at once. A segment is whole or not there. Those of a GIF keep their frames without loss.
    """

    def __init__(
        self, output: Path, size: tuple[int, int], fps: Fraction | float, job: Json, *, alpha: bool = False
    ) -> None:
        """Open the folder; segments of another job are removed.

        Args:
            output: the film.
            size: height and width of the frames, px.
            fps: frames a second.
            job: whatever the frames depend on; with another one none of the segments can be used.
            alpha: frames have a fourth channel.

        Raises:
            PtxError: such a film cannot be written, see `check_film`, or the folder cannot.
        """
        check_film(output, alpha=alpha)
        self.output, self._size, self._alpha = output, size, alpha
        self._fps = Fraction(fps).limit_denominator(1001)
        self.folder = output.with_name(f".{output.name}.parts")
        self._suffix = ".zip" if output.suffix.lower() == ".gif" else output.suffix.lower()
        whole: Json = {"size": list(size), "fps": str(self._fps), "alpha": alpha, "job": job}
        if read_json(self.folder / JOB_FILE) != whole:
            self.remove()
            write_json(self.folder / JOB_FILE, whole)

    def finished(self) -> list[Segment]:
        """Return the segments that are there, in order."""
        found = []
        for path in sorted(self.folder.glob(f"*-*{self._suffix}")):
            start, _, stop = path.stem.partition("-")
            if start.isdecimal() and stop.isdecimal():
                found.append(Segment(int(start), int(stop), path))
        return found

    def write(self, start: int, stop: int, frames: Iterable[Image]) -> Segment:
        """Write the frames `start` to `stop` of the film as a segment.

        Raises:
            PtxError: the disk is full, or may not be written.
        """
        path = self.folder / f"{start:08d}-{stop:08d}{self._suffix}"
        exact = _exactly(frames, stop - start)
        if self._suffix == ".zip":
            write_archive(path, exact)
        else:
            with ClipWriter(path, self._size, self._fps, provenance=None, alpha=self._alpha) as film:
                for image in exact:
                    film.write(image)
        return Segment(start, stop, path)

    def join(
        self, *, provenance: Origin | None, audio_from: Path | None = None, start: float = 0.0, end: float | None = None
    ) -> Sound:
        """Put the finished segments together as the film; see `join`. The folder stays: `remove` it then."""
        return join(
            self.finished(), self.output, self._fps, provenance=provenance, audio_from=audio_from, start=start, end=end
        )

    def remove(self) -> None:
        """Remove the folder."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)


def _exactly(frames: Iterable[Image], number: int) -> Iterator[Image]:
    """Give out frames; a wrong number of them is a defect."""
    count = 0
    for count, image in enumerate(frames, 1):  # noqa: B007
        yield image
    if count != number:
        raise ValueError(f"{count} frames for a segment of {number}")


def join(
    segments: Sequence[Segment],
    output: Path,
    fps: Fraction,
    *,
    provenance: Origin | None,
    audio_from: Path | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Sound:
    """Put segments together as a film. Their packets are copied, nothing is decoded; but frames of a GIF get their palette here.

    Args:
        segments: in order, each beginning where the one before ends; made with the same settings.
        output: the film, whole or not there.
        fps: frames a second.
        provenance: what the film says about itself.
        audio_from: film whose sound is added; a GIF has none.
        start: seconds since that film's first frame of the first frame here.
        end: seconds since that film's first frame at which the sound ends; None, or later than the last frame here: there.

    Returns:
        What became of the sound.

    Raises:
        PtxError: frames are missing between the segments, a segment is damaged, or the disk is full.
    """
    if not segments:
        raise PtxError(f"{output}: no segment of it is finished")
    for before, after in pairwise(segments):
        if after.start != before.stop:
            raise PtxError(
                f"{output}: frames {before.stop} to {after.start} are not there yet: run the parts that are missing, then again"
            )
    if output.suffix.lower() == ".gif":
        _join_gif(segments, output, fps, provenance)
        return Sound("none")
    seconds = float((segments[-1].stop - segments[0].start) / fps)
    until = start + seconds if end is None else min(end, start + seconds)
    unfinished = output.with_name(f".{output.name}.tmp")
    try:
        sound = _join_films(segments, unfinished, output, fps, provenance, audio_from, (start, until))
        if provenance is not None and output.suffix.lower() == ".mp4":
            append_xmp(unfinished, provenance)
        move_whole(unfinished, output)
    except OSError as error:
        raise explain(error, output) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return sound


def _join_gif(segments: Sequence[Segment], output: Path, fps: Fraction, provenance: Origin | None) -> None:
    first = next(read_archive(segments[0].path))
    with ClipWriter(output, first.shape[:2], fps, provenance=provenance, alpha=first.shape[2] == 4) as film:
        for segment in segments:
            for image in read_archive(segment.path):
                film.write(image)


def _join_films(
    segments: Sequence[Segment],
    unfinished: Path,
    output: Path,
    fps: Fraction,
    provenance: Origin | None,
    audio_from: Path | None,
    span: tuple[float, float],
) -> Sound:
    coding = coding_of(output)
    with ExitStack() as stack, raising_os_errors():
        container = stack.enter_context(open_container(unfinished, coding, tags_of(coding, provenance)))
        template = stack.enter_context(open_film(segments[0].path)).streams.video[0]
        stream = container.add_stream_from_template(template)
        if template.metadata.get("alpha_mode") == "1":
            stream.codec_context.pix_fmt = "yuva420p"  # FFmpeg's own decoder, which the template has, knows no alpha
        track = None
        if audio_from is not None:
            track = SoundTrack(audio_from, *span, container, coding.container)
            stack.callback(track.close)
        sources: list[Iterator[tuple[float, Packet[VideoStream] | Packet[AudioStream]]]] = [
            _packets(segments, stream, fps), iter(()) if track is None else track.packets(),
        ]  # fmt: skip
        for _, packet in merge(*sources, key=lambda timed: timed[0]):
            container.mux(packet)
    return Sound("none") if track is None else track.sound


def _packets(
    segments: Sequence[Segment], stream: VideoStream, fps: Fraction
) -> Iterator[tuple[float, Packet[VideoStream]]]:
    """Packets of all segments for one stream, with their times.

    They are in the order of decoding: packet n is decoded at frame n - `delay`, by the longest delay between decoding and showing that a
    segment begins with.
    """
    delay = max(_delay(segment, fps) for segment in segments)
    count = 0
    for segment in segments:
        first = count
        with open_film(segment.path) as film:
            for packet in film.demux(film.streams.video[0]):
                if packet.pts is None:
                    continue
                base = packet.time_base
                # of the packet's place, not of the segment's: Matroska rounds times to milliseconds
                packet.pts += round(count / fps / base) - round((count - first) / fps / base)
                packet.dts = round((count - delay) / fps / base)
                packet.stream = stream
                count += 1
                yield float(packet.dts * base), packet
        if count - first != segment.stop - segment.start:
            raise PtxError(f"{segment.path}: is damaged: remove it and run the same command again")


def _delay(segment: Segment, fps: Fraction) -> int:
    """Return the number of frames by which a segment's first frame is shown after it is decoded."""
    with open_film(segment.path) as film:
        for packet in film.demux(film.streams.video[0]):
            if packet.pts is not None and packet.dts is not None:
                return round((packet.pts - packet.dts) * packet.time_base * fps)
    return 0
