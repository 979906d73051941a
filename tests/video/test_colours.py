"""Colours of films against the formulas of their standards."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ptx.video.reading import ClipReader

COLOURS = (
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (200, 30, 40),
    (30, 180, 60),
    (40, 50, 220),
    (240, 200, 170),
    (90, 60, 40),
)
"""sRGB, skin among them."""

LUMA = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
"""Share of red and of blue in luma."""

FFMPEG_NUMBERS = {"bt601": 5, "bt709": 1, "bt2020": 9, "unknown": 2}


def yuv(rgb: np.ndarray, matrix: str, *, full: bool, bits: int = 8) -> np.ndarray:
    """Code values (N, 3) of Y, Cb, Cr of non-linear RGB (N, 3), 0 to 1, by ITU-R BT.709's equations with a standard's luma."""
    red, blue = LUMA[matrix]
    y = rgb @ np.array([red, 1 - red - blue, blue])
    chroma = np.stack([(rgb[:, 2] - y) / (2 - 2 * blue), (rgb[:, 0] - y) / (2 - 2 * red)], -1)
    unit = 2 ** (bits - 8)
    if full:
        most = 2**bits - 1
        return np.round(np.column_stack([y * most, chroma * most + 128 * unit]))
    return np.round(np.column_stack([(219 * y + 16) * unit, (224 * chroma + 128) * unit]))


def write_fields(
    path: Path, codes: np.ndarray, size: tuple[int, int], *, matrix: int, full: bool, bits: int = 8, curve: int = 2, primaries: int = 2
) -> Path:  # fmt: skip
    """Write one frame (of FFV1, without loss), columns of equal width of the colours `codes` (N, 3)."""
    height, width = size
    columns = np.arange(width) * len(codes) // width
    planes = [
        np.broadcast_to(codes[columns[:: 1 + (k > 0)], k], (height // (1 + (k > 0)), width // (1 + (k > 0))))
        for k in range(3)
    ]
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p" if bits == 8 else "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_range = matrix, 2 if full else 1
        context.color_trc, context.color_primaries = curve, primaries
        frame = av.VideoFrame(width, height, stream.pix_fmt)
        for plane, values in zip(frame.planes, planes, strict=True):
            kind = np.uint8 if bits == 8 else np.uint16
            row = np.zeros((plane.height, plane.line_size // kind().itemsize), kind)
            row[:, : plane.width] = values
            plane.update(row.tobytes())
        frame.color_range, frame.colorspace = context.color_range, matrix
        film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


def read_fields(path: Path, number: int) -> np.ndarray:
    """RGB (N, 3) in the middle of each column."""
    with ClipReader(path, max_pixels=10_000_000) as clip:
        image = next(iter(clip)).image
    height, width = image.shape[:2]
    return image[height // 2, ((np.arange(number) + 0.5) * width / number).astype(int)].astype(int)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
def test_matrix_and_range(tmp_path: Path, matrix: str, full: bool) -> None:
    codes = yuv(np.array(COLOURS) / 255, matrix, full=full)
    film = write_fields(tmp_path / "film.mkv", codes, (64, 256), matrix=FFMPEG_NUMBERS[matrix], full=full)
    assert np.abs(read_fields(film, len(COLOURS)) - COLOURS).max() <= 3


@pytest.mark.parametrize(("size", "matrix"), [((64, 256), "bt601"), ((720, 1280), "bt709")])
def test_films_that_do_not_say_their_matrix(tmp_path: Path, size: tuple[int, int], matrix: str) -> None:
    """As players take them: by their size."""
    codes = yuv(np.array(COLOURS) / 255, matrix, full=False)
    film = write_fields(tmp_path / "film.mkv", codes, size, matrix=FFMPEG_NUMBERS["unknown"], full=False)
    assert np.abs(read_fields(film, len(COLOURS)) - COLOURS).max() <= 3


def test_a_matrix_that_nobody_knows_is_guessed(tmp_path: Path) -> None:
    codes = yuv(np.array(COLOURS) / 255, "bt601", full=False)
    film = write_fields(tmp_path / "film.mkv", codes, (64, 256), matrix=3, full=False)
    assert np.abs(read_fields(film, len(COLOURS)) - COLOURS).max() <= 3


SIGNALS = {"pq": (16, 0.5807, 0.3810), "hlg": (18, 0.75, 0.3810)}
"""FFmpeg's number of the curve, and the signals of HDR reference white and of a grey card of 18 % by ITU-R BT.2408, table 1."""


