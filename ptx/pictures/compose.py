"""Lay a painted person over a photograph, a picture's background, one colour, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from ptx.pictures.hole import Floats, Image
from ptx.pipeline.errors import PtxError

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

Named = Literal["source", "pose", "none"]

NAMED: tuple[Named, ...] = ("source", "pose", "none")
"""Backgrounds that are no colours."""

Background = Named | Colour
"""What is behind a painted person: their own photograph or that of the pose, without the people; nothing, which is an RGBA picture; or
one colour."""

SOLID = 0.95
"""Alpha from which a pixel has the person's colour; that of others may hold some of an old background."""

BLEED = 1.5
"""Standard deviation, px, of the mean by which solid colours bleed outwards."""

FOOT = (0.14, 0.04)
"""Half axes of the contact shadow of a foot, metres: along the ground and towards the viewer."""

LIFTED = 0.25
"""Metres, upwards in the picture, from the lowest foot to one that is in the air: a foot further back is a little higher."""

SOFTNESS = 0.03
"""Standard deviation of the blur of a contact shadow, metres."""

USUAL_STRENGTH = 0.2
"""Share of the light that a contact shadow takes, where no photograph tells."""

MAX_STRENGTH = 0.4
"""Largest such share."""

MIN_GROUND = 12
"""Pixels of ground, by a foot and around it, that a photograph must show to tell how dark its shadow is."""

AROUND = 2.0
"""Size of the window of ground that a shadow is compared with, in sizes of the shadow."""

CORE = 0.4
"""Shade, of 1, from which a pixel of a shadow tells its strength."""


class Painted(NamedTuple):
    """A person as they are painted, and where in a photograph."""

    rgb: Image
    """(h, w, 3) the person's colours, not multiplied by alpha."""
    alpha: Floats
    """(h, w) 0 to 1, the share of a pixel's area that is the person's."""
    transform: NDArray[np.floating]
    """(2, 3) affine map from pixels of the photograph to those of `rgb`, centres at integers."""


class Feet(NamedTuple):
    """Where feet touch the ground."""

    points: NDArray[np.floating]
    """(K, 2) x, y px of the photograph; NaN where one is unknown."""
    scale: float
    """Pixels to a metre, at the feet."""


def feet_on_ground(points: NDArray[np.floating], scale: float) -> Feet:
    """Leave out the feet of a person that are in the air, more than `LIFTED` above the lowest.

    Args:
        points: (K, 2) x, y px of the photograph, below heels, toes or ankles; NaN where unknown.
        scale: pixels to a metre.
    """
    known = points[np.isfinite(points).all(1)]
    standing = known[:, 1] >= known[:, 1].max(initial=-np.inf) - LIFTED * scale
    return Feet(known[standing], scale)


def read_background(text: str) -> Background:
    """Read `source`, `pose`, `none`, or a colour as CSS writes it: a name, #rgb or #rrggbb.

    Raises:
        PtxError: it is none of these.
    """
    for name in NAMED:
        if text == name:
            return name
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise PtxError(
            f"{text}: no background: paint, source, pose, none, or a colour such as white or #e0e0e0"
        ) from None
    return red, green, blue


def compose(painted: Painted, ground: Image | Colour | None, size: tuple[int, int]) -> Image:
    """Lay a painted person over a ground of `size` (height, width).

    Args:
        painted: the person.
        ground: (H, W, 3) uint8 of that size, such as the photograph without its person; one colour; or None.
        size: of the photograph that `painted.transform` starts from.

    Returns:
        (H, W, 3) uint8, or (H, W, 4) where `ground` is None, with colours that are not multiplied by alpha.
    """
    rows, columns, layer = place(painted, size)
    alpha = layer[..., 3:]
    if ground is None:
        out = np.zeros((*size, 4), np.uint8)
        colours = np.where(alpha > 0, layer[..., :3] / np.maximum(alpha, 1e-6), 0)
        if layer.size:
            straight = bleed(_rounded(colours), alpha[..., 0])
            out[rows, columns] = np.dstack([straight, _rounded(255 * alpha)])
        return out
    if isinstance(ground, tuple):
        out = np.empty((*size, 3), np.uint8)
        out[:] = ground
    else:
        out = ground.copy()
    out[rows, columns] = _rounded(layer[..., :3] + (1 - alpha) * out[rows, columns])
    return out


