"""A photograph and its fitted body where colours are read, a few hundred pixels high, and what its pixels say to one another."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import base_of
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones
from ptx.surface.layers import INSIDE, Image, Mask, draw_maps, face_groups
from ptx.surface.palettes import Codes, colour_codes
from ptx.surface.points import Floats

SIDE = 256
"""Pixels to which a photograph's longer side is brought, about."""

FEWEST = 60
"""Pixels from which colours are learned."""

ZONE, FEATURES = 0.7, 0.4
"""Shares of the scalp, and of a face's features, whose surroundings are skin, of pixels from which their colours are learned."""

COMMON = -7.5
"""Logarithm of the share from which a palette has a colour."""

CORE_ARM, CORE_TRUNK = 0.012, 0.05
"""Metres inside of an arm's outline, and beside it, where colours are learned."""

REACH = 0.09
"""Metres around projected arms in which there may be arms."""

MOST_COLOUR = 4.0
"""Most log odds of a colour."""

NEIGHBOURHOOD, TOGETHER, ROUNDS = 0.008, 3.0, 4
"""Metres (standard deviation) of a pixel's neighbourhood, log odds when it is of one mind, and how often it is asked."""


@dataclass(frozen=True)
class Reduced:
    """A photograph and its fitted body, h × w pixels."""

    scale: float
    """Pixels per metre."""
    codes: Codes
    """Colours."""
    inside: Mask
    """The person."""
    arm: Mask
    trunk: Mask
    """Whether arm, or trunk and legs, are seen; or neither."""
    under: Mask
    """Whether trunk or legs are seen, or under an arm."""
    on: Mask
    """Whether there is body at all."""
    along: Floats
    """Metres from the shoulder along the nearest arm that is seen."""
    down: Floats
    """Metres below the top of the body in rest, where there is body, without arms."""
    across: Floats
    """Metres to the left of the body's middle, in rest, likewise."""
    scalp: Floats
    features: Floats
    head: Floats
    """Zones of what is seen, the head's with the neck; sheets of hair are scalp."""
    inner: Floats
    """Metres from the outlines of arms, inside."""
    outer: Floats
    """Metres from them, outside."""
    garments: GarmentMap | None
    """Labels of the photograph; None: it has none."""


def reduce_fit(
    image: Image, mask: Floats, fitted: FittedBody, points: Floats, garments: GarmentMap | None = None
) -> Reduced:
    """Bring a photograph to the size at which it is read; arguments as for `read_parts`."""
    step = max(1, round(max(mask.shape) / SIDE))
    body, scale = fitted.body, float(fitted.camera[0]) / step
    height, width = (side // step for side in mask.shape)
    small = np.asarray(points / np.array([step, step, 1], np.float32), np.float32)
    small[:, :2] -= (step - 1) / (2 * step)
    arms, trunks = face_groups(body)
    seen = draw_maps(small, fitted.faces, (height, width))
    bare = draw_maps(small, fitted.faces[~arms], (height, width))
    arm, trunk = (seen.on & group[seen.surface] for group in (arms, trunks))
    under = bare.on & trunks[~arms][bare.surface]
    zones, rest = body_zones(body), body.v_template
    shoulder = np.abs(base_of(body).joint_template[joint("left_shoulder"), 0])
    head_and_neck = np.maximum(zones.head, zones.neck)
    shown = np.stack([zones.scalp, zones.features, head_and_neck, np.abs(rest[:, 0]) - shoulder], axis=1)
    scalp, features, head, along = seen.of(shown)
    down, across = bare.of(np.stack([rest[:, 1].max() - rest[:, 1], rest[:, 0]], axis=1))
    inner = cv2.distanceTransform(arm.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    outer, label = cv2.distanceTransformWithLabels(
        (~arm).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(label.max()) + 1, np.float32)
    nearest[label[arm]] = along[arm]
    colours = cv2.resize(image[: height * step, : width * step], (width, height), interpolation=cv2.INTER_AREA)
    inside = cv2.resize(mask[: height * step, : width * step], (width, height), interpolation=cv2.INTER_AREA) > INSIDE
    if garments is not None:
        whole = garments._replace(labels=garments.labels[: height * step, : width * step])
        garments = whole.resized(height, width)
    return Reduced(
        scale, colour_codes(np.asarray(colours, np.uint8)), np.asarray(inside), arm, trunk, under, seen.on, nearest[label], down, across,
        scalp, features, head, np.asarray(inner / scale, np.float32), np.asarray(outer / scale, np.float32), garments,
    )  # fmt: skip


def ask_neighbours(odds: Floats, where: Mask, scale: float) -> Floats:
    """Log odds (h, w) after neighbours are asked, among the pixels of `where`: mean field of a Potts model."""
    sigma = max(0.8, NEIGHBOURHOOD * scale)
    norm = np.maximum(cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma), 1e-3)
    out = odds
    for _ in range(ROUNDS):
        mind = np.where(where, np.tanh(out / 2), np.float32(0)).astype(np.float32)
        out = np.asarray(odds + TOGETHER * cv2.GaussianBlur(mind, (0, 0), sigma) / norm, np.float32)
    return out


def connected(mask: Mask, to: Mask) -> Mask:
    """The pieces of a mask (h, w) that have pixels of another (h, w)."""
    count, label = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    keep = np.zeros(count, np.bool_)
    keep[label[to & mask]] = True
    keep[0] = False
    return np.asarray(keep[label])


def larger(mask: Mask, least: float) -> Mask:
    """The pieces of a mask (h, w) with at least so many pixels."""
    _, label, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    keep = np.asarray(stats)[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return np.asarray(keep[label])


def apart(mask: Mask, pixels: float) -> Mask:
    """Whether pixels (h, w) are further than some pixels from a mask (h, w)."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3) > pixels)
