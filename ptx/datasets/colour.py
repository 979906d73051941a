"""Bring pictures with a colour profile of their own to sRGB, which everything in ptx takes pixels for.

A profile whose colours are those of sRGB changes nothing, byte for byte, whatever it is called: what counts is what it does to a grid of
colours. A profile that cannot be used (damaged, or of another kind of picture than the one it lies in) is ignored, as browsers do, and the
picture taken as sRGB; `ptx check` counts both. Pictures without a profile are sRGB, but those of cameras that declare Adobe RGB in EXIF.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from ptx.datasets.adobe_rgb import adobe_rgb_profile, declares_adobe_rgb

Profile = Literal["none", "srgb", "converted", "unusable"]
"""The colour profile of a picture: none; one that is sRGB; another, by which it was brought to sRGB; one that cannot be used."""

SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}
"""Mode of Pillow → the colour space that a profile must be of, as bytes 16 to 19 of the profile say."""

SAME = 3
"""Largest difference from sRGB, of 255, of the colours of a profile that counts as sRGB: roundings of its tables are as large."""

MAX_PROFILE_BYTES = 16_000_000
"""Larger profiles are not read; those of printing presses have 2 MB at most."""

GRID = 9
"""Steps of each channel on the grid of colours that profiles are compared on."""


class Conversion(NamedTuple):
    """A colour profile as it is used."""

    profile: Profile
    transform: ImageCms.ImageCmsTransform | None = None
    """To sRGB, where pixels change."""


def to_srgb(picture: Pillow.Image) -> tuple[Pillow.Image, Profile]:
    """Convert a picture of 8 bits by its colour profile.

    Args:
        picture: of any mode but those of 16 bits and more (`I...`, `F`).

    Returns:
        The picture, of mode RGB or RGBA where pixels were converted, else as it came; and its profile.
    """
    icc = bytes(picture.info.get("icc_profile") or b"")
    if not icc and declares_adobe_rgb(picture):
        icc = adobe_rgb_profile()
    if not icc:
        return picture, "none"
    colours, alpha = _split_alpha(picture)
    if (
        colours.mode == "L" and _space(icc) == SPACES["RGB"]
    ):  # some programs give grey pictures the profile of colour ones
        colours = colours.convert("RGB")
    conversion = _conversion(icc, colours.mode)
    if conversion.transform is None:
        return picture, conversion.profile
    converted = ImageCms.applyTransform(colours, conversion.transform)
    if converted is None:  # never, unless told to work in place
        return picture, "unusable"
    converted.info.pop("transparency", None)
    if alpha is not None:
        converted.putalpha(alpha)
    return converted, conversion.profile


def _split_alpha(picture: Pillow.Image) -> tuple[Pillow.Image, Pillow.Image | None]:
    """Return the colours of a picture, of a mode that profiles are for, and its alpha where it has one."""
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        return whole.convert("L" if grey else "RGB"), whole.getchannel("A")
    if picture.mode in SPACES:
        return picture, None
    return picture.convert("L" if grey else "RGB"), None


def _space(icc: bytes) -> bytes:
    """Return the colour space that a profile is of."""
    return icc[16:20]


@lru_cache(maxsize=16)
def _conversion(icc: bytes, mode: str) -> Conversion:
    """Read a profile for pictures of a mode; photographs of one camera have the same."""
    if len(icc) > MAX_PROFILE_BYTES or _space(icc) != SPACES[mode]:
        return Conversion("unusable")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode != "CMYK" and _is_srgb(transform, mode):
            return Conversion("srgb")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return Conversion("unusable")
    return Conversion("converted", transform)


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """True where a transform to sRGB leaves a grid of colours as it is."""
    grid = _colours(mode)
    done = ImageCms.applyTransform(grid, transform)
    return done is not None and int(np.abs(_values(done) - _values(grid.convert("RGB"))).max()) <= SAME


def _colours(mode: str) -> Pillow.Image:
    """Make a picture of one row that holds every grey, or a grid of colours."""
    if mode == "L":
        return Pillow.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps: Sequence[int] = np.linspace(0, 255, GRID).astype(int).tolist()
    rows = [(red, green, blue) for red in steps for green in steps for blue in steps]
    return Pillow.fromarray(np.array([rows], np.uint8))


def _values(picture: Pillow.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(picture, np.int64)
