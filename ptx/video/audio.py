"""The sound of a film, or of a part of it, for another film."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.video.pyav import open_film, reason

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

SOUND_CODECS = {"mp4": ("aac", "mp3", "mp3float"), "webm": ("opus", "libopus", "vorbis", "libvorbis")}
"""Container → FFmpeg's decoders of the sound that is taken over as it is: what players of the container know."""


class Encoding(NamedTuple):
    """How sound is encoded that a container does not take."""

    codec: Literal["aac", "libopus"]
    """FFmpeg's name of the encoder."""
    samples: Literal["fltp", "flt"]
    """FFmpeg's name of the samples that it takes: float32, channels apart or interleaved."""
    rates: tuple[int, ...]
    """Samples a second that it takes, the usual number first."""


ENCODINGS = {
    "mp4": Encoding("aac", "fltp", (48000, 44100, 32000, 24000, 22050, 16000, 8000)),
    "webm": Encoding("libopus", "flt", (48000,)),
}
"""Container → what other sound becomes."""

SEEK_MARGIN = 1.0
"""Seconds before the start from which sound is read; a file's index is that of its video."""


class Sound(NamedTuple):
    """What became of a film's sound."""

    kind: Literal["none", "copied", "encoded"]
    """There is none; its packets were copied; it was encoded anew."""
    damage: str | None = None
    """Why it ends early; None: it does not."""


class SoundTrack:
    """The sound of a film from `start` to `end`, seconds since the film's first frame, as a stream of a film that is being written."""

    sound = Sound("none")
    """What becomes of it; whole after `packets`."""

    def __init__(self, path: Path, start: float, end: float, container: OutputContainer, kind: str) -> None:
        """Add a stream of sound, where the film has sound.

        Args:
            path: of the film with the sound.
            start: seconds since its first frame: time 0 of the new film.
            end: seconds since its first frame.
            container: the new film.
            kind: "mp4" or "webm".
        """
        self._source = open_film(path)
        self._zero = self._first_frame() + start
        """Time 0 of the new film in the clock of the old one."""
        self._seconds = end - start
        streams = [stream for stream in self._source.streams.audio if stream.codec_context is not None]
        self._input = streams[0] if streams else None
        if self._input is None:
            return
        self._encoding = ENCODINGS[kind]
        if self._input.codec_context.name in SOUND_CODECS[kind]:
            self.sound = Sound("copied")
            self._output = container.add_stream_from_template(self._input)
        else:
            self.sound = Sound("encoded")
            self._output = self._encoder(container, self._input)

    def _first_frame(self) -> float:
        """Return the time of the first frame in the film's clock."""
        for stream in self._source.streams.video:
            if stream.start_time is not None and stream.time_base is not None:
                return float(stream.start_time * stream.time_base)
        return 0.0

    def _encoder(self, container: OutputContainer, source: AudioStream) -> AudioStream:
        codec, samples, rates = self._encoding
        rate = source.codec_context.sample_rate
        stream = container.add_stream(codec, rate=rate if rate in rates else rates[0])
        stream.format = samples
        stream.layout = "mono" if source.codec_context.channels == 1 else "stereo"
        stream.codec_context.thread_count = 1
        return stream

    def close(self) -> None:
        """Close the film with the sound."""
        self._source.close()

    def packets(self) -> Iterator[tuple[float, Packet[AudioStream]]]:
        """Packets for the new film with their times there, in order. Where the old one is damaged, the sound ends."""
        import av

        try:
            if self.sound.kind != "none":
                yield from self._copied() if self.sound.kind == "copied" else self._encoded()
        except av.FFmpegError as error:
            self.sound = self.sound._replace(damage=reason(error))

    def _found(self) -> Iterator[Packet[AudioStream]]:
        """Packets of the sound, from some time before the start up to the end."""
        import av

        assert self._input is not None
        if self._zero > SEEK_MARGIN:
            with suppress(av.FFmpegError):
                self._source.seek(int((self._zero - SEEK_MARGIN) * av.time_base))
        for packet in self._source.demux(self._input):
            if packet.pts is not None and float(packet.pts * packet.time_base) - self._zero >= self._seconds:
                return
            if packet.size:
                yield packet

    def _copied(self) -> Iterator[tuple[float, Packet[AudioStream]]]:
        for packet in self._found():
            if packet.pts is None or packet.pts * packet.time_base < self._zero:
                continue
            packet.pts -= round(self._zero / packet.time_base)
            packet.dts = packet.pts
            packet.stream = self._output
            yield float(packet.pts * packet.time_base), packet

    def _encoded(self) -> Iterator[tuple[float, Packet[AudioStream]]]:
        import av

        context = self._output.codec_context
        rate, layout = context.sample_rate, "mono" if context.channels == 1 else "stereo"
        for place, samples in self._pieces():
            interleaved = samples if self._encoding.samples == "fltp" else samples.T.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(interleaved), self._encoding.samples, layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
            for packet in self._output.encode(frame):
                yield place / rate, packet
        for packet in self._output.encode(None):
            yield self._seconds, packet

    def _pieces(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Samples (channels, n) as the encoder wants them, n of its frames' size but the last, with the number of the first one."""
        context = self._output.codec_context
        waiting: NDArray[np.float32] | None = None
        place = 0
        size = 0
        for first, samples in self._samples():
            size = context.frame_size or 1024
            place, waiting = (
                (first, samples) if waiting is None else (place, np.concatenate([waiting, samples], axis=1))
            )
            while waiting.shape[1] >= size:
                yield place, waiting[:, :size]
                place, waiting = place + size, waiting[:, size:]
        if waiting is not None and waiting.shape[1]:
            yield place, waiting

    def _samples(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Decoded samples (channels, n) between start and end at the encoder's rate, with the number of the first one."""
        from av.audio.resampler import AudioResampler

        context = self._output.codec_context
        rate = context.sample_rate
        resampler = AudioResampler("fltp", "mono" if context.channels == 1 else "stereo", rate)
        most = round(self._seconds * rate)
        for packet in self._found():
            for decoded in packet.decode():
                for frame in resampler.resample(decoded):
                    if frame.pts is None or frame.time_base is None:
                        continue
                    first = round((float(frame.pts * frame.time_base) - self._zero) * rate)
                    samples = np.asarray(frame.to_ndarray(), np.float32)[:, max(-first, 0) : max(most - first, 0)]
                    if samples.shape[1]:
                        yield max(first, 0), samples
