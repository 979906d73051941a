"""Adobe RGB as cameras declare it without a profile: by EXIF alone, after DCF 2.0 (JEITA CP-3461, "optional colour space")."""

from __future__ import annotations

import struct
from functools import cache

from PIL import ExifTags
from PIL import Image as Pillow

INTEROPERABILITY = "R03"
"""Value of EXIF's InteroperabilityIndex of such pictures; of sRGB ones it is R98."""

COLUMNS = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}
"""XYZ of red, green and blue under D50: Adobe RGB (1998) Color Image Encoding, 4.3.5.3."""

D50 = (0.9642, 1.0, 0.8249)
"""XYZ of the white of profiles."""

GAMMA = 0x0233
"""Exponent 563/256 in 8.8 bits."""


def declares_adobe_rgb(picture: Pillow.Image) -> bool:
    """True for a picture whose EXIF says so; one without EXIF is not looked into."""
    if picture.mode != "RGB" or "exif" not in picture.info:
        return False
    index = picture.getexif().get_ifd(ExifTags.IFD.Interop).get(1)
    return isinstance(index, str) and index.rstrip("\0 ") == INTEROPERABILITY


@cache
def adobe_rgb_profile() -> bytes:
    """Return the colour profile of Adobe RGB (1998), made after ICC.1:2001-04."""
    name = b"Adobe RGB\0"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, GAMMA)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz(D50),
        **{tag: _xyz(column) for tag, column in COLUMNS.items()},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _xyz(D50)[8:]
    return head.ljust(128, b"\0") + table + data


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))
