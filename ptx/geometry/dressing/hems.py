"""A skirt's hem told by colours: above it one cloth covers both legs and what is between them, below it the legs look otherwise.

The picture is straightened along both legs: a row for each height, columns on the axis of either leg and from one to the other.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.camera import project
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import straight
from ptx.geometry.dressing.skirts import SHORTER
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import Worn
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HIPS, KNEES, ANKLES = ([joint(f"{side}_{name}") for side in ("left", "right")] for name in ("hip", "knee", "ankle"))

ROWS = 24
"""Rows of a thigh, and of a shin: 2 cm each."""

SHORTEST, LONGEST = 12, 41
"""Rows between which hems are looked for: above the first, tops end, and below the last, trousers."""

CROTCH = 7
"""Row from which cloth between the legs says something."""

ABOVE, BELOW, LEAST_BELOW = 6, 7, 2
"""Rows that are compared above and below a hem, and how many of them the picture must show below."""

CORE = np.linspace(-0.03, 0.03, 4)
"""Metres of the columns on a leg, from its axis."""

ACROSS = np.linspace(0, 1, 11)
"""Columns from one leg's axis to the other's, as shares."""

MIDDLE = slice(2 * len(CORE) + 4, 2 * len(CORE) + 7)
"""Those halfway, where shorts have a notch."""

APART = 0.07
"""Metres between the legs' axes, at least: one leg before the other hides what is between."""

FACING, STANDING = 0.8, 0.8
"""Shares of the hips' width and of the thighs' length that are seen, at least: from the side, or of who sits, shorts look as skirts do."""

LIGHT = 0.7
"""Weight of lightness beside hue: cloth and skin are shaded."""

LEAST_DISTANCE = 13.0
"""Distance in Lab from which a colour is not that of the legs below the hem; or twice their spread, if that is more."""

CLOTH, MIDDLE_CLOTH, BARE = 0.92, 0.97, 0.3
"""Shares of cloth between the legs above the hem and in the middle, at least, and on the legs below it, at most."""

LEGS_BELOW = 0.4
"""Share of the columns on the legs that are the person's below the hem, at least."""

SEAM, SEAM_SHARE, SEAM_ROWS, SIDE = 9.0, 0.75, 8, 3
"""Lightness by which the fold between the legs of shorts is darker than the cloth on both sides, in which share of how many rows above the
hem; and columns of a side."""


class Straightened(NamedTuple):
    """The picture along both legs: R rows, from the hips to the ankles, and columns on the legs, then between them."""

    colours: NDArray[np.float32]
    """(R, C, 3) Lab, the lightness weighed."""
    mask: Mask
    """(R, C) whether it is the person's."""
    shown: Mask
    """(R,) whether the picture shows the row."""
    apart: Floats
    """(R,) metres between the legs' axes."""
    facing: float
    """Share of the hips' width that is seen."""
    standing: float
    """Share of the thighs' length that is seen."""


def find_hem(body: LayeredBody, fit: Posed, posed: Posed, person: Person) -> float:
    """Find how long a skirt is by its hem's colours: metres of the tube; 0: there is none, or nothing shows it.

    Args:
        body: the body with its tube.
        fit: to the person's keypoints alone, by which legs are looked for: outlines draw them apart to those of a dress.
        posed: as the skirt will be worn, refined or not: its length is up to where the hem is found in the picture.
        person: of the same picture, with its image.
    """
    if person.image is None:
        return 0.0
    legs = straighten(body, fit, person.image, person)
    if legs.facing < FACING or legs.standing < STANDING:
        return 0.0
    best, hem = 0.0, -1
    for row in range(SHORTEST, LONGEST + 1):
        sure = _sureness(legs, row)
        if sure > best:
            best, hem = sure, row
    if hem < 0 or _seam(legs, hem):
        return 0.0
    middle = _axes(body, fit).mean(axis=0)
    return round(max(_length(body, posed, middle[hem], middle[hem + 1] - middle[hem - 1]) - SHORTER, 0.0), 2)


def _axes(body: LayeredBody, posed: Posed) -> Floats:
    """Pixels (2, R, 2) of the left and the right leg's axis, from the hip to the ankle."""
    joints = project(posed.camera, joint_transforms(body.base, posed.pose[None], posed.betas)[1][0])[:, :2]
    at, legs = np.linspace(0, 2, 2 * ROWS + 1), zip(HIPS, KNEES, ANKLES, strict=True)
    return np.stack([[np.interp(at, range(3), ends) for ends in joints[list(leg)].T] for leg in legs]).transpose(
        0, 2, 1
    )


