"""Films that others make, read as the frames that they are made of."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError
from ptx.video.reading import ClipInfo, ClipReader
from tests.video.films import number_of, numbered, sine, write_film

FRAMES = [numbered(number) for number in range(50)]
"""Two seconds."""


def read(path: Path, **options: float | Fraction | None) -> list[int]:
    """The numbers of the frames that are given out."""
    return [number_of(frame.image) for frame in reading(path, **options)]


def reading(path: Path, *, max_pixels: int = 100_000, **options: float | Fraction | None) -> ClipReader:
    return ClipReader(path, max_pixels=max_pixels, **options)


@pytest.mark.parametrize(
    ("ending", "codec"),
    [("mp4", "libx264"), ("mkv", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"), ("ts", "libx264"), ("mpg", "mpeg2video")],
)  # fmt: skip
def test_containers(tmp_path: Path, ending: str, codec: str) -> None:
    """Every frame once, in order; also those after a place between keyframes (every 12th is one)."""
    film = write_film(tmp_path / f"film.{ending}", FRAMES, codec=codec)
    with reading(film) as clip:
        frames = list(clip)
        assert clip.info == ClipInfo(film, (64, 96), Fraction(25), pytest.approx(2.0, abs=0.05), False)
    assert [number_of(frame.image) for frame in frames] == list(range(50))
    assert [frame.number for frame in frames] == list(range(50))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(50) / 25)
    assert clip.damage is None
    with reading(film, start=0.8, end=1.2) as clip:
        frames = list(clip)
        assert [number_of(frame.image) for frame in clip] == list(range(20, 30)), "read again"
    assert [number_of(frame.image) for frame in frames] == list(range(20, 30))
    assert (frames[0].number, frames[0].time) == (0, 0.8)


def test_other_rates(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    assert read(film, fps=50) == [number for number in range(50) for _ in range(2)]
    assert read(film, fps=12.5) == pytest.approx(list(np.arange(25) * 2), abs=1)
    assert len(read(film, fps=Fraction(30000, 1001))) == 60
    assert read(film, fps=0.1) == pytest.approx([0], abs=49), "at least one frame"


def test_variable_rate(tmp_path: Path) -> None:
    """Frames that stand long are repeated, those that follow too soon left out."""
    film = write_film(tmp_path / "film.mkv", FRAMES[:6], times=[0, 40, 80, 400, 410, 600])
    assert read(film, fps=25)[:15] == [0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4]
    assert read(film, fps=25, start=0.2, end=0.4) == [2] * 5


def test_half_the_rate_takes_every_other_frame(tmp_path: Path) -> None:
    """Also where the file rounds its clock to milliseconds, as Matroska does."""
    film = write_film(tmp_path / "film.mkv", FRAMES, fps=60)
    assert read(film, fps=30)[1:] == list(range(2, 50, 2))


def test_fast_films_are_thinned(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES, fps=240)
    with reading(film) as clip:
        assert (clip.info.fps, clip.fps, len(list(clip))) == (240, 60, 13)  # 50 / 4


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    """A clock that begins before zero, or long after, is that of the file alone."""
    for begin in (-400, 5000):
        times = [begin + 40 * k for k in range(10)]
        film = write_film(tmp_path / f"film{begin}.mkv", FRAMES[:10], times=times)
        with reading(film) as clip:
            frames = list(clip)
        assert [(number_of(frame.image), frame.time) for frame in frames] == [(k, k / 25) for k in range(10)]
        assert read(film, start=0.2) == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(("rotation", "black_corner"), [(0, "tr"), (90, "tl"), (180, "tl"), (270, "bl"), (-90, "bl")])
def test_turned_phone(tmp_path: Path, rotation: int, black_corner: str) -> None:
    """FFmpeg's angle is counter-clockwise: the right, black half of the picture comes to the top by 90."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :48] = 200  # left half bright
    image[:32, :48, 1] = 0  # its top without green
    film = write_film(tmp_path / "film.mp4", [image] * 3, rotation=rotation)
    with reading(film) as clip:
        shown = next(iter(clip)).image
    turned = np.rot90(image, rotation // 90)
    assert clip.size == clip.info.size == shown.shape[:2] == turned.shape[:2]
    assert np.abs(shown.astype(int) - turned).mean() < 8
    rows, columns = {"t": slice(0, 20), "b": slice(-20, None)}, {"l": slice(0, 20), "r": slice(-20, None)}
    assert shown[rows[black_corner[0]], columns[black_corner[1]]].mean() < 20


def test_mirrored(tmp_path: Path) -> None:
    """Some front cameras mirror by the display matrix."""
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(0, hflip=True)
        film.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(1), "rgb24")))
        film.mux(stream.encode())
    assert read(tmp_path / "film.mp4") == [128]


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES[:3], aspect=Fraction(3, 2))
    with reading(film, longest=72) as clip:
        assert (clip.info.size, clip.size) == ((64, 144), (32, 72))
        assert [frame.image.shape for frame in clip] == [(32, 72, 3)] * 3
    assert read(film) == [0, 1, 2]


