"""Colour profiles: wide gamuts, presses and grey curves come out as sRGB; sRGB itself and profiles of no use change nothing."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, ImageCms, features
from PIL import Image as Pillow

from ptx.datasets.images import read_image, read_picture
from tests.datasets import profiles

LIMIT = 1_000_000

COLOURS = np.array([(220, 30, 30), (30, 200, 40), (30, 40, 210), (128, 128, 128), (255, 255, 255), (0, 0, 0)], np.uint8)
"""(6, 3) colours of the test card, sRGB; all of them lie inside the wide gamuts."""

CARD = np.repeat(np.repeat(COLOURS[None], 16, axis=0), 16, axis=1)
"""(16, 96, 3) a field of 16 px for each colour: lossy formats keep its middle."""

P3 = profiles.rgb_profile(profiles.P3_PRIMARIES, None)
ADOBE = profiles.rgb_profile(profiles.ADOBE_PRIMARIES, profiles.ADOBE_GAMMA)
WIDE = {
    "p3": (P3, profiles.wide_values(CARD, profiles.P3_PRIMARIES, None)),
    "adobe": (ADOBE, profiles.wide_values(CARD, profiles.ADOBE_PRIMARIES, profiles.ADOBE_GAMMA)),
}
"""Name → profile, and the numbers in which a picture with it holds the card."""


def fields(image: np.ndarray) -> np.ndarray:
    """(6, 3) mean colours of the card's fields, without their edges."""
    return image.reshape(16, 6, 16, 3)[4:12, :, 4:12].mean((0, 2))


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
def test_wide_gamuts_become_srgb(tmp_path: Path, name: str, ending: str) -> None:
    """Within 3 of 255, which is what the issue of wide gamuts asks; without the profile it is 30 and more."""
    profile, numbers = WIDE[name]
    path = tmp_path / f"a{ending}"
    quality = {} if ending in (".png", ".tif") else {"quality": 95}
    Pillow.fromarray(numbers).save(path, icc_profile=profile, **quality)
    picture = read_picture(path, LIMIT)
    assert picture.profile == "converted"
    assert np.abs(fields(picture.image) - COLOURS).max() <= 3
    Pillow.fromarray(numbers).save(path, **quality)
    assert np.abs(fields(read_image(path, LIMIT)) - COLOURS).max() > 30


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif(tmp_path: Path) -> None:
    """Colours that are less saturated: the rounding of AVIF's own colours, 2 of 255, grows tenfold at the border of the gamut."""
    soft = (CARD.astype(int) + 128) // 2
    Pillow.fromarray(profiles.wide_values(soft, profiles.P3_PRIMARIES, None)).save(
        tmp_path / "a.avif", icc_profile=P3, quality=100, subsampling="4:4:4"
    )
    picture = read_picture(tmp_path / "a.avif", LIMIT)
    assert picture.profile == "converted"
    assert np.abs(fields(picture.image) - fields(soft)).max() <= 3


def test_transparency_and_palettes_have_profiles_too(tmp_path: Path) -> None:
    """What is transparent is on white, whose numbers are those of sRGB and not of the profile."""
    profile, numbers = WIDE["p3"]
    alpha = np.full((16, 96), 255, np.uint8)
    alpha[:, :16] = 0
    Pillow.fromarray(np.dstack([numbers, alpha])).save(tmp_path / "alpha.png", icc_profile=profile)
    got = fields(read_image(tmp_path / "alpha.png", LIMIT))
    assert (got[0] == 255).all()
    assert np.abs(got[1:] - COLOURS[1:]).max() <= 3
    palette = Pillow.fromarray(numbers).convert("P", palette=Pillow.Palette.ADAPTIVE)
    palette.save(tmp_path / "palette.png", icc_profile=profile)
    assert np.abs(fields(read_image(tmp_path / "palette.png", LIMIT)) - COLOURS).max() <= 3
    index = int(np.asarray(palette)[8, 8])
    palette.save(tmp_path / "clear.png", icc_profile=profile, transparency=index)
    got = fields(read_image(tmp_path / "clear.png", LIMIT))
    assert (got[0] == 255).all()
    assert np.abs(got[1:] - COLOURS[1:]).max() <= 3


