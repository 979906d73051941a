"""A long film made of segments: work that was cut short goes on from the finished ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from heapq import merge
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.pipeline.errors import PtxError
from ptx.pipeline.storage.files import explain
from ptx.video.atomic import move_whole
from ptx.video.audio import Sound, SoundTrack
from ptx.video.frame_archive import read_archive, write_archive
from ptx.video.gif import PALETTE_FRAMES
from ptx.video.pyav import open_film, raising_os_errors
from ptx.video.writing import ClipWriter, Origin, append_xmp, coding_of, open_container, tags_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

Image = NDArray[np.uint8]
"""(H, W, 3) RGB or (H, W, 4) with alpha."""


class Segment(NamedTuple):
    """A file with the frames `start` to `stop` of a film, `stop` not included."""

    start: int
    stop: int
    path: Path


def segment_suffix(output: Path) -> str:
    """Return the ending of a film's segments: those of a GIF keep their frames without loss, as it has one palette for all."""
    suffix = output.suffix.lower()
    return ".zip" if suffix == ".gif" else suffix


def write_segment(
    segment: Segment, size: tuple[int, int], fps: Fraction, frames: Iterable[Image], *, alpha: bool = False
) -> None:
    """Write the frames of a segment, whole or not at all.

    Args:
        segment: its file ends in `segment_suffix`.
        size: height and width of the frames, px.
        fps: frames a second.
        frames: as many as it has.
        alpha: frames have a fourth channel.

    Raises:
        PtxError: the disk is full, or may not be written.
    """
    exact = _exactly(frames, segment.stop - segment.start)
    if segment.path.suffix == ".zip":
        write_archive(segment.path, exact)
        return
    with ClipWriter(segment.path, size, fps, provenance=None, alpha=alpha) as film:
        for image in exact:
            film.write(image)


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
    step = -(-(segments[-1].stop - segments[0].start) // PALETTE_FRAMES)
    some = list(islice(_frames(segments), 0, None, step))
    size, alpha = some[0].shape[:2], some[0].shape[2] == 4
    with ClipWriter(output, size, fps, provenance=provenance, alpha=alpha, palette_from=some) as film:
        for image in _frames(segments):
            film.write(image)


def _frames(segments: Sequence[Segment]) -> Iterator[Image]:
    """Frames of segments of a GIF."""
    for segment in segments:
        yield from read_archive(segment.path)


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
