"""A film put together of segments is the film; its sound stays with its frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ptx.pictures.provenance import STATEMENT, Provenance
from ptx.pipeline.errors import PtxError
from ptx.video.audio import Sound
from ptx.video.segments import Segment, join, segment_suffix, write_segment
from tests.video.films import number_of, numbered, write_film

FPS = Fraction(30000, 1001)
MADE = Provenance("compositeSynthetic", "ptx animate")
CUTS = [(0, 20), (20, 33), (33, 34), (34, 60)]
ALL = [".mp4", ".webm", ".gif"]


class SegmentFolder:
    """Segments of a film beside it, named by their frames."""

    def __init__(self, output: Path, size: tuple[int, int], fps: Fraction | int, *, alpha: bool = False) -> None:
        self.output, self._size, self._fps, self._alpha = output, size, Fraction(fps), alpha
        self._folder = output.with_name(".parts")
        self._folder.mkdir(parents=True, exist_ok=True)

    def finished(self) -> list[Segment]:
        paths = sorted(self._folder.glob(f"*{segment_suffix(self.output)}"))
        return [Segment(*(int(number) for number in path.stem.split("-")), path) for path in paths]

    def write(self, start: int, stop: int, frames: Iterable[np.ndarray]) -> None:
        path = self._folder / f"{start:08d}-{stop:08d}{segment_suffix(self.output)}"
        write_segment(Segment(start, stop, path), self._size, self._fps, frames, alpha=self._alpha)

    def join(self, provenance: Provenance | None, audio_from: Path | None = None, start: float = 0.0) -> Sound:
        return join(self.finished(), self.output, self._fps, provenance=provenance, audio_from=audio_from, start=start)


def folder_of(output: Path) -> SegmentFolder:
    return SegmentFolder(output, (64, 96), FPS)


def write(folder: SegmentFolder, *cuts: tuple[int, int]) -> None:
    for start, stop in cuts:
        folder.write(start, stop, (numbered(number) for number in range(start, stop)))


def times_and_numbers(path: Path) -> tuple[list[float], list[int]]:
    with av.open(str(path)) as film:
        frames = [(frame.time, number_of(frame.to_ndarray(format="rgb24"))) for frame in film.decode(video=0)]
    return [time for time, _ in frames], [number for _, number in frames]


@pytest.mark.parametrize("ending", ALL)
def test_joined(tmp_path: Path, ending: str) -> None:
    """Written in any order, of any lengths: each frame once, at its time."""
    folder = folder_of(tmp_path / f"film{ending}")
    write(folder, *CUTS[::-1])
    assert [(segment.start, segment.stop) for segment in folder.finished()] == CUTS
    assert folder.join(provenance=MADE).kind == "none"
    times, numbers = times_and_numbers(folder.output)
    assert numbers == list(range(60))
    tolerance = {".mp4": 1e-9, ".webm": 0.0011, ".gif": 0.011}[ending]
    assert np.abs(np.array(times) - np.arange(60) / float(FPS)).max() <= tolerance
    assert {path.name for path in tmp_path.iterdir()} == {f"film{ending}", ".parts"}


@pytest.mark.parametrize("ending", ALL)
def test_the_same_bytes_after_a_break(tmp_path: Path, ending: str) -> None:
    """Work that goes on from finished segments ends as calm work does."""
    calm = folder_of(tmp_path / "calm" / f"film{ending}")
    write(calm, *CUTS)
    calm.join(provenance=MADE)
    broken = folder_of(tmp_path / "broken" / f"film{ending}")
    write(broken, *CUTS[:2])

    def dies() -> None:
        broken.write(33, 34, (numbered(1 // zero) for zero in [0]))

    with pytest.raises(ZeroDivisionError):
        dies()
    again = folder_of(tmp_path / "broken" / f"film{ending}")
    assert [(segment.start, segment.stop) for segment in again.finished()] == CUTS[:2]
    write(again, *CUTS[2:])
    again.join(provenance=MADE)
    assert again.output.read_bytes() == calm.output.read_bytes()


def test_missing_parts_are_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "film.mp4")
    with pytest.raises(PtxError, match="no segment of it is finished"):
        folder.join(provenance=None)
    write(folder, CUTS[0], CUTS[2])
    with pytest.raises(PtxError, match=r"film\.mp4: frames 20 to 33 are not there yet"):
        folder.join(provenance=None)
    assert not folder.output.exists()


def test_a_wrong_number_of_frames_is_a_defect(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="3 frames for a segment of 4"):
        folder.write(0, 4, (numbered(k) for k in range(3)))
    assert folder.finished() == []


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_origin(tmp_path: Path, ending: str) -> None:
    folder = folder_of(tmp_path / f"film{ending}")
    write(folder, (0, 5))
    folder.join(provenance=MADE)
    assert STATEMENT.encode() in folder.output.read_bytes()


def test_alpha(tmp_path: Path) -> None:
    """Matroska keeps alpha beside each packet."""
    folder = SegmentFolder(tmp_path / "film.webm", (64, 96), 25, alpha=True)
    square = np.zeros((64, 96, 4), np.uint8)
    square[16:48, 20:60] = (200, 30, 40, 255)
    for start in (0, 5):
        folder.write(start, start + 5, [square] * 5)
    folder.join(provenance=None)
    codec = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(folder.output)) as film:
        assert film.streams.video[0].metadata["alpha_mode"] == "1"
        packets = [packet for packet in film.demux(video=0) if packet.size]
        frames = [frame.to_ndarray(format="rgba") for packet in [*packets, None] for frame in codec.decode(packet)]
    assert len(frames) == 10
    assert all(((frame[..., 3] > 127) != (square[..., 3] > 127)).mean() < 0.02 for frame in frames)


def loudness(path: Path) -> np.ndarray:
    """Loudness of the sound in each tenth of a second."""
    with av.open(str(path)) as film:
        stream = film.streams.audio[0]
        rate = stream.codec_context.sample_rate
        found = np.zeros(rate * 10)
        for frame in film.decode(stream):
            samples = (
                frame.to_ndarray().reshape(-1, frame.samples)
                if frame.format.is_planar
                else frame.to_ndarray().reshape(frame.samples, -1).T
            )
            place = round(frame.time * rate)
            if place >= 0:
                found[place : place + frame.samples] = samples[0] / (1 if samples.dtype.kind == "f" else 32768)
    return np.sqrt((found.reshape(-1, rate // 10) ** 2).mean(axis=1))


@pytest.mark.parametrize(
    ("source", "tone", "ending", "kind"),
    [
        ("clip.mp4", ("aac", 44100), ".mp4", "copied"),
        ("clip.mp4", ("aac", 22050), ".webm", "encoded"),
        ("clip.mkv", ("libopus", 48000), ".webm", "copied"),
        ("clip.mkv", ("libopus", 48000), ".mp4", "encoded"),
        ("clip.mov", ("libmp3lame", 44100), ".mp4", "copied"),
    ],
)
def test_sound(tmp_path: Path, source: str, tone: tuple[str, int], ending: str, kind: str) -> None:
    """The tone's loudness rises each second from nothing: from 1.2 s on it is found at the right times, and ends with the film."""
    clip = write_film(tmp_path / source, [numbered(k) for k in range(120)], fps=30, tone=tone)
    folder = SegmentFolder(tmp_path / f"film{ending}", (64, 96), 30)
    write(folder, (0, 30), (30, 60))
    sound = folder.join(provenance=None, audio_from=clip, start=1.2)
    assert (sound.kind, sound.damage) == (kind, None)
    found = loudness(folder.output)
    wanted = np.array([0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 0.05, 0.15] * 2) / 2**0.5
    assert np.abs(found[1:19] - wanted[1:19]).max() < 0.04
    assert found[22:].max() < 0.01
    assert times_and_numbers(folder.output)[1] == list(range(60))
    with av.open(str(folder.output)) as film:
        times = [float(packet.dts * packet.time_base) for packet in film.demux() if packet.dts is not None]
        assert max(np.maximum.accumulate(times) - times) < 1, "sound and pictures lie side by side in the file"


@pytest.mark.parametrize("ending", ALL)
def test_film_without_sound(tmp_path: Path, ending: str) -> None:
    clip = write_film(tmp_path / "clip.mp4", [numbered(k) for k in range(30)])
    folder = folder_of(tmp_path / f"film{ending}")
    write(folder, (0, 10))
    assert folder.join(provenance=None, audio_from=clip).kind == "none"


def test_damaged_sound_ends_early(tmp_path: Path) -> None:
    clip = write_film(tmp_path / "clip.mkv", [numbered(k) for k in range(60)], fps=30, tone=("aac", 44100))
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 2 // 3])
    folder = SegmentFolder(tmp_path / "film.mp4", (64, 96), 30)
    write(folder, (0, 60))
    folder.join(provenance=None, audio_from=clip)
    assert times_and_numbers(folder.output)[1] == list(range(60))


def test_a_damaged_segment_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "film.mp4")
    write(folder, *CUTS)
    damaged = folder.finished()[1].path
    damaged.write_bytes(damaged.read_bytes()[:700])
    with pytest.raises(PtxError, match=r"00000020-00000033\.mp4: is"):
        join(folder.finished(), folder.output, FPS, provenance=None)
    assert not folder.output.exists()