def place(painted: Painted, size: tuple[int, int]) -> tuple[slice, slice, Floats]:
    """Bring a painted person to the pixels of a photograph of `size` (height, width).

    A person painted in more pixels than the photograph has is averaged over the area of each pixel.

    Returns:
        Rows and columns of the part of the photograph that the person covers, and (h, w, 4) there: colours multiplied by alpha, and
        alpha 0 to 1.
    """
    layer = np.dstack([bleed(painted.rgb, painted.alpha) * painted.alpha[..., None], painted.alpha])
    back = cv2.invertAffineTransform(np.asarray(painted.transform, np.float64))
    there = painted.alpha > 0
    shown_rows, shown_columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    if not len(shown_rows):
        return slice(0, 0), slice(0, 0), np.zeros((0, 0, 4), np.float32)
    ends = ((shown_columns[0] - 1, shown_columns[-1] + 1), (shown_rows[0] - 1, shown_rows[-1] + 1))
    corners = np.array([(x, y) for x in ends[0] for y in ends[1]])
    covered = corners @ back[:, :2].T + back[:, 2]
    low = np.clip(np.floor(covered.min(0)) - 1, 0, size[::-1]).astype(int)
    high = np.clip(np.ceil(covered.max(0)) + 2, low, size[::-1]).astype(int)
    rows, columns = slice(low[1], high[1]), slice(low[0], high[0])
    if (high == low).any():
        return rows, columns, np.zeros((high[1] - low[1], high[0] - low[0], 4), np.float32)
    back[:, 2] -= low
    inside = np.ones(layer.shape[:2], np.float32)
    across = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))  # px of the photograph to a px of the painting
    if across < 1:
        small = np.maximum(1, np.round(np.array(layer.shape[1::-1]) * across)).astype(int)
        ratio = np.array(layer.shape[1::-1]) / small
        layer = np.asarray(cv2.resize(layer, small.tolist(), interpolation=cv2.INTER_AREA), np.float32)
        inside = np.ones(layer.shape[:2], np.float32)
        back[:, 2] += back[:, :2] @ (0.5 * ratio - 0.5)  # the middle of the first pixel
        back[:, :2] *= ratio
    shape = tuple((high - low).tolist())
    moved = cv2.warpAffine(layer, back, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Replicated up to the edge of the painting, and nothing beyond: a person whom the photograph's edge cuts reaches it.
    within = cv2.warpAffine(inside, back, shape, flags=cv2.INTER_NEAREST)
    return rows, columns, np.asarray(moved * within[..., None], np.float32)


def bleed(rgb: Image, alpha: Floats) -> Image:
    """Replace colours at the rim of a person by those of the solid pixels next to them.

    Args:
        rgb: (h, w, 3).
        alpha: (h, w) 0 to 1.

    Returns:
        (h, w, 3). Pixels of alpha below `SOLID` near solid ones have the mean of these, all others what they had.
    """
    solid = (alpha >= SOLID).astype(np.float32)
    weight = cv2.GaussianBlur(solid, (0, 0), BLEED, borderType=cv2.BORDER_REPLICATE)
    total = cv2.GaussianBlur(rgb * solid[..., None], (0, 0), BLEED, borderType=cv2.BORDER_REPLICATE)
    rim = (solid == 0) & (weight > 1e-4)
    out = rgb.copy()
    out[rim] = _rounded(total[rim] / weight[rim, None])
    return out


def cast_contact_shadow(ground: Image, feet: Feet, strength: float = USUAL_STRENGTH) -> Image:
    """Darken the ground softly where feet touch it.

    Args:
        ground: (H, W, 3).
        feet: those outside the picture, or unknown, cast none.
        strength: share of the light that is lost under a foot, 0 to `MAX_STRENGTH`.

    Returns:
        (H, W, 3).
    """
    out = ground.copy()
    shadows = list(_shadows(feet, ground.shape, 1.0))
    if not shadows:
        return out
    rows, columns = (
        slice(min(window[axis].start for window, _ in shadows), max(window[axis].stop for window, _ in shadows))
        for axis in (0, 1)
    )
    shade = np.zeros(out[rows, columns].shape[:2], np.float32)
    for (down, across), soft in shadows:
        part = shade[
            down.start - rows.start : down.stop - rows.start, across.start - columns.start : across.stop - columns.start
        ]
        np.maximum(part, soft, out=part)
    out[rows, columns] = _rounded(ground[rows, columns] * (1 - min(strength, MAX_STRENGTH) * shade[..., None]))
    return out


def shadow_strength(photograph: Image, mask: Floats, feet: Feet) -> float:
    """Estimate the share of light that the ground of a photograph loses where feet touch it, at most `MAX_STRENGTH`.

    The ground beside the feet is compared, by medians, with that further around. Where the photograph shows too little of either, the
    answer is `USUAL_STRENGTH`.

    Args:
        photograph: (H, W, 3).
        mask: (H, W) 0 to 1, of the person.
        feet: of the person in the photograph.
    """
    nothing = np.zeros(0, np.float32)
    near, expected, far = [nothing], [nothing], [nothing]
    for window, soft in _shadows(feet, photograph.shape, AROUND):
        grey = photograph[window].mean(-1, dtype=np.float32)
        free = mask[window] < 1 - SOLID
        near.append(grey[free & (soft >= CORE)])
        expected.append(soft[free & (soft >= CORE)])
        far.append(grey[free & (soft < 1 - SOLID)])
    dark, shade, light = np.concatenate(near), np.concatenate(expected), np.concatenate(far)
    if min(len(dark), len(light)) < MIN_GROUND:
        return USUAL_STRENGTH
    lost = 1 - float(np.median(dark)) / max(float(np.median(light)), 1.0)
    return float(np.clip(lost / float(np.median(shade)), 0, MAX_STRENGTH))


def _shadows(feet: Feet, shape: tuple[int, ...], times: float) -> Iterator[tuple[tuple[slice, slice], Floats]]:
    """Yield for each foot that a picture of `shape` shows a window of the picture and its shadow there, 0 to 1.

    Args:
        feet: where they are.
        shape: height, width and whatever.
        times: size of the windows in sizes of the shadow.
    """
    width, height = (max(1.0, feet.scale * axis) for axis in FOOT)
    blur = max(0.5, SOFTNESS * feet.scale)
    reach = int(np.ceil(times * (width + 4 * blur))) + 1
    for x, y in feet.points.tolist():
        if not (-0.5 <= x < shape[1] - 0.5 and -0.5 <= y < shape[0] - 0.5):  # nor where they are NaN
            continue
        top, left = max(0, round(y) - reach), max(0, round(x) - reach)
        window = slice(top, min(shape[0], round(y) + reach + 1)), slice(left, min(shape[1], round(x) + reach + 1))
        rows, columns = np.ogrid[window]
        ellipse = ((columns - x) / width) ** 2 + ((rows - y) / height) ** 2 <= 1
        soft = cv2.GaussianBlur(ellipse.astype(np.float32), (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        yield window, np.asarray(soft, np.float32)


def _rounded(values: NDArray[np.floating]) -> Image:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)
