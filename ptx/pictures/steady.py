"""Frames of a turning person that belong together: how much they flicker, and how that is taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.labels import BACKGROUND, VISIBLE

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

NEIGHBOUR = 0.5
"""Weight of each neighbour, brought into a frame, against the frame's own 1."""

ROUNDS = 2
"""How often neighbours are mixed in."""

OUTLINE = 3
"""Pixels around the body that belong to it: cloth and hair."""


class Seen(Protocol):
    """A body as a frame shows it (`ptx.geometry.viewpoint.SeenBody`)."""

    def flow_from(self, source: Seen) -> tuple[Floats, NDArray[np.uint8]]:
        """Flow (H, W, 2) px and visibility (H, W): 0 visible, 1 hidden, 2 background."""
        ...


def steady(frames: Sequence[Image], bodies: Sequence[Seen], *, closed: bool = False) -> list[Image]:
    """Frames (H, W, 3) in which a body point keeps its colour and the background stays.

    On the body each frame is mixed with its neighbours, brought into it by the exact flow where they show the same point; behind
    it all frames get the median of those in which the body is elsewhere.

    Args:
        frames: pictures in order.
        bodies: what each shows.
        closed: the last is followed by the first.
    """
    if len(frames) < 2:
        return list(frames)
    pictures = [frame.astype(np.float32) for frame in frames]
    count = len(frames)
    shapes = [_shape(body) for body in bodies]
    links = []
    for i in range(count):
        for j in _beside(i, count, closed):
            flow, labels = bodies[i].flow_from(bodies[j])
            # What lies at the neighbour's outline is mixed with what is behind it there.
            sure = (labels == VISIBLE) & (
                _fetch(cv2.erode(shapes[j], np.ones((3, 3), np.uint8)).astype(np.float32), flow) > 0.99
            )
            links.append((i, j, flow, NEIGHBOUR * sure[..., None].astype(np.float32)))
    for _ in range(ROUNDS):
        sums, weights = [p.copy() for p in pictures], [np.ones((*p.shape[:2], 1), np.float32) for p in pictures]
        for i, j, flow, weight in links:
            sums[i] += weight * _fetch(pictures[j], flow)
            weights[i] += weight
        pictures = [s / w for s, w in zip(sums, weights, strict=True)]
    persons = np.stack([_wider(shape) for shape in shapes])  # (N, H, W)
    behind = _behind(np.stack(pictures), persons, np.stack(shapes) > 0)
    soft = [cv2.GaussianBlur(person.astype(np.float32), (0, 0), OUTLINE / 2)[..., None] for person in persons]
    return [(s * p + (1 - s) * behind).round().astype(np.uint8) for s, p in zip(soft, pictures, strict=True)]


def flicker(frames: Sequence[Image], bodies: Sequence[Seen]) -> float:
    """Mean |difference| (0 to 1) of a body point's colour from each frame to the next, and of the background that both show.

    Points that only one of the two frames shows do not count. The truth's own is what light on a turning body makes of it.
    """
    total, count = 0.0, 0
    for i in range(1, len(frames)):
        flow, labels = bodies[i].flow_from(bodies[i - 1])
        before = _fetch(frames[i - 1].astype(np.float32), flow)
        empty = ~_wider(_shape(bodies[i])) & ~_wider(_shape(bodies[i - 1]))
        shared = (labels == VISIBLE) | empty
        total += float(np.abs(frames[i] - before)[shared].sum()) / 255
        count += 3 * int(shared.sum())
    return total / max(count, 1)


def _beside(i: int, count: int, closed: bool) -> Iterator[int]:
    for j in (i - 1, i + 1):
        if closed or 0 <= j < count:
            yield j % count


def _shape(body: Seen) -> NDArray[np.uint8]:
    """(H, W) 1 on the body."""
    return (body.flow_from(body)[1] < BACKGROUND).astype(np.uint8)


def _wider(shape: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W): the body and a little around it."""
    reach = 2 * OUTLINE + 1
    return np.asarray(cv2.dilate(shape, np.ones((reach, reach), np.uint8)) > 0)


def _behind(pictures: Floats, persons: NDArray[np.bool_], bodies: NDArray[np.bool_]) -> Floats:
    """(H, W, 3): the median of (N, H, W, 3) over frames that show no person there, or at least not their body, or of all."""
    hidden = np.where(persons.all(0), bodies & ~bodies.all(0), persons)
    return np.asarray(np.nanmedian(np.where(hidden[..., None], np.nan, pictures), axis=0), np.float32)


def _fetch(picture: Floats, flow: Floats) -> Floats:
    height, width = flow.shape[:2]
    columns = flow[..., 0] + np.arange(width, dtype=np.float32)
    rows = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