def straighten(body: LayeredBody, posed: Posed, image: NDArray[np.uint8], person: Person) -> Straightened:
    """Sample an image (H, W, 3) along both legs."""
    joints = joint_transforms(body.base, posed.pose[None], posed.betas)[1][0]
    (left, right), knees = joints[HIPS], joints[KNEES]
    hips, thighs = left - right, (knees - joints[HIPS]).mean(axis=0)
    axes = _axes(body, posed)
    first, across = axes[0], axes[1] - axes[0]
    scale, (height, width) = float(posed.camera[0]), person.size
    beside = (CORE * scale)[:, None] * np.array([1.0, 0.0])
    places = np.concatenate(
        [*(axis[:, None] + beside for axis in axes), first[:, None] + ACROSS[:, None] * across[:, None]], axis=1
    ).astype(np.float32)
    middle = np.rint(first + across / 2).astype(int)
    shown = ((middle >= 1) & (middle < (width - 1, height - 1))).all(axis=1)
    if person.area is not None:
        shown[shown] = person.area[middle[shown, 1], middle[shown, 0]]
    colours, mask = (
        cv2.remap(picture, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
        for picture in (image, person.mask.astype(np.float32))
    )
    lab = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * np.array([LIGHT, 1, 1], np.float32)
    facing = float(abs(hips[0]) / np.linalg.norm(hips))
    standing = float(np.linalg.norm(thighs[:2]) / np.linalg.norm(knees - joints[HIPS], axis=1).mean())
    return Straightened(
        np.asarray(lab, np.float32), np.asarray(mask > 0.5), shown, np.abs(across[:, 0]) / scale, facing, standing
    )


def _sureness(legs: Straightened, row: int) -> float:
    """How much more cloth there is between the legs above a row than on them below it, 0 to 1; 0: it is no hem."""
    on_legs = slice(0, 2 * len(CORE))
    below = slice(row + 1, row + 1 + BELOW)
    below = slice(below.start, below.start + int(np.cumprod(legs.shown[below]).sum()))
    theirs = legs.mask[below, on_legs]
    apart = legs.apart[[SHORTEST, row]].min()
    if below.stop - below.start < LEAST_BELOW or apart < APART or theirs.mean() < LEGS_BELOW:
        return 0.0
    colours = legs.colours[below, on_legs][theirs]
    bare = np.median(colours, axis=0)
    spread = float(np.median(np.linalg.norm(colours - bare, axis=1)))
    cloth = legs.mask & (np.linalg.norm(legs.colours - bare, axis=2) > max(LEAST_DISTANCE, 2 * spread))
    above = slice(row - ABOVE, row)
    over, middle = float(cloth[above].mean()), float(cloth[above, MIDDLE].mean())
    whole, left = float(cloth[CROTCH:row].mean()), float(cloth[below, on_legs].mean())
    return over - left if min(over, whole) >= CLOTH and middle >= MIDDLE_CLOTH and left <= BARE else 0.0


def _seam(legs: Straightened, row: int) -> bool:
    """Whether a fold or shadow runs down the middle of the cloth above a hem, as between the legs of shorts; prints are no folds."""
    light = legs.colours[max(CROTCH + 2, row - SEAM_ROWS) : row, :, 0] / LIGHT
    between = light[:, 2 * len(CORE) :]
    sides = np.minimum(between[:, :SIDE].mean(axis=1), between[:, -SIDE:].mean(axis=1))
    darker = np.quantile(sides[:, None] - light[:, MIDDLE], 1 - SEAM_SHARE, axis=0)
    return bool(darker.max() > SEAM)


def _length(body: LayeredBody, posed: Posed, hem: Floats, down: Floats) -> float:
    """Metres of the tube at which its near side reaches a hem, a pixel (2,), along the legs' direction (2,) there."""
    sheet = body.sheets[0]
    tube = slice(body.first(0), body.first(1))
    longest = straight(body, Worn(float(sheet.down[-1])))
    points = posed.points(body, longest)[tube].reshape(*sheet.shape, 3)
    near = points[..., 2] <= points[..., 2].mean(axis=1, keepdims=True)
    beyond = (points[..., :2] - hem) @ down
    reached = (beyond * near).sum(axis=1) / near.sum(axis=1)
    return float(np.interp(0, np.maximum.accumulate(reached), sheet.down))
