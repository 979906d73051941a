"""Films and GIFs, read back by PyAV, OpenCV and Pillow."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pictures.provenance import STATEMENT, Provenance
from ptx.pipeline.errors import PtxError
from ptx.video.writing import ClipWriter
from tests.video.films import number_of, numbered

COLOURS = np.array(
    [(200, 30, 40), (30, 180, 60), (40, 50, 220), (128, 128, 128), (255, 255, 255), (0, 0, 0), (240, 200, 170)],
    np.uint8,
)

MADE = Provenance("compositeSynthetic", "ptx animate")

ROOT = Path(__file__).parents[2]

FILMS = [".mp4", ".webm"]
ALL = [*FILMS, ".gif"]


def bars(size: tuple[int, int], number: int = 0) -> np.ndarray:
    """Columns of COLOURS, turned on by `number`."""
    columns = (np.arange(size[1]) * len(COLOURS) // size[1] + number) % len(COLOURS)
    return np.broadcast_to(COLOURS[columns], (*size, 3)).copy()


def write(path: Path, frames: list[np.ndarray], fps: Fraction | float = 25, *, alpha: bool = False) -> Path:
    with ClipWriter(path, frames[0].shape[:2], fps, provenance=MADE, alpha=alpha) as film:
        for frame in frames:
            film.write(frame)
    return path


def decoded(path: Path, pixels: str = "rgb24") -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format=pixels) for frame in film.decode(video=0)]


def boxes(data: bytes) -> list[bytes]:
    """Types of the boxes of an MP4 file, in order."""
    found, place = [], 0
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        found.append(kind)
        place += length
    assert place == len(data)
    return found


@pytest.mark.parametrize("ending", ALL)
def test_every_frame_once(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / "new" / f"film{ending}", [numbered(k) for k in range(45)])
    assert [number_of(image) for image in decoded(path)] == list(range(45))
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ALL)
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), np.uint8)
    one, other = (write(tmp_path / f"{name}{ending}", list(noise)).read_bytes() for name in ("one", "other"))
    assert one == other


WRITE = """
import sys
from pathlib import Path
import cv2
import numpy as np
from ptx.video.writing import ClipWriter