def read_greys(path: Path, signals: np.ndarray, curve: int) -> np.ndarray:
    codes = yuv(np.repeat(signals[:, None], 3, 1), "bt2020", full=False, bits=10)
    film = write_fields(path, codes, (64, 64 * len(signals)), matrix=9, full=False, bits=10, curve=curve, primaries=9)
    return read_fields(film, len(signals))


@pytest.mark.parametrize("kind", SIGNALS)
def test_hdr_greys(tmp_path: Path, kind: str) -> None:
    """Paper is nearly white, a grey card grey, black black; brighter stays brighter, and grey without a tint."""
    curve, white, grey = SIGNALS[kind]
    black, card, paper = read_greys(tmp_path / "cards.mkv", np.array([0.0, grey, white]), curve)
    assert black.max() <= 2
    assert 90 <= card.min() <= card.max() <= 128  # 118 is sRGB's 18 %; HDR's grey card is 2.9 stops below white: 100
    assert 215 <= paper.min() <= paper.max() <= 240
    ramp = read_greys(tmp_path / "ramp.mkv", np.linspace(0, 1, 33), curve)
    assert np.ptp(ramp, axis=1).max() <= 2
    assert (np.diff(ramp.mean(axis=1)) >= 0).all()
    assert ramp[-1].min() >= 250
    up_to_paper = ramp[np.linspace(0, 1, 33) <= white].mean(axis=1)
    assert (np.diff(up_to_paper)[3:] > 2).all()


def test_both_kinds_of_hdr_show_the_same(tmp_path: Path) -> None:
    cards = [
        read_greys(tmp_path / f"{kind}.mkv", np.array(signals), curve) for kind, (curve, *signals) in SIGNALS.items()
    ]
    assert np.abs(cards[0] - cards[1]).max() <= 6


def pq(nits: np.ndarray) -> np.ndarray:
    """Signal of light (SMPTE ST 2084, inverse EOTF)."""
    y = (nits / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def test_hdr_colours(tmp_path: Path) -> None:
    """What a display of sRGB can show, at 100 nits of 203, is shown as that colour: BT.709's primaries written in BT.2020's."""
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # ITU-R BT.2087
    linear = np.array([(0.45, 0.05, 0.05), (0.05, 0.4, 0.1), (0.1, 0.1, 0.45), (0.45, 0.33, 0.25)])
    codes = yuv(pq(203 * linear @ to_2020.T), "bt2020", full=False, bits=10)
    film = write_fields(tmp_path / "film.mkv", codes, (64, 256), matrix=9, full=False, bits=10, curve=16, primaries=9)
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(read_fields(film, 4) - expected).max() <= 5


def test_wide_gamut_without_hdr(tmp_path: Path) -> None:
    """BT.2020's primaries with an ordinary curve: greys as they are, red of sRGB as that red."""
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    shown = np.array([(0.2, 0.2, 0.2), (1, 1, 1), (0.6, 0.1, 0.1)])
    encoded = (shown @ to_2020.T) ** (1 / 2.4) * 1.055 - 0.055
    codes = yuv(encoded, "bt2020", full=False, bits=10)
    film = write_fields(tmp_path / "film.mkv", codes, (64, 192), matrix=9, full=False, bits=10, curve=14, primaries=9)
    expected = 255 * (1.055 * shown ** (1 / 2.4) - 0.055)
    assert np.abs(read_fields(film, 3) - expected).max() <= 4
