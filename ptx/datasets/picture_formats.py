"""Formats of pictures that this installation reads, by content and by the endings of files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import features

AVIF_SUFFIXES, HEIF_SUFFIXES = (".avif",), (".heic", ".heif", ".hif")

UNREAD_SUFFIXES = (
    ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw", ".jxl", ".jp2", ".psd", ".tga", ".pgm",
)  # fmt: skip
"""Endings of pictures that are never read: what cameras call raw, and rare formats."""

AVIF_HINT = "this Pillow is built without AVIF: pip install -U pillow"
HEIF_HINT = "pip install 'ptx[heif]'"
"""Command after which HEIC, the pictures of iPhones, is read."""

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
"""Marks in the first bytes of HEIC files."""


@cache
def formats() -> tuple[str, ...]:
    """Return Pillow's decoders that are tried, by content and not by ending; its other ones stay closed."""
    more = [name for name, there in (("AVIF", has_avif()), ("HEIF", has_heif())) if there]
    return ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", *more)


@cache
def suffixes() -> frozenset[str]:
    """Return the endings, in lower case, of the files that count as images; of AVIF and HEIC where they can be read."""
    more = (*(AVIF_SUFFIXES if has_avif() else ()), *(HEIF_SUFFIXES if has_heif() else ()))
    jpeg = (".jpg", ".jpeg", ".jpe", ".jfif")  # browsers on Windows save JPEG as .jfif
    return frozenset((*jpeg, ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", *more))


@cache
def suffix_hints() -> dict[str, str]:
    """Return the endings, in lower case, of pictures that are not read, each with what to do about it."""
    hints = dict.fromkeys(UNREAD_SUFFIXES, "save as JPEG or PNG")
    hints |= {} if has_avif() else dict.fromkeys(AVIF_SUFFIXES, AVIF_HINT)
    return hints | ({} if has_heif() else dict.fromkeys(HEIF_SUFFIXES, HEIF_HINT))


@cache
def has_avif() -> bool:
    """True where Pillow was built with AVIF."""
    return bool(features.check("avif"))


@cache
def has_heif() -> bool:
    """True where pillow-heif is installed; it adds its decoder to Pillow."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def format_hint(path: Path) -> str:
    """Say how to get a file read that is HEIC or AVIF by its content, whatever its ending; empty where nothing is missing."""
    with path.open("rb") as file:
        start = file.read(32)
    if start[4:8] != b"ftyp":
        return ""
    if b"avif" in start[8:] or b"avis" in start[8:]:
        return "" if has_avif() else f"is AVIF; {AVIF_HINT}"
    is_heif = any(brand in start[8:] for brand in HEIF_BRANDS)
    return f"is HEIC; {HEIF_HINT}" if is_heif and not has_heif() else ""
