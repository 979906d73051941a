"""Flicker of the frames of a turning person: a measure of it, and its removal by exact flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.labels import BACKGROUND, VISIBLE

if TYPE_CHECKING:
    from ptx.geometry.viewpoint import FittedBody

Image = NDArray[np.uint8]
"""(H, W, 3) RGB."""

Floats = NDArray[np.float32]

Mask = NDArray[np.bool_]
"""(H, W) or (N, H, W)."""

NEIGHBOUR_WEIGHT = 0.5
"""Weight of each neighbouring frame, warped into a frame, against 1 of the frame itself."""

ROUNDS = 2
"""Number of times that neighbours are mixed in."""

OUTLINE_PX = 3
"""Width of the cloth and hair around the body that belong to the person as well, px."""


class Link(NamedTuple):
    """A frame and a neighbour that is mixed into it."""

    frame: int
    """Number of the frame."""
    neighbour: int
    """Number of the neighbour."""
    flow: Floats
    """(H, W, 2) px from the frame to the neighbour."""
    weight: Floats
    """(H, W, 1) weight of the neighbour's pixels."""


def deflicker(frames: Sequence[Image], bodies: Sequence[FittedBody], *, closed: bool = False) -> list[Image]:
    """Change frames so that a body point keeps its colour from one to the next, and the background stays.

    On the body each frame is mixed with its neighbours, warped into it by the exact flow where both show the same point. The
    background of all frames is the median of those in which it is not behind the person.

    Args:
        frames: images (H, W, 3) in order.
        bodies: the body that each shows.
        closed: the last frame is followed by the first.
    """
    if len(frames) < 2:
        return list(frames)
    bodies_mask = np.stack([_body_mask(body) for body in bodies])  # (N, H, W)
    links = _links(bodies, bodies_mask, closed)
    images = [frame.astype(np.float32) for frame in frames]
    for _ in range(ROUNDS):
        images = _mix(images, links)
    persons = np.stack([_dilate(mask) for mask in bodies_mask])
    background = _background(np.stack(images), persons, bodies_mask)
    out = []
    for image, person in zip(images, persons, strict=True):
        opacity = cv2.GaussianBlur(person.astype(np.float32), (0, 0), OUTLINE_PX / 2)[..., None]
        out.append((opacity * image + (1 - opacity) * background).round().astype(np.uint8))
    return out


def flicker(frames: Sequence[Image], bodies: Sequence[FittedBody]) -> float:
    """Measure the mean |difference| (0 to 1) of a point's colour from each frame to the next.

    Counted are body points that both frames show, and background that both show; photographs of a turning person are not 0, since
    the light on it changes.

    Args:
        frames: images (H, W, 3) in order.
        bodies: the body that each shows.
    """
    total = 0.0
    count = 0
    for i in range(1, len(frames)):
        flow, visibility = bodies[i].flow_from(bodies[i - 1])
        before = _warp(frames[i - 1].astype(np.float32), flow)
        background = ~_dilate(_body_mask(bodies[i])) & ~_dilate(_body_mask(bodies[i - 1]))
        shared = (visibility == VISIBLE) | background
        total += float(np.abs(frames[i] - before)[shared].sum()) / 255
        count += 3 * int(shared.sum())
    return total / max(count, 1)


def _links(bodies: Sequence[FittedBody], masks: Mask, closed: bool) -> list[Link]:
    """Link each frame with its neighbours, with no weight at pixels off the inside of the neighbour's body (masks (N, H, W))."""
    links = []
    for i in range(len(bodies)):
        for j in _neighbours(i, len(bodies), closed):
            flow, visibility = bodies[i].flow_from(bodies[j])
            # At the neighbour's outline a pixel mixes body and background: it is not used.
            inside = cv2.erode(masks[j].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
            usable = (visibility == VISIBLE) & (_warp(inside, flow) > 0.99)
            links.append(Link(i, j, flow, NEIGHBOUR_WEIGHT * usable[..., None].astype(np.float32)))
    return links


def _neighbours(i: int, count: int, closed: bool) -> Iterator[int]:
    for j in (i - 1, i + 1):
        if closed or 0 <= j < count:
            yield j % count


def _mix(images: Sequence[Floats], links: Sequence[Link]) -> list[Floats]:
    """Average each image (H, W, 3) with its neighbours, warped into it."""
    sums = [image.copy() for image in images]
    weights = [np.ones((*image.shape[:2], 1), np.float32) for image in images]
    for link in links:
        sums[link.frame] += link.weight * _warp(images[link.neighbour], link.flow)
        weights[link.frame] += link.weight
    return [np.asarray(total / weight, np.float32) for total, weight in zip(sums, weights, strict=True)]


def _body_mask(body: FittedBody) -> Mask:
    """Return the pixels (H, W) that show the body."""
    return np.asarray(body.flow_from(body)[1] < BACKGROUND, np.bool_)


def _dilate(mask: Mask) -> Mask:
    """Widen a mask (H, W) of the body by `OUTLINE_PX`: the person with cloth and hair."""
    side = 2 * OUTLINE_PX + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0, np.bool_)


def _background(images: Floats, persons: Mask, bodies: Mask) -> Floats:
    """Compute the median background (H, W, 3).

    A pixel is taken from the images in which no person covers it. If persons cover it in all of them, from those in which no body
    does; if bodies do, from all.

    Args:
        images: (N, H, W, 3).
        persons: (N, H, W) pixels of the person: the body with cloth and hair.
        bodies: (N, H, W) pixels of the body.
    """
    covered = np.where(persons.all(0), bodies & ~bodies.all(0), persons)
    return np.asarray(np.nanmedian(np.where(covered[..., None], np.nan, images), axis=0), np.float32)


def _warp(image: Floats, flow: Floats) -> Floats:
    """Look up an image (H, W) or (H, W, 3) at each pixel plus its flow (H, W, 2) px, beyond its edge the edge's values."""
    height, width = flow.shape[:2]
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