def test_a_press(tmp_path: Path) -> None:
    """Full inks print what the profile's table says; all of them black, which ImageCms makes the black of sRGB whatever it is."""
    rng = np.random.default_rng(1)
    lab = np.stack(
        [rng.integers(90, 200, (2, 2, 2, 2)), *rng.integers(118, 138, (2, 2, 2, 2, 2)).transpose(4, 0, 1, 2, 3)], -1
    )
    lab[0, 0, 0, 0], lab[1, 1, 1, 1] = (255, 128, 128), (0, 128, 128)
    inks = np.stack(np.meshgrid(*[(0, 255)] * 4, indexing="ij"), axis=-1).reshape(1, 16, 4).astype(np.uint8)
    wide = np.repeat(np.repeat(inks, 16, axis=0), 16, axis=1)
    truth = profiles.lab_to_srgb(lab.reshape(16, 3))
    for name in ("a.tif", "a.jpg"):
        picture = Pillow.frombytes("CMYK", (256, 16), wide.tobytes())
        options = {"quality": 100, "subsampling": 0} if name.endswith("jpg") else {}
        picture.save(tmp_path / name, icc_profile=profiles.cmyk_profile(lab), **options)
        got = read_picture(tmp_path / name, LIMIT)
        assert got.profile == "converted"
        means = got.image.reshape(16, 16, 16, 3)[4:12, :, 4:12].mean((0, 2))
        assert np.abs(means - truth).max() <= 3


def test_grey_curves(tmp_path: Path) -> None:
    """Grey of exponent 1.8, of 8 and of 16 bits."""
    levels = np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0)
    truth = np.rint(profiles.linear_to_srgb((levels / 255) ** 1.8) * 255)
    for name, pixels in (("8.png", levels), ("16.png", levels.astype(np.uint16) * 257)):
        Pillow.fromarray(pixels).save(tmp_path / name, icc_profile=profiles.grey_profile(461 / 256))
        picture = read_picture(tmp_path / name, LIMIT)
        assert picture.profile == "converted"
        assert np.abs(picture.image - truth[..., None]).max() <= 3


def random_picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        profiles.rgb_profile(profiles.SRGB_PRIMARIES, None),
    ],
    ids=["littlecms", "by hand"],
)
def test_srgb_changes_no_byte(tmp_path: Path, profile: bytes) -> None:
    pixels = random_picture()
    Pillow.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile)
    picture = read_picture(tmp_path / "a.png", LIMIT)
    assert picture.profile == "srgb"
    assert (picture.image == pixels).all()


@pytest.mark.parametrize(
    ("profile", "name"),
    [(profiles.rgb_profile(profiles.SRGB_PRIMARIES, None), "srgb"), (ADOBE, "converted")],
    ids=["sRGB", "Adobe RGB"],
)
def test_grey_pictures_with_the_profile_of_colour_ones(tmp_path: Path, profile: bytes, name: str) -> None:
    """Grey is grey in each, of the profile's exponent."""
    levels = np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0)
    truth = levels if name == "srgb" else profiles.linear_to_srgb((levels / 255) ** profiles.ADOBE_GAMMA) * 255
    Pillow.fromarray(levels).save(tmp_path / "a.png", icc_profile=profile)
    picture = read_picture(tmp_path / "a.png", LIMIT)
    assert picture.profile == name
    assert np.abs(picture.image - truth[..., None]).max() <= (0 if name == "srgb" else 3)


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", P3[:200], P3[:128] + bytes(len(P3) - 128), profiles.grey_profile(1.8)],
    ids=["none", "text", "cut off", "without tags", "of grey pictures"],
)
def test_profiles_of_no_use_are_ignored(tmp_path: Path, profile: bytes) -> None:
    pixels = random_picture()
    Pillow.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile or None)
    picture = read_picture(tmp_path / "a.png", LIMIT)
    assert picture.profile == ("unusable" if profile else "none")
    assert (picture.image == pixels).all()


@pytest.mark.parametrize(("index", "expected"), [("R03", "converted"), ("R98", "none"), (None, "none")])
def test_cameras_declare_adobe_rgb_in_exif(tmp_path: Path, index: str | None, expected: str) -> None:
    """DCF 2.0: without any profile, by the interoperability index R03; R98 is sRGB."""
    exif = Pillow.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[0xA001] = 0xFFFF  # ColorSpace: uncalibrated
    if index is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[0xA005] = {1: index}
    _, numbers = WIDE["adobe"]
    Pillow.fromarray(numbers).save(tmp_path / "_DSC0001.JPG", quality=95, exif=exif)
    picture = read_picture(tmp_path / "_DSC0001.JPG", LIMIT)
    assert picture.profile == expected
    assert (np.abs(fields(picture.image) - COLOURS).max() <= 3) == (expected == "converted")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".webp"])
def test_large_profiles(tmp_path: Path, ending: str) -> None:
    """Of 1.5 MB, as those that screens were measured for: Pillow by itself refuses PNGs with more than 1 MB."""
    rest = np.random.default_rng(0).integers(0, 256, 1_500_000, np.uint8).tobytes()
    large = struct.pack(">I", len(P3) + len(rest)) + P3[4:] + rest
    quality = {} if ending in (".png", ".tif") else {"quality": 95}
    Pillow.fromarray(WIDE["p3"][1]).save(tmp_path / f"b{ending}", icc_profile=large, **quality)
    picture = read_picture(tmp_path / f"b{ending}", LIMIT)
    assert picture.profile == "converted"
    assert np.abs(fields(picture.image) - COLOURS).max() <= 3
