"""A calm face of nobody, painted in a person's colours where no photograph shows theirs.

`assets/face.png` holds the right half of an average of portraits (tools/build_face.py), in the view of `ptx.surface.face`; the left half is
its mirror image.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ptx.geometry.body import Body
from ptx.geometry.mesh import unit_normals
from ptx.surface.face import face_view
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.sampling import remap_points
from ptx.surface.symmetry import CACHED_BODIES

FACE = Path(__file__).resolve().parents[1] / "assets" / "face.png"
"""Picture of twice the height of `BOX`: factors on the skin above; below shares of the brow, the eye and the face itself."""

BOX = 100, 250, 350, 700
"""Left, top, right, bottom pixels of the view that the picture shows."""

STEP = 2
"""Pixels of the view in one of the picture."""

RATIO_UNIT = 1.6
"""Factor on the skin that is white in the picture."""

EYE_REFERENCE = 205.0, 165.0, 145.0
"""RGB that the factors of eyes refer to: they do not have the colour of the skin."""

EYE_LIGHT = 185.0, 0.55
"""Mean grey level of the skin from which eyes are as light as the portraits', and the least factor on them."""

BROW_HAIR, BROW_SKIN, BROW = 0.75, 0.6, 0.75
"""Share of the hair's colour that brows have, and of the skin's that they have at most; their strongest opacity."""

GREY = 3.0
"""Grey levels between the channels of a photograph's colours up to which it has none."""

LIGHT = (0.0, 0.45, 0.9)
"""Direction of the light in which the rest of a painted head is shaded."""


class GenericFace(NamedTuple):
    """The averaged face; (h, w) is the size of its picture."""

    ratios: Floats
    """(h, w, 3) factors on the skin, or on `EYE_REFERENCE`."""
    shares: Floats
    """(h, w, 3) 0..1 of the brow, the eye, and of the face itself, which ends softly before hair and neck."""


@lru_cache(maxsize=1)
def generic_face() -> GenericFace:
    """Read the averaged face."""
    picture = np.asarray(Image.open(FACE).convert("RGB"), np.float32) / np.float32(255)
    ratios, shares = np.split(picture, 2)
    return GenericFace(np.asarray(RATIO_UNIT * ratios, np.float32), np.asarray(shares, np.float32))


def paint_face(body: Body, points: SurfacePoints, skin: Floats, hair: Floats | None) -> Floats:
    """Paint a general face in a person's colours.

    Args:
        body: the body.
        points: (N) of the face.
        skin: (N, 3) colours without features, RGB 0..255.
        hair: (3,) colour of the hair; None: brows are dark skin.

    Returns:
        (N, 3) RGB 0..255.
    """
    face, (x, y) = generic_face(), face_view(body, points.of(body.v_template)).T
    left, top, right, _ = BOX
    column = np.minimum((np.minimum(x, 2 * right - x) - left) / STEP, face.ratios.shape[1] - 1)
    at = np.asarray(np.stack([column, (y - top) / STEP], axis=1), np.float32)
    ratio, (brow, eye, own) = remap_points(face.ratios, at), remap_points(face.shares, at).T[..., None]
    light = np.clip(skin.mean(1, keepdims=True) / EYE_LIGHT[0], EYE_LIGHT[1], 1)
    under = skin + eye * (light * np.array(EYE_REFERENCE, np.float32) - skin)
    plain = skin * points.of(_shade(body))[:, None]
    out = plain + own * (ratio * under - plain)
    dark = skin * 0.45 if hair is None else np.minimum(hair * BROW_HAIR, skin * BROW_SKIN)
    out += BROW * brow * (dark - out)
    if len(skin) and np.ptp(skin, axis=1).max() < GREY:  # lips and eyes of a grey photograph
        out = np.repeat(out.mean(1, keepdims=True), 3, axis=1)
    return np.asarray(np.clip(out, 0, 255), np.float32)


@lru_cache(maxsize=CACHED_BODIES)
def _shade(body: Body) -> Floats:
    """(V,) light on the body in rest, about 1 where it faces the viewer."""
    light = unit_normals(body.v_template, body.faces) @ np.array(LIGHT, np.float32)
    return np.asarray(0.78 + 0.24 * np.clip(light, 0, None), np.float32)