picture = cv2.imread(sys.argv[1])
with ClipWriter(Path(sys.argv[2]), (64, 144), 25, provenance=None) as film:
    for k in range(12):
        turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D((187, 382), 2 * k, 0.2), (373, 765))
        film.write(np.ascontiguousarray(turned[350:414, 115:259]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", FILMS)
def test_bytes_do_not_depend_on_what_memory_held(tmp_path: Path, ending: str) -> None:
    """glibc fills fresh memory with the complement of MALLOC_PERTURB_; other systems ignore it."""
    films = []
    for perturbed in ("0", "85", "255"):
        film = tmp_path / f"{perturbed}{ending}"
        environment = os.environ | {"MALLOC_PERTURB_": perturbed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", WRITE, str(ROOT / "docs" / "woman.jpg"), str(film)]
        subprocess.run(command, check=True, env=environment)
        films.append(film.read_bytes())
    assert films[0] == films[1] == films[2]


@pytest.mark.parametrize("ending", FILMS)
def test_what_browsers_need(tmp_path: Path, ending: str) -> None:
    """H.264 or VP9, 4:2:0, and the tags by which colours are shown as they were."""
    with av.open(str(write(tmp_path / f"film{ending}", [bars((64, 98))] * 3, Fraction(30000, 1001)))) as film:
        stream = film.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == (("h264", "yuv420p") if ending == ".mp4" else ("vp9", "yuv420p"))
        assert (context.colorspace, context.color_range) == (1, 1)
        if ending == ".mp4":
            assert (context.color_primaries, context.color_trc) == (1, 1)
            assert stream.average_rate == Fraction(30000, 1001)
    if ending == ".mp4":
        found = boxes((tmp_path / "film.mp4").read_bytes())
        assert found.index(b"moov") < found.index(b"mdat"), "plays before it is loaded"


@pytest.mark.parametrize("ending", ALL)
def test_colours(tmp_path: Path, ending: str) -> None:
    """By OpenCV's FFmpeg, another build than PyAV's."""
    film = cv2.VideoCapture(str(write(tmp_path / f"film{ending}", [bars((720, 1288))] * 2)))
    there, image = film.read()
    assert there
    middles = ((np.arange(len(COLOURS)) + 0.5) * 1288 / len(COLOURS)).astype(int)
    assert np.abs(image[360, middles, ::-1].astype(int) - COLOURS).max() <= (30 if ending != ".gif" else 6)
    with av.open(str(tmp_path / f"film{ending}")) as found:
        frame = next(found.decode(video=0)).to_ndarray(format="rgb24", src_colorspace=1)
    assert np.abs(frame[360, middles].astype(int) - COLOURS).max() <= 6


@pytest.mark.parametrize("ending", ALL)
def test_odd_size(tmp_path: Path, ending: str) -> None:
    """Films are padded by repeating the last row and column."""
    frames = decoded(write(tmp_path / f"film{ending}", [bars((63, 97))] * 2))
    assert frames[0].shape == ((63, 97, 3) if ending == ".gif" else (64, 98, 3))
    assert np.abs(frames[0][:63, :97].astype(int) - bars((63, 97))).mean() < 8
    assert np.abs(frames[0][-1, -1].astype(int) - COLOURS[-1]).max() < 12


@pytest.mark.parametrize("ending", [".webm", ".gif"])
def test_alpha(tmp_path: Path, ending: str) -> None:
    """A square that moves over nothing; where it was is nothing again."""
    frames = []
    for k in range(4):
        image = np.zeros((64, 96, 4), np.uint8)
        image[16:48, 10 * k : 10 * k + 32] = (200, 30, 40, 255)
        frames.append(image)
    path = write(tmp_path / f"film{ending}", frames, alpha=True)
    if ending == ".gif":
        with Pillow.open(path) as film:
            read = []
            for k in range(film.n_frames):
                film.seek(k)
                read.append(np.asarray(film.convert("RGBA")))
    else:
        codec = av.CodecContext.create("libvpx-vp9", "r")  # FFmpeg's own decoder of VP9 leaves alpha out
        with av.open(str(path)) as film:
            assert film.streams.video[0].metadata["alpha_mode"] == "1"
            packets = [packet for packet in film.demux(video=0) if packet.size]
            read = [frame.to_ndarray(format="rgba") for packet in [*packets, None] for frame in codec.decode(packet)]
    assert len(read) == 4
    for image, expected in zip(read, frames, strict=True):
        opaque = image[..., 3] > 127
        assert (opaque != (expected[..., 3] > 127)).mean() < 0.02
        assert np.abs(image[32, expected[32, :, 3] > 0][4:-4, :3].astype(int) - (200, 30, 40)).max() < 12


def test_mp4_is_not_transparent(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"film\.mp4: MP4 has no transparency: write \.webm or \.gif"):
        ClipWriter(tmp_path / "film.mp4", (64, 64), 25, provenance=None, alpha=True)


def test_gif_keeps_its_pace(tmp_path: Path) -> None:
    """Hundredths of a second add up right, and nothing is faster than browsers play."""
    for fps, seconds in ((Fraction(30000, 1001), 1.5015), (12, 3.75), (60, 0.75)):
        path = write(tmp_path / "film.gif", [numbered(k) for k in range(45)], fps)
        with Pillow.open(path) as film:
            durations = []
            for k in range(film.n_frames):
                film.seek(k)
                durations.append(film.info["duration"])
        assert sum(durations) == pytest.approx(1000 * seconds, abs=20)
        assert min(durations) >= 20


def test_the_palette_may_come_from_other_frames(tmp_path: Path) -> None:
    """Colours that come late have their place in it."""
    grey = [np.full((32, 32, 3), 5 * k, np.uint8) for k in range(40)]
    late = np.full((32, 32, 3), (250, 20, 30), np.uint8)
    for path, others in ((tmp_path / "early.gif", []), (tmp_path / "both.gif", [grey[0], late])):
        with ClipWriter(path, (32, 32), 25, provenance=None, palette_from=others) as film:
            for frame in [*grey, late]:
                film.write(frame)
    assert np.abs(decoded(tmp_path / "early.gif")[-1].astype(int) - late).max() > 30
    assert np.abs(decoded(tmp_path / "both.gif")[-1].astype(int) - late).max() <= 2


def test_gif_of_frames_alike(tmp_path: Path) -> None:
    """What does not change is not written again, and stays."""
    still = write(tmp_path / "still.gif", [bars((96, 96))] * 40).stat().st_size
    assert still < 2 * write(tmp_path / "one.gif", [bars((96, 96))]).stat().st_size
    frames = [bars((96, 96)) for _ in range(40)]
    for k, frame in enumerate(frames):
        frame[10:20, k : k + 10] = (0, 0, 0)
    read = decoded(write(tmp_path / "moving.gif", frames))
    assert len(read) == 40
    assert max(np.abs(image.astype(int) - frame).max() for image, frame in zip(read, frames, strict=True)) <= 6


def test_origin(tmp_path: Path) -> None:
    mp4, webm, gif = (write(tmp_path / f"film{ending}", [numbered(1)] * 2) for ending in (".mp4", ".webm", ".gif"))
    assert boxes(mp4.read_bytes())[-1] == b"uuid"
    assert MADE.xmp.encode() in mp4.read_bytes()
    with av.open(str(webm)) as film:
        assert {key: film.metadata[key] for key in ("DESCRIPTION", "COMMENT")} == {
            "DESCRIPTION": STATEMENT,
            "COMMENT": MADE.record,
        }
    with Pillow.open(gif) as picture:
        assert STATEMENT.encode() in picture.info["comment"]


@pytest.mark.parametrize("ending", ALL)
def test_a_film_is_whole_or_not_there(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"film{ending}"
    path.write_bytes(b"before")

    def broken() -> None:
        with ClipWriter(path, (64, 96), 25, provenance=None) as film:
            for k in range(40):
                film.write(numbered(k))
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        broken()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_frames_of_another_size_are_a_defect(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "film.gif", (64, 96), 25, provenance=None) as film:
        film.write(numbered(1))
        with pytest.raises(ValueError, match="a frame of"):
            film.write(numbered(1, (64, 97)))


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    for ending in FILMS:
        with pytest.raises(PtxError, match=r"films need PyAV: pip install 'ptx\[video\]'; \.gif is written without it"):
            ClipWriter(tmp_path / f"film{ending}", (64, 96), 25, provenance=None)
    assert write(tmp_path / "film.gif", [numbered(k) for k in range(3)]).is_file()
    with pytest.raises(PtxError, match=r"written as \.mp4, \.webm or \.gif"):
        ClipWriter(tmp_path / "film.avi", (64, 96), 25, provenance=None)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for ending in ALL:
        with pytest.raises(PtxError, match="could not be written"):
            ClipWriter(tmp_path / "file" / f"film{ending}", (64, 96), 25, provenance=None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("ending", ALL)
def test_a_full_disk_is_one_line(tmp_path: Path, ending: str) -> None:
    (tmp_path / f".film{ending}.tmp").symlink_to("/dev/full")

    def fill() -> None:
        with ClipWriter(tmp_path / f"film{ending}", (128, 128), 25, provenance=None) as film:
            for image in np.random.default_rng(0).integers(0, 256, (34, 128, 128, 3), np.uint8):
                film.write(image)

    with pytest.raises(PtxError, match=rf"film\{ending}: the disk is full"):
        fill()
