"""Formats beyond the common ones: AVIF, HEIC with its extra and without, grey of many bits; how each is said to be missing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import features

from ptx.datasets import picture_formats
from ptx.datasets.images import read_image
from ptx.datasets.picture_formats import suffix_hints, suffixes
from tests.datasets.problems import raises_problem

LIMIT = 1_000_000

RAMP = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(48, axis=0)
"""(48, 64) from black to white in 16 bits."""

UPPER = (RAMP >> 8).astype(np.uint8)[..., None].repeat(3, axis=-1)
"""Its upper eight bits as RGB."""


@pytest.fixture
def fresh() -> Iterator[None]:
    """Formats are looked for anew, before and after."""

    def forget() -> None:
        for known in (
            picture_formats.formats,
            suffixes,
            suffix_hints,
            picture_formats.has_avif,
            picture_formats.has_heif,
        ):
            known.cache_clear()

    forget()
    yield
    forget()


def mp4_like(brand: bytes) -> bytes:
    """The beginning of a file of the family of HEIC and AVIF (ISO/IEC 14496-12, box `ftyp`)."""
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + b"mif1" + brand + bytes(400)


def test_without_the_extra_heic_is_named(tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its content, also where a phone called it .jpg."""
    monkeypatch.setattr(picture_formats, "has_heif", lambda: False)
    assert not suffixes() & {".heic", ".heif"}
    assert suffix_hints()[".heic"] == "pip install 'ptx[heif]'"
    for name in ("a.heic", "a.jpg"):
        (tmp_path / name).write_bytes(mp4_like(b"heic"))
        with raises_problem("not_an_image", rf"^{name} is HEIC; pip install 'ptx\[heif\]'$"):
            read_image(tmp_path / name, LIMIT)


def test_without_avif_it_is_named(tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_formats, "has_avif", lambda: False)
    assert ".avif" not in suffixes()
    assert "built without AVIF" in suffix_hints()[".avif"]
    (tmp_path / "a.jpg").write_bytes(mp4_like(b"avif"))
    with raises_problem("not_an_image", r"^a\.jpg is AVIF; this Pillow is built without AVIF"):
        read_image(tmp_path / "a.jpg", LIMIT)


@pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra heif is not installed")
def test_heic_with_the_extra(tmp_path: Path) -> None:
    """Upright once: HEIC turns pictures itself, and repeats that in EXIF."""
    assert ".heic" in suffixes()
    assert ".heic" not in suffix_hints()
    picture_formats.formats()  # adds the decoder, and the encoder
    pixels = np.full((64, 48, 3), (200, 60, 60), np.uint8)
    pixels[:, :24] = (40, 90, 180)
    exif = Pillow.Exif()
    exif[274] = 6
    Pillow.fromarray(pixels).save(tmp_path / "a.heic", quality=95, exif=exif.tobytes())
    upright = np.rot90(pixels, -1)  # EXIF 2.3, tag 274: 6 is shown turned to the right
    assert np.abs(read_image(tmp_path / "a.heic", LIMIT).astype(int) - upright).mean() < 4


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif(tmp_path: Path) -> None:
    pixels = np.full((48, 64, 3), (200, 60, 60), np.uint8)
    Pillow.fromarray(pixels).save(tmp_path / "a.avif")
    assert ".avif" in suffixes()
    assert np.abs(read_image(tmp_path / "a.avif", LIMIT).astype(int) - pixels).mean() < 4
    (tmp_path / "cut.avif").write_bytes((tmp_path / "a.avif").read_bytes()[:150])
    with raises_problem("not_an_image", r"^cut\.avif"):
        read_image(tmp_path / "cut.avif", LIMIT)


def test_jpeg_under_other_endings(tmp_path: Path) -> None:
    """Browsers on Windows save JPEG as .jfif; phones export JPEG that is called .heic."""
    assert {".jfif", ".jpe"} <= suffixes()
    for name in ("a.jfif", "a.heic"):
        Pillow.new("RGB", (8, 8), "grey").save(tmp_path / name, "JPEG")
        assert (read_image(tmp_path / name, LIMIT) == 128).all()


