"""High dynamic range and wide gamut brought to sRGB."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Transfer = Literal["pq", "hlg", "gamma"]
"""How code values stand for light: SMPTE ST 2084, ARIB STD-B67 (both ITU-R BT.2100), or the curve of BT.2020 and BT.709."""

REFERENCE_WHITE = 203.0
"""Nits of a sheet of white paper in HDR (ITU-R BT.2408): 1.0 of linear light here."""

PEAK = 1000.0 / REFERENCE_WHITE
"""Brightest light that is told from brighter ones: 1000 nits, what HLG is made for."""

KNEE = 0.5
"""Linear light up to which brightness stays as it is; above it what is brighter is pressed together."""

BT2020_TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]], np.float32
)
"""Linear RGB of BT.2020's primaries → those of BT.709 and sRGB, white D65 (ITU-R BT.2087)."""

BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
"""Share of linear R, G, B in luminance (ITU-R BT.2020)."""

STEPS = 1 << 14
"""Number of steps of linear light for which sRGB's code values are tabulated: a fifth of a level where the curve is steepest."""


def to_srgb(image: NDArray[np.uint16], transfer: Transfer) -> NDArray[np.uint8]:
    """Bring (H, W, 3) RGB of BT.2020's primaries, 0 to 65535, to sRGB (H, W, 3), 0 to 255.

    Light above KNEE of the reference white is pressed together so that PEAK becomes 1; the three channels by one factor, so that hues
    stay. Colours outside of sRGB are clipped.
    """
    light = _light(transfer)[image]
    if (
        transfer == "hlg"
    ):  # from the light of the scene to that of a display of 1000 nits: BT.2100's OOTF, system gamma 1.2
        luminance = light @ BT2020_LUMINANCE
        light *= (PEAK * np.power(luminance, 0.2, out=luminance))[..., None]
    light = np.maximum(light @ BT2020_TO_BT709.T, 0)
    if transfer != "gamma":
        brightest = light.max(axis=-1)
        light *= np.where(brightest > KNEE, pressed(brightest) / np.maximum(brightest, KNEE), 1)[..., None]
    code: NDArray[np.uint8] = _srgb_codes()[np.minimum(light * (STEPS - 1) + 0.5, STEPS - 1).astype(np.int32)]
    return code


def pressed(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return light (any shape), 1 = reference white, pressed into 0 to 1 above KNEE: extended Reinhard, slope 1 at the knee, PEAK → 1."""
    over = (np.clip(light, KNEE, PEAK) - KNEE) / (1 - KNEE)
    most = (PEAK - KNEE) / (1 - KNEE)
    shown: NDArray[np.float32] = np.minimum(light, KNEE) + (1 - KNEE) * over * (1 + over / most**2) / (1 + over)
    return shown


@cache
def _light(transfer: Transfer) -> NDArray[np.float32]:
    """Linear light of each of 65536 code values: 1 = reference white; of HLG: light of the scene, 1 = the brightest."""
    code = np.arange(65536) / 65535
    if transfer == "pq":
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        light = 10000 / REFERENCE_WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    elif transfer == "hlg":
        a = 0.17883277
        b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    else:  # as displays show it; sRGB's own curve, so that grey stays the grey that other films have
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@cache
def _srgb_codes() -> NDArray[np.uint8]:
    """sRGB code value of each of STEPS steps of linear light (IEC 61966-2-1)."""
    light = np.arange(STEPS) / (STEPS - 1)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * code).astype(np.uint8)
