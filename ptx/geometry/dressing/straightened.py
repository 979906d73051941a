"""A picture straightened along both legs of a fitted body: a row for each height, columns on, between and beside the legs."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.camera import project
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import PARTS, joint
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HIPS, KNEES, ANKLES = ([joint(f"{side}_{name}") for side in ("left", "right")] for name in ("hip", "knee", "ankle"))

ROWS = 24
"""Rows of a thigh, and of a shin: 2 cm each."""

CROTCH = 7
"""Row from which cloth between the legs says something."""

CORE = np.linspace(-0.03, 0.03, 4)
"""Metres of the columns on a leg, from its axis."""

ACROSS = np.linspace(0, 1, 21)
"""Columns from one leg's axis to the other's, as shares."""

OUTWARDS = 0.015 * np.arange(1, 21)
"""Metres of the columns outwards from a leg's axis."""

ON_LEGS = slice(0, 2 * len(CORE))
"""Columns on the legs."""

BETWEEN = slice(ON_LEGS.stop, ON_LEGS.stop + len(ACROSS))
"""Columns from one leg's axis to the other's."""

LEFT_LEG, RIGHT_LEG = slice(0, len(CORE)), slice(len(CORE), 2 * len(CORE))
"""Those on either leg."""

MIDDLE = slice(BETWEEN.start + 7, BETWEEN.start + 14)
"""Columns halfway between the legs, where shorts have a notch."""

FACING, STANDING = 0.75, 0.8
"""Shares of the hips' width and of the thighs' length that are seen, at least: from the side, or of who sits, shorts look as skirts do."""

LIGHT = 0.7
"""Weight of lightness beside hue: cloth and skin are shaded."""


class Hem(NamedTuple):
    """Where a skirt ends."""

    row: int
    """Of the picture straightened along the legs."""
    cut_off: bool
    """Whether that is but the last row that the photograph shows."""


class Straightened(NamedTuple):
    """The picture along both legs: R rows, from the hips to the ankles, and C columns, on the legs and then between them."""

    colours: NDArray[np.float32]
    """(R, C, 3) Lab, the lightness weighed."""
    mask: Mask
    """(R, C) whether it is the person's."""
    shown: Mask
    """(R,) whether the picture shows the row, and all above it."""
    apart: Floats
    """(R,) metres between the legs' axes."""
    gap: Floats
    """(R, columns between) square metres that a place stands for, where the bare body leaves it free; else 0."""
    off: Floats
    """(R, 2) metres by which the mask reaches beyond the bare body's either outer side; NaN where an arm is there."""
    facing: float
    """Share of the hips' width that is seen."""
    standing: float
    """Share of the thighs' length that is seen."""
    garments: GarmentMap | None
    """(R, C) labels; None where the person has none."""


def leg_axes(body: Body, posed: Posed) -> Floats:
    """Pixels (2, R, 2) of the left and the right leg's axis, from the hip to the ankle."""
    joints = project(posed.camera, joint_transforms(body, posed.pose[None], posed.betas)[1][0])[:, :2]
    at, legs = np.linspace(0, 2, 2 * ROWS + 1), zip(HIPS, KNEES, ANKLES, strict=True)
    return np.stack([[np.interp(at, range(3), ends) for ends in joints[list(leg)].T] for leg in legs]).transpose(
        0, 2, 1
    )


def straighten(body: Body, posed: Posed, image: NDArray[np.uint8], person: Person) -> Straightened:
    """Sample an image (H, W, 3) along both legs."""
    joints = joint_transforms(body, posed.pose[None], posed.betas)[1][0]
    (left, right), knees = joints[HIPS], joints[KNEES]
    hips, thighs = left - right, (knees - joints[HIPS]).mean(axis=0)
    axes, scale = leg_axes(body, posed), float(posed.camera[0])
    (height, width), (first, second) = person.size, axes
    across = second - first
    outwards = np.copysign(1.0, across[:CROTCH, 0].mean()) * scale * OUTWARDS[:, None] * np.array([1.0, 0.0])
    beside = (CORE * scale)[:, None] * np.array([1.0, 0.0])
    places = np.concatenate(
        [
            *(axis[:, None] + beside for axis in axes),
            first[:, None] + ACROSS[:, None] * across[:, None],
            first[:, None] - outwards,
            second[:, None] + outwards,
        ],
        axis=1,
    ).astype(np.float32)
    middle = np.rint(first + across / 2).astype(int)
    shown = ((middle >= 1) & (middle < (width - 1, height - 1))).all(axis=1)
    if person.area is not None:
        shown[shown] = person.area[middle[shown, 1], middle[shown, 0]]
    inner = places[:, : BETWEEN.stop]
    colours = cv2.remap(image, inner[..., 0], inner[..., 1], cv2.INTER_LINEAR)
    lab = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * np.array([LIGHT, 1, 1], np.float32)
    mask = cv2.remap(person.mask.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR) > 0.5
    face, _, _ = rasterize(posed.points(body), body.faces, height, width)
    drawn = np.where(face >= 0, body.face_part[face], 0).astype(np.float32)
    part = cv2.remap(drawn, places[..., 0], places[..., 1], cv2.INTER_NEAREST)
    bare = np.isin(part, [PARTS.index(name) for name in ("torso", "left_leg", "right_leg")])
    arms = np.isin(part, [PARTS.index(name) for name in ("left_arm", "right_arm")])
    apart = np.linalg.norm(across, axis=1) / scale
    tall = np.linalg.norm(np.gradient(first + across / 2, axis=0), axis=1) / scale
    return Straightened(
        colours=np.asarray(lab, np.float32),
        mask=np.asarray(mask[:, : BETWEEN.stop]),
        shown=np.logical_and.accumulate(shown),
        apart=np.abs(across[:, 0]) / scale,
        gap=~bare[:, BETWEEN] * (apart * tall / len(ACROSS))[:, None],
        off=np.stack([_reach(mask, bare, arms, n) for n in (0, 1)], axis=1),
        facing=float(abs(hips[0]) / np.linalg.norm(hips)),
        standing=float(np.linalg.norm(thighs[:2]) / np.linalg.norm(knees - joints[HIPS], axis=1).mean()),
        garments=None if person.garments is None else person.garments.sampled(inner),
    )


def _reach(mask: Mask, bare: Mask, arms: Mask, side: int) -> Floats:
    """Metres (R,) by which a mask reaches farther outwards than a bare body, on one side; NaN where it reaches an arm."""
    columns = slice(BETWEEN.stop + side * len(OUTWARDS), BETWEEN.stop + (side + 1) * len(OUTWARDS))
    ours, theirs = (np.logical_and.accumulate(part[:, columns], axis=1) for part in (bare, mask))
    farther = (theirs.sum(axis=1) - ours.sum(axis=1)) * (OUTWARDS[1] - OUTWARDS[0])
    return np.where((arms[:, columns] & theirs).any(axis=1), np.nan, farther)