def test_longest_leaves_small_films(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES[:3])
    with reading(film, longest=500) as clip:
        assert clip.size == (64, 96)


def test_odd_size(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [numbered(k, (63, 95)) for k in range(5)], codec="ffv1", pixels="yuv444p")
    assert read(film) == list(range(5))
    with reading(film) as clip:
        assert next(iter(clip)).image.shape == (63, 95, 3)


def test_interlaced(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mpg", FRAMES[:10], codec="mpeg2video", options={"flags": "+ildct+ilme"})
    assert read(film) == list(range(10))


def test_one_frame(tmp_path: Path) -> None:
    assert read(write_film(tmp_path / "film.mp4", [numbered(77)])) == [77]


def test_sound_is_noticed(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES, tone=("aac", 44100))
    with reading(film) as clip:
        assert clip.info.has_audio
        assert len(list(clip)) == 50


def test_gif(tmp_path: Path) -> None:
    pictures = [Pillow.fromarray(image) for image in FRAMES[:5]]
    pictures[0].save(tmp_path / "film.gif", save_all=True, append_images=pictures[1:], duration=100)
    assert read(tmp_path / "film.gif", fps=10) == list(range(5))


def test_start_beyond_the_end(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    with pytest.raises(PtxError, match=r"film\.mp4: `start` 7 s is beyond the end, 2\.00 s"):
        reading(film, start=7)
    assert read(film, start=1.92) == [48, 49]
    for start, end in ((-1, None), (1, 1), (1, 0.5)):
        with pytest.raises(PtxError, match="there is nothing from"):
            reading(film, start=start, end=end)
    with pytest.raises(PtxError, match="0 frames a second"):
        reading(film, fps=0)


def test_large_frames_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [numbered(1, (2160, 3840))], options={"preset": "ultrafast"})
    with pytest.raises(PtxError, match=r"frames of 3840 x 2160 px; at most 4 megapixels"):
        reading(film, max_pixels=4_000_000)
    with reading(film, max_pixels=10_000_000, longest=96) as clip:
        assert [(frame.image.shape, number_of(frame.image)) for frame in clip] == [((54, 96, 3), 1)]


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
def test_cut_off_in_the_middle(tmp_path: Path, ending: str) -> None:
    """What is there is given, and that more should be there is said."""
    whole = write_film(
        tmp_path / f"film.{ending}", FRAMES, codec="mpeg4", options={"movflags": "+faststart"} if ending == "mp4" else {}
    )  # fmt: skip
    if ending == "mp4":
        with (
            av.open(str(whole)) as source,
            av.open(str(tmp_path / "head.mp4"), "w", container_options={"movflags": "faststart"}) as film,
        ):
            stream = film.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    film.mux(packet)
        whole = tmp_path / "head.mp4"
    data = whole.read_bytes()
    (tmp_path / f"cut.{ending}").write_bytes(data[: len(data) * 2 // 3])
    with reading(tmp_path / f"cut.{ending}") as clip:
        numbers = [number_of(frame.image) for frame in clip]
    assert 5 < len(numbers) < 48
    assert numbers[:-1] == list(range(len(numbers) - 1))
    assert clip.damage is not None
    assert "it is read up to there" in clip.damage


def test_damage_in_the_middle(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    data = bytearray(film.read_bytes())
    with av.open(str(film)) as found:
        middle = next(
            packet.pos for packet in found.demux() if packet.dts is not None and packet.pts >= 0.96 / packet.time_base
        )
    data[middle : middle + 60] = bytes(60)
    (tmp_path / "damaged.mp4").write_bytes(data)
    with reading(tmp_path / "damaged.mp4") as clip:
        numbers = [number_of(frame.image) for frame in clip]
    assert 10 < len(numbers) < 40
    assert numbers == list(range(len(numbers)))
    assert clip.damage is not None
    assert clip.damage.startswith("is damaged at ")


def test_a_clock_that_jumps_ends_the_film(tmp_path: Path) -> None:
    """Two frames an hour apart would be 90,000 frames."""
    film = write_film(tmp_path / "film.mkv", FRAMES[:6], times=[0, 40, 80, 3_600_000, 3_600_040, 3_600_080])
    with reading(film, fps=25) as clip:
        assert [number_of(frame.image) for frame in clip] == [0, 1, 2]
    assert clip.damage is not None
    assert "its clock jumps to 3600.00 s" in clip.damage


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "codec"),
    [("mp4", "libx264"), ("mkv", "libx264"), ("avi", "mpeg4"), ("mpg", "mpeg2video"), ("flv", "libx264")],
)
def test_bytes_changed_at_random(tmp_path: Path, ending: str, codec: str) -> None:
    """Frames up to the damage, or one line."""
    data = write_film(
        tmp_path / f"film.{ending}", FRAMES[:20], codec=codec, tone=("aac", 44100) if ending == "mp4" else None
    ).read_bytes()
    rng = np.random.default_rng(8)
    ends = set()
    for round_ in range(60):
        changed = bytearray(data)
        for place in rng.integers(0, len(data) if round_ % 2 else 600, rng.integers(1, 20)):
            changed[place] = rng.integers(256)
        (tmp_path / f"changed.{ending}").write_bytes(
            changed[: len(data) - int(rng.integers(0, len(data))) * (round_ % 4 == 0)]
        )
        try:
            with reading(tmp_path / f"changed.{ending}", max_pixels=1_000_000, start=(round_ % 3) * 0.2) as clip:
                assert len(list(clip)) < 100_000
                ends.add(clip.damage is not None)
        except PtxError as error:
            ends.add(str(error).count("\n") or "line")
    assert ends == {True, False, "line"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.mp4", b"hello\n" * 100, "is no film, or damaged from its beginning"),
        ("empty.mp4", b"", "is no film"),
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfilm.mp4\n#EXT-X-ENDLIST\n", "is no film"),
        ("concat.mp4", b"ffconcat version 1.0\nfile 'film.mp4'\n", "is no film"),
    ],
)
def test_no_film(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Playlists are none either: they would open further files."""
    write_film(tmp_path / "film.mp4", FRAMES[:2])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PtxError, match=said):
        reading(tmp_path / name)


def test_a_head_that_says_absurd_things(tmp_path: Path) -> None:
    """A length of thirty thousand years is none; the frames are what they are."""
    film = write_film(tmp_path / "film.mkv", FRAMES[:5])
    data = film.read_bytes()
    place = data.index(b"\x44\x89\x88") + 3  # Matroska's Duration, a float64 of milliseconds
    film.write_bytes(data[:place] + np.array(1e15, ">f8").tobytes() + data[place + 8 :])
    with reading(film) as clip:
        assert clip.info.seconds is None
        assert [number_of(frame.image) for frame in clip] == [0, 1, 2, 3, 4]
        assert clip.damage is None
    with pytest.raises(PtxError, match="`start` 9 s is beyond the end, 0\\.20 s"):
        list(reading(film, start=9))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_pictures_are_no_films(tmp_path: Path, kind: str) -> None:
    Pillow.fromarray(FRAMES[3]).save(tmp_path / "picture.mp4", kind)
    with pytest.raises(PtxError, match=r"picture\.mp4: is a picture, not a film"):
        reading(tmp_path / "picture.mp4")


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no such file"):
        reading(tmp_path / "none.mp4")
    with pytest.raises(PtxError, match="is a folder"):
        reading(tmp_path)
    with av.open(str(tmp_path / "sound.mp4"), "w") as film:
        stream = film.add_stream("aac", rate=44100)
        film.mux([packet for frame in sine(0.5, 44100) for packet in stream.encode(frame)])
        film.mux(stream.encode())
    with pytest.raises(PtxError, match="there is no video in it"):
        reading(tmp_path / "sound.mp4")


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES[:2])
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(PtxError, match=r"film\.mp4: films need PyAV: pip install 'ptx\[video\]'"):
        reading(film)