def tiff(data: bytes, bits: int, photometric: int = 1, sample_format: int = 1) -> bytes:
    """A grey TIFF of 64 × 48 by the specification (TIFF 6.0), in one strip."""
    tags = {256: 64, 257: 48, 258: bits, 259: 1, 262: photometric, 277: 1, 278: 48, 339: sample_format}
    long = {273: 8 + 2 + 12 * 10 + 4, 279: len(data)}
    entries = [struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items()]
    entries += [struct.pack("<HHII", tag, 4, 1, value) for tag, value in long.items()]
    directory = b"".join(sorted(entries, key=lambda entry: struct.unpack("<H", entry[:2])))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4) + data


def packed(values: np.ndarray) -> bytes:
    """Numbers of 12 bits, two in three bytes."""
    first, second = values.reshape(-1, 2).astype(np.uint16).T
    return np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1).astype(np.uint8).tobytes()


FLOATS = (RAMP / np.float32(65535)).astype("<f4")

GREY: dict[str, tuple[bytes, np.ndarray]] = {
    "16 bits": (tiff(RAMP.astype("<u2").tobytes(), 16), UPPER),
    "16 bits, nearly black": (tiff((RAMP // 257).astype("<u2").tobytes(), 16), np.zeros_like(UPPER)),
    "16 bits, white is 0": (tiff((65535 - RAMP).astype("<u2").tobytes(), 16, photometric=0), UPPER),
    "12 bits": (tiff(packed(RAMP >> 4), 12), UPPER),
    "floats": (tiff(FLOATS.tobytes(), 32, sample_format=3), UPPER),
    "floats, white is 0": (tiff((1 - FLOATS).tobytes(), 32, photometric=0, sample_format=3), UPPER),
    "PGM, 12 bits": (b"P5 64 48 4095\n" + (RAMP >> 4).astype(">u2").tobytes(), UPPER),
    "PGM, 16 bits, nearly black": (b"P5 64 48 65535\n" + (RAMP // 257).astype(">u2").tobytes(), np.zeros_like(UPPER)),
}
"""Name → file, and what it shows."""


@pytest.mark.parametrize("name", GREY)
def test_white_is_what_the_type_says(tmp_path: Path, name: str) -> None:
    """Whatever is in the picture; within one level, of roundings."""
    content, shown = GREY[name]
    (tmp_path / "a.tif").write_bytes(content)
    assert np.abs(read_image(tmp_path / "a.tif", LIMIT).astype(int) - shown).max() <= 1


def test_nearly_black_png(tmp_path: Path) -> None:
    """Its largest number is 250 of 65535; it was shown at full brightness."""
    Pillow.fromarray(RAMP // 262).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", LIMIT).max() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: tiff((FLOATS * 255).tobytes(), 32, sample_format=3), "floats that are not all between 0"),
        (lambda: tiff((FLOATS - 0.5).tobytes(), 32, sample_format=3), "floats that are not all between 0"),
        (
            lambda: tiff(np.full_like(FLOATS, np.nan).tobytes(), 32, sample_format=3),
            "floats that are not all between 0",
        ),
        (lambda: tiff(RAMP.astype("<i4").tobytes(), 32, sample_format=2), "nothing says which is white"),
        (lambda: tiff((RAMP >> 1).astype("<i2").tobytes(), 16, sample_format=2), "nothing says which is white"),
    ],
    ids=["to 255", "negative", "nan", "32 bits", "signed"],
)
def test_what_has_no_white_is_refused(tmp_path: Path, content: Callable[[], bytes], words: str) -> None:
    (tmp_path / "a.tif").write_bytes(content())
    with raises_problem("unknown_range", rf"^a\.tif holds .*{words}"):
        read_image(tmp_path / "a.tif", LIMIT)
