"""What the network is shown of a pair, changed at random, and what it should make of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mender_training.pairs import UNKNOWN, Pairs
from ptx.surface.mending import SIZE, continued, frame, framed, mender_input

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

PLAIN = 0.75
"""Share of pairs before a plain ground: fashion photographs mostly are."""

NEAREST = 0.75
"""Least intersection over union of the drawn and the true person: of others the fit has failed, and nothing can be mended."""


@dataclass(frozen=True)
class Example:
    """One pair."""

    shown: Floats
    """(11, H, W) `mender_input`."""
    backdrop: Floats
    """(3, H, W) what lies behind, -1..1."""
    truth: Floats
    """(3, H, W) the true person over the backdrop, -1..1."""
    share: Floats
    """(1, H, W) the true person's share."""
    labels: NDArray[np.int64]
    """(H / 2, W / 2), 255 unknown."""


def usable(pairs: Pairs) -> NDArray[np.intp]:
    """Return the numbers of the pairs whose fit has not failed."""
    there, good = np.flatnonzero(pairs.state == 1), []
    for i in there:
        drawn, true = pairs.shares[i, ::2, ::2, 0] > 127, pairs.marks[i, ::2, ::2, 0] > 127
        good.append((drawn & true).sum() > NEAREST * (drawn | true).sum())
    return there[np.array(good, np.bool_)]


def example(pairs: Pairs, index: int, rng: np.random.Generator | None = None) -> Example:
    """Take a pair, as it is or changed at random: mirrored, nearer or farther, other colours, other backdrops."""
    drawn, truth = np.array(pairs.drawn[index]), np.array(pairs.truth[index])
    backdrop = np.full_like(truth, 232) if rng is None else _backdrop(pairs, rng)
    shares, marks = np.array(pairs.shares[index]), np.array(pairs.marks[index])
    body = pairs.body[index].astype(np.float32)
    alpha = shares[..., 0].astype(np.float32) / 255
    matrix = frame(alpha)
    assert matrix is not None
    if rng is not None:
        drawn, backdrop, truth = _recoloured((drawn, backdrop, truth), rng)
        matrix = _jittered(matrix, rng)
    colour = framed(continued(drawn, alpha), matrix, cv2.BORDER_REPLICATE)
    near = framed(shares, matrix) / 255
    nearer = np.concatenate([framed(body[..., :3], matrix), framed(body[..., 3:], matrix)], 2)
    ground, true = (framed(one, matrix, cv2.BORDER_REPLICATE) for one in (backdrop, truth))
    share = framed(marks[..., 0], matrix)[..., None] / 255
    labels = cv2.warpAffine(marks[..., 1], matrix, SIZE[::-1], flags=cv2.INTER_NEAREST, borderValue=UNKNOWN)
    inside = framed(np.ones(alpha.shape, np.float32), matrix)[..., None]
    near, share = near * inside, share * inside
    planes = [
        mender_input(colour, np.ascontiguousarray(near[..., 0]), np.ascontiguousarray(near[..., 1]), nearer),
        _blob(ground),
        _blob(share * true + (1 - share) * ground),
        share.transpose(2, 0, 1),
    ]
    labels = labels[::2, ::2].astype(np.int64)
    if rng is not None and rng.random() < 0.5:
        planes, labels = [plane[..., ::-1] for plane in planes], labels[:, ::-1]
        planes[0] = planes[0] * _MIRRORED
    return Example(*(np.ascontiguousarray(plane, np.float32) for plane in planes), np.ascontiguousarray(labels))


_MIRRORED = np.array([1, 1, 1, 1, 1, -1, 1, 1, -1, 1, 1], np.float32)[:, None, None]
"""Signs of the input's channels in a mirror: x of place and normal change."""


def _blob(picture: Floats) -> Floats:
    return np.ascontiguousarray(picture.transpose(2, 0, 1) / 127.5 - 1, np.float32)


def _jittered(matrix: Floats, rng: np.random.Generator) -> Floats:
    """Vary the scale and the place of what is seen."""
    scale, shift = float(np.exp(rng.normal(-0.05, 0.1))), rng.normal(0, 0.03, 2) * SIZE[::-1]
    middle = np.array([SIZE[1] - 1, SIZE[0] - 1]) / 2
    out = matrix * scale
    out[:, 2] += (1 - scale) * middle + shift
    return np.asarray(out, np.float32)


def _backdrop(pairs: Pairs, rng: np.random.Generator) -> Image:
    """Take a plain ground, or another picture, blurred."""
    other = pairs.truth[rng.integers(len(pairs.truth))]
    if rng.random() < PLAIN or not other.any():
        return _plain(other.shape, rng)
    return np.asarray(cv2.GaussianBlur(other, (0, 0), float(rng.uniform(1, 12))), np.uint8)


def _plain(shape: tuple[int, ...], rng: np.random.Generator) -> Image:
    """Draw a light ground that gets darker towards a side."""
    height, width = shape[:2]
    level = rng.choice([255, 248, 238, 225, 200, 120]) + rng.normal(0, 4, 3)
    slopes = rng.normal(0, 9, 2)
    rows, columns = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[None, :, None]
    ground = level + slopes[0] * rows + slopes[1] * columns + rng.normal(0, rng.uniform(0, 1.5), shape)
    return np.asarray(np.clip(ground, 0, 255), np.uint8)


def _recoloured(pictures: tuple[Image, ...], rng: np.random.Generator) -> tuple[Image, ...]:
    """Give pictures one other exposure, contrast and colour, and now and then other channels."""
    order = rng.permutation(3) if rng.random() < 0.25 else np.arange(3)
    gamma, gain = float(np.exp(rng.normal(0, 0.2))), 1 + rng.normal(0, 0.05, 3)
    table = (np.arange(256) / 255) ** gamma
    tables = [np.clip(255 * table * factor, 0, 255).astype(np.uint8) for factor in gain]
    return tuple(np.stack([t[one[..., c]] for c, t in zip(order, tables, strict=True)], 2) for one in pictures)
