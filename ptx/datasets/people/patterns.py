"""Cloths and prints of synthetic people's clothes, as colours of points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Colours = NDArray[np.float32]
"""(..., 3) red, green, blue in 0..1."""

Pattern = Callable[[Floats, Floats], Colours]
"""(along the limb or trunk, around it), metres (M,) → colours (M, 3) in 0..1."""

CLOTH_COLOURS = (
    "f4f4f2", "1c1c20", "2b3a5c", "8a1f2b", "d8c9ab", "3f5d44", "c96f3b", "6d7f99", "e2b93b", "5a3c66", "b7c4cf",
    "9c5b4b", "2f7f86", "e39aa6", "55585e", "0f3d6b",
)  # fmt: skip
"""Colours of tops and dresses, hex RGB."""

TROUSER_COLOURS = ("2c3e5e", "46597d", "6c84a6", "1d2333", "c8bfae", "3a3a3d", "585046", "7a7f86")
"""Colours of trousers, hex RGB."""

CLOTH_KINDS = {
    "plain": 0.22, "across": 0.18, "along": 0.08, "check": 0.12, "tartan": 0.1, "dots": 0.1, "zigzag": 0.06, "blocks": 0.07,
    "camouflage": 0.07,
}  # fmt: skip
"""Kind of pattern → its probability. `across` and `along` are stripes."""

MIN_CONTRAST = 0.7
"""Sum of the differences of red, green and blue (0 to 3) below which two colours are too alike to show a pattern."""

TEXTURE_PX = 128
"""Side of the picture of a print, px."""

PRINT_METRES = 0.18
"""Side of a print on the body, metres."""

PRINT_Y = 0.34
"""Height of a print's middle on the mean body in rest, metres."""

PRINT_LETTERS = "ABCEFGHKLMNPRSTUXYZ0123456789"
"""Letters and figures of prints."""

LETTER_SCALES = {1: 3.6, 2: 2.4, 3: 1.7}
"""Number of letters → their scale in OpenCV's font, with which they fill a print."""


def rgb(text: str) -> Colours:
    """Convert six hex digits to a colour (3,) in 0..1."""
    return np.asarray(np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255, np.float32)


@dataclass(frozen=True)
class Waves:
    """Smooth random numbers in space, about ±1: a sum of K sines."""

    directions: Floats
    """(K, 3) wave vectors, radians per metre."""
    phases: Floats
    """(K,) radians."""

    @classmethod
    def sample(cls, rng: np.random.Generator, length: float, count: int = 6) -> Waves:
        """Sample `count` waves of about `length` metres."""
        directions = rng.normal(0, 1, (count, 3))
        directions *= (
            rng.uniform(0.6, 1.6, (count, 1)) * 2 * np.pi / length / np.linalg.norm(directions, axis=1)[:, None]
        )
        return cls(directions.astype(np.float32), rng.uniform(0, 2 * np.pi, count).astype(np.float32))

    def __call__(self, points: Floats) -> Floats:
        """Evaluate at points (M, 3), metres; returns (M,)."""
        waves = np.sin(points @ self.directions.T + self.phases)
        return np.asarray(waves.sum(1) * np.float32(1.4 / len(self.phases)), np.float32)


@dataclass(frozen=True)
class Cloth:
    """A patterned cloth."""

    kind: str
    """Kind of pattern, of `CLOTH_KINDS`."""
    colours: tuple[Colours, Colours, Colours]
    """Ground, figure and detail, each (3,)."""
    period: float
    """Length of the pattern, metres."""
    duty: float
    """Share of the period that a stripe covers."""
    noise: tuple[Waves, Waves]
    """Outlines of a camouflage's figures and details."""
    edge: float
    """Height of the edge between two blocks, metres along the limb."""

    def __call__(self, along: Floats, around: Floats) -> Colours:
        """Colour (M, 3) points at `along` and `around` (M,), metres."""
        ground, figure, detail = self.colours
        out = np.broadcast_to(ground, (len(along), 3)).astype(np.float32)
        if self.kind == "tartan":
            crossings = (figure - ground) * self._stripe(along)[:, None] + (figure - ground) * self._stripe(around)[
                :, None
            ]
            out += np.float32(0.38) * crossings
        elif self.kind != "plain":
            out[self._figures(along, around)] = figure
        details = self._details(along, around)
        if details is not None:
            out[details] = detail
        return out

    def _figures(self, along: Floats, around: Floats) -> NDArray[np.bool_]:
        """Mark the points (M,) of the figure."""
        if self.kind == "across":
            return self._stripe(along)
        if self.kind == "along":
            return self._stripe(around)
        if self.kind == "check":
            return self._stripe(along) ^ self._stripe(around)
        if self.kind == "dots":
            shift = np.floor(along / self.period) % 2 * 0.5
            row = (along / self.period) % 1 - 0.5
            column = (around / self.period + shift) % 1 - 0.5
            return np.asarray(row**2 + column**2 < self.duty**2 / 3, np.bool_)
        if self.kind == "zigzag":
            return self._stripe(along + np.abs((around / self.period) % 1 - 0.5) * self.period)
        if self.kind == "blocks":
            return np.asarray(along < self.edge, np.bool_)
        return np.asarray(self.noise[0](_plane(along, around)) > 0.25, np.bool_)  # camouflage

    def _details(self, along: Floats, around: Floats) -> NDArray[np.bool_] | None:
        """Mark the points (M,) of the detail; None: the pattern has none."""
        if self.kind == "tartan":
            return np.asarray(((along / self.period) % 1 > 0.92) | ((around / self.period) % 1 > 0.92), np.bool_)
        if self.kind == "blocks":
            return np.asarray(np.abs(along - self.edge) < 0.02, np.bool_)
        if self.kind == "camouflage":
            return np.asarray(self.noise[1](_plane(along, around)) > 0.6, np.bool_)
        return None

    def _stripe(self, value: Floats) -> NDArray[np.bool_]:
        """Mark values (M,), metres, in the first part of their period."""
        return np.asarray((value / self.period) % 1 < self.duty, np.bool_)


