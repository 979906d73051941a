"""Colour profiles made by hand after the ICC's specification, and what their colours are in sRGB by the formulas of the standards.

ICC.1:2001-04 gives the layout: a header of 128 bytes, a table of tags, their data; numbers are s15Fixed16, big-endian, of the white D50.
"""

from __future__ import annotations

import struct

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
"""XYZ of the profile connection space's white."""

BRADFORD = np.array([(0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)])
"""XYZ to the cones' answers, in which white points are adapted."""

SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
"""xy of red, green, blue: IEC 61966-2-1, SMPTE EG 432-1, Adobe RGB (1998). All have the white D65."""

ADOBE_GAMMA = 563 / 256
"""Exponent of Adobe RGB (1998)."""


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def primaries_to_xyz(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """(3, 3) linear RGB to XYZ of D65."""
    colours = np.stack([_xyz(*xy) for xy in primaries], axis=1)
    return colours * np.linalg.solve(colours, _xyz(0.3127, 0.3290))


def adapt(white: np.ndarray, to: np.ndarray) -> np.ndarray:
    """(3, 3) XYZ under one white to XYZ under another, after Bradford."""
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ to) / (BRADFORD @ white)) @ BRADFORD


def srgb_to_linear(values: np.ndarray) -> np.ndarray:
    """Light of sRGB values, both 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: np.ndarray) -> np.ndarray:
    """sRGB values of light, both 0 to 1; what is out of range is cut off."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def wide_values(colours: np.ndarray, primaries: tuple[tuple[float, float], ...], gamma: float | None) -> np.ndarray:
    """Numbers (..., 3) uint8 in which a picture with these primaries and exponent (None: sRGB's curve) holds sRGB colours uint8."""
    matrix = np.linalg.inv(primaries_to_xyz(primaries)) @ primaries_to_xyz(SRGB_PRIMARIES)
    light = np.clip(srgb_to_linear(colours / 255) @ matrix.T, 0, 1)
    values = linear_to_srgb(light) if gamma is None else light ** (1 / gamma)
    return np.rint(values * 255).astype(np.uint8)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _curve(gamma: float | None) -> bytes:
    """A tone curve: an exponent, or sRGB's curve as a table."""
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    table = np.rint(srgb_to_linear(np.linspace(0, 1, 1024)) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(table)) + table.tobytes()


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    name = b"by hand\0"
    described = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * 78,
        b"cprt": b"text\0\0\0\0none\0",
    }
    described |= {b"wtpt": b"XYZ \0\0\0\0" + _fixed(*D50), **tags}
    start = 128 + 4 + 12 * len(described)
    table, data = struct.pack(">I", len(described)), b""
    for tag, content in described.items():
        table += tag + struct.pack(">II", start + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x02200000, kind, space, connection)
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28 + _fixed(*D50)
    return head.ljust(128, b"\0") + table + data


def rgb_profile(primaries: tuple[tuple[float, float], ...], gamma: float | None) -> bytes:
    """The profile of a display with these primaries, white D65, and exponent (None: sRGB's curve)."""
    to_d50 = adapt(_xyz(0.3127, 0.3290), D50) @ primaries_to_xyz(primaries)
    columns = {tag: b"XYZ \0\0\0\0" + _fixed(*to_d50[:, i]) for i, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**columns, **curves})


def grey_profile(gamma: float | None) -> bytes:
    """The profile of grey pictures with an exponent (None: sRGB's curve)."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(lab: np.ndarray) -> bytes:
    """The profile of a press, which prints `lab` (2, 2, 2, 2, 3) 8-bit Lab with none or all of each of four inks, and mixes between."""
    identity = bytes(range(256))
    matrix = _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table = (
        b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + lab.astype(np.uint8).tobytes() + identity * 3
    )
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def lab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """sRGB uint8 of 8-bit Lab (..., 3) as profiles hold it: L 0 to 100 as 0 to 255, a and b with 128 added. CIE 15:2004."""
    lightness = lab[..., 0] * 100 / 255
    a, b = lab[..., 1] - 128.0, lab[..., 2] - 128.0
    y = (lightness + 16) / 116
    roots = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * D50
    to_linear = np.linalg.inv(primaries_to_xyz(SRGB_PRIMARIES)) @ adapt(D50, _xyz(0.3127, 0.3290))
    return np.rint(linear_to_srgb(xyz @ to_linear.T) * 255).astype(np.uint8)
