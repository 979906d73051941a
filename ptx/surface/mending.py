"""What the mender is shown of a drawn person, and how what it computes is laid over them, in a picture of any size."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ptx.geometry.framing import frame_box, warp_picture
from ptx.surface.layers import Image
from ptx.surface.points import Floats
from ptx.surface.render import Rendering

SIZE = (256, 192)
"""Height, width of what the network sees, px."""

MARGIN = 0.06
"""Room around the drawn person on each side, in sides of their box."""

REACHES = (1.0, 3.0, 9.0)
"""Standard deviations, px, of the blurs that continue colours beyond an outline, the nearest first."""

LEAST = 0.02
"""Weight below which a blur is trusted less."""

DRAWN = 0.05
"""Alpha from which a pixel counts for the person's box."""


class Fields(NamedTuple):
    """What the network computes of what it sees."""

    flow: Floats
    """(64, 48, 2) px from where colour and alpha are fetched, beside each place."""
    paint: Floats
    """(256, 192, 3) RGB, -255 to 255, added to colours where they are not the photograph's own."""
    alpha: Floats
    """(256, 192) -1 to 1, added to alpha."""


def continued(colour: Image, alpha: Floats) -> Floats:
    """Continue a person's colours (H, W, 3) beyond their outline, where alpha (H, W) is 0: (H, W, 3) 0 to 255."""
    known = (alpha > 0).astype(np.float32)
    person = colour.astype(np.float32) * known[..., None]
    out, left = person.copy(), 1 - known
    for reach in REACHES:
        weight = cv2.GaussianBlur(known, (0, 0), reach)
        spread = cv2.GaussianBlur(person, (0, 0), reach) / np.maximum(weight, 1e-6)[..., None]
        share = left * np.minimum(weight / LEAST, 1)
        out += share[..., None] * spread
        left = left - share
    mean = person.sum((0, 1)) / max(float(known.sum()), 1.0)
    return np.asarray(out + left[..., None] * mean, np.float32)


def mender_input(colour: Floats, alpha: Floats, own: Floats, body: Floats) -> Floats:
    """Put together what the network is shown.

    Args:
        colour: (H, W, 3) 0 to 255, `continued`.
        alpha: (H, W) 0 to 1.
        own: (H, W) 0 to 1, share of the colour that is fetched from a photograph at the very place.
        body: (H, W, 6) `body_maps`.

    Returns:
        (11, H, W), colours in -1..1.
    """
    planes = [colour / 127.5 - 1, alpha[..., None], own[..., None], body]
    return np.ascontiguousarray(np.concatenate(planes, 2).transpose(2, 0, 1), np.float32)


def frame(alpha: Floats) -> Floats | None:
    """Compute the matrix (2, 3) from px of a picture to those of what the network sees: the drawn person's box, in the middle.

    None where nobody is drawn.
    """
    rows, columns = (np.flatnonzero((alpha > DRAWN).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return frame_box((columns[0], rows[0]), (columns[-1], rows[-1]), SIZE, MARGIN)


def framed(planes: Floats | Image, matrix: Floats, edge: int = cv2.BORDER_CONSTANT) -> Floats:
    """Bring planes (H, W) or (H, W, C), C at most 4, into the frame of a matrix; beyond the picture 0, or as `edge` says."""
    return warp_picture(planes.astype(np.float32), matrix, SIZE, edge)


def lay_fields(drawn: Rendering, fields: Fields, matrix: Floats) -> Rendering:
    """Lay fields over a drawn person.

    Args:
        drawn: the person, in a picture of any size.
        fields: of what the network saw of them.
        matrix: (2, 3) from px of the picture to px of that.
    """
    height, width = drawn.alpha.shape
    scale = float(matrix[0, 0])
    flow = cv2.resize(fields.flow, SIZE[::-1], interpolation=cv2.INTER_LINEAR) / scale

    def back(plane: Floats, edge: int = cv2.BORDER_CONSTANT) -> Floats:
        ways = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(plane, matrix, (width, height), flags=ways, borderMode=edge), np.float32)

    shift = back(np.asarray(flow, np.float32))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns + shift[..., 0], rows + shift[..., 1]
    moved, alpha, own = (
        np.asarray(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
        for plane in (continued(drawn.colour, drawn.alpha), drawn.alpha, drawn.own)
    )
    colour = moved + (1 - own[..., None]) * back(fields.paint)
    alpha = np.clip(alpha + back(fields.alpha), 0, 1)
    shown = np.where(alpha[..., None] > 0, np.clip(colour + 0.5, 0, 255), 0).astype(np.uint8)
    return Rendering(shown, alpha, own)