def _plane(along: Floats, around: Floats) -> Floats:
    """Lay the cloth's coordinates (M,) into space (M, 3)."""
    return np.stack([along, around, along * 0], axis=-1)


def sample_pattern(rng: np.random.Generator, palette: tuple[str, ...]) -> tuple[Pattern, Colours]:
    """Sample a cloth in colours of a palette (hex RGB), and a colour (3,) that stands out on it."""
    ground, figure, detail = (rgb(palette[i]) for i in rng.permutation(len(palette))[:3])
    if np.abs(ground - figure).sum() < MIN_CONTRAST:
        figure = np.full(3, 0.95 if ground.mean() < 0.5 else 0.08, np.float32)
    period = rng.uniform(0.03, 0.09)
    duty = rng.uniform(0.3, 0.6)
    kind = str(rng.choice(list(CLOTH_KINDS), p=list(CLOTH_KINDS.values())))
    noise = (Waves.sample(rng, 0.14), Waves.sample(rng, 0.09))
    edge = rng.uniform(0.1, 0.35)
    cloth = Cloth(kind, (ground, figure, detail), period, duty, noise, edge)
    if kind == "plain":
        return cloth, figure
    return cloth, np.full(3, 0.95 if ground.mean() + figure.mean() < 1.0 else 0.06, np.float32)


@dataclass(frozen=True)
class PlainTrousers:
    """Trousers of one colour with a darker waistband."""

    colour: Colours
    """(3,)."""
    stripe: Colours | None
    """(3,) colour of the stripe down the side; None: there is none."""

    def __call__(self, along: Floats, around: Floats) -> Colours:
        """Colour (M, 3) points at `along` and `around` (M,), metres."""
        out = np.broadcast_to(self.colour, (len(along), 3)).astype(np.float32)
        if self.stripe is not None:
            out[np.abs(np.abs(around) - 0.125) < 0.012] = self.stripe
        out[along > 0.02] = self.colour * 0.55
        return out


def sample_trousers(rng: np.random.Generator) -> Pattern:
    """Sample trousers: mostly plain cloth, some with a stripe down the side, a few with a pattern."""
    if rng.random() < 0.2:
        return sample_pattern(rng, TROUSER_COLOURS)[0]
    colour = rgb(rng.choice(TROUSER_COLOURS))
    stripe = rgb(rng.choice(CLOTH_COLOURS))
    return PlainTrousers(colour, stripe if rng.random() < 0.3 else None)


def sample_print(rng: np.random.Generator, colour: Colours) -> Colours:
    """Sample a print: letters or figures in a colour (3,), over a shape.

    Returns:
        (`TEXTURE_PX`, `TEXTURE_PX`, 4) red, green, blue, multiplied by the opacity; opacity; all in 0..1. Where letters are smoothed
        over a shape OpenCV lowers the opacity, though both are opaque: a bright rim.
    """
    canvas = np.zeros((TEXTURE_PX, TEXTURE_PX, 4), np.uint8)
    ink = _ink(colour)
    second = _ink(rgb(rng.choice(CLOTH_COLOURS)))
    shape = rng.choice(["disc", "box", "ring", "bars", "none"])
    if shape == "disc":
        cv2.circle(canvas, (64, 64), 52, second, -1, cv2.LINE_AA)
    elif shape == "box":
        cv2.rectangle(canvas, (8, 28), (120, 100), second, -1)
    elif shape == "ring":
        cv2.circle(canvas, (64, 64), 52, second, 10, cv2.LINE_AA)
    elif shape == "bars":
        for k in range(3):
            cv2.rectangle(canvas, (10, 16 + 36 * k), (118, 34 + 36 * k), second, -1)
    text = "".join(rng.choice(list(PRINT_LETTERS), int(rng.integers(1, 4))))
    scale = LETTER_SCALES[len(text)]
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 9)
    corner = (64 - width // 2, 64 + height // 2)
    cv2.putText(canvas, text, corner, cv2.FONT_HERSHEY_DUPLEX, scale, ink, 9, cv2.LINE_AA)
    return np.asarray(canvas.astype(np.float32) / 255, np.float32)


def _ink(colour: Colours) -> tuple[float, ...]:
    """Convert a colour (3,) in 0..1 to OpenCV's, opaque, 0 to 255."""
    return (*(colour * 255).tolist(), 255.0)


def lay_print(out: Colours, texture: Colours, where: NDArray[np.bool_], x: Floats, y: Floats) -> None:
    """Lay a print over some points, in place.

    Args:
        out: (M, 3) colours of the points.
        texture: of `sample_print`.
        where: (M,) points that may show it.
        x, y: (M,) metres on the mean body in rest, x to the right of who looks at the print.
    """
    u = (x[where] / PRINT_METRES + 0.5) * TEXTURE_PX - 0.5
    v = (0.5 - (y[where] - PRINT_Y) / PRINT_METRES) * TEXTURE_PX - 0.5
    if not len(u):
        return
    # OpenCV wants a picture of coordinates, of less than 32,768 rows: padded to rows of 256.
    columns, rows = (np.resize(c, -(-len(u) // 256) * 256).reshape(-1, 256).astype(np.float32) for c in (u, v))
    looked_up = cv2.remap(texture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    ink = looked_up.reshape(-1, 4)[: len(u)]
    opacity = np.clip(ink[:, 3:], 0, 1)
    out[where] = out[where] * (1 - opacity) + ink[:, :3]
