"""Cloths and prints, as colours of points: what a synthetic person's clothes are cut from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]
Pattern = Callable[[NDArray[np.float32], NDArray[np.float32]], Colours]
"""(along the limb or trunk, around it), metres (M,) → colours (M, 3) in 0..1."""

CLOTHES = (
    "f4f4f2", "1c1c20", "2b3a5c", "8a1f2b", "d8c9ab", "3f5d44", "c96f3b", "6d7f99", "e2b93b", "5a3c66", "b7c4cf",
    "9c5b4b", "2f7f86", "e39aa6", "55585e", "0f3d6b",
)  # fmt: skip
JEANS = ("2c3e5e", "46597d", "6c84a6", "1d2333", "c8bfae", "3a3a3d", "585046", "7a7f86")


def rgb(text: str) -> Colours:
    """Colour (3,) 0..1 from six hex digits."""
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / 255


@dataclass(frozen=True)
class Waves:
    """Smooth random numbers in space, about ±1: a sum of sines."""

    directions: NDArray[np.float32]
    phases: NDArray[np.float32]

    @classmethod
    def draw(cls, rng: np.random.Generator, length: float, count: int = 6) -> Waves:
        """Waves of about this length in metres."""
        directions = rng.normal(0, 1, (count, 3))
        directions *= (
            rng.uniform(0.6, 1.6, (count, 1)) * 2 * np.pi / length / np.linalg.norm(directions, axis=1)[:, None]
        )
        return cls(directions.astype(np.float32), rng.uniform(0, 2 * np.pi, count).astype(np.float32))

    def __call__(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """(M, 3) → (M,)."""
        return np.sin(places @ self.directions.T + self.phases).sum(1) * np.float32(1.4 / len(self.phases))


def draw_pattern(rng: np.random.Generator, palette: tuple[str, ...]) -> tuple[Pattern, Colours]:
    """A cloth, and a colour that stands out on it."""
    names = rng.permutation(len(palette))[:3]
    a, b, c = (rgb(palette[i]) for i in names)
    if np.abs(a - b).sum() < 0.7:  # too alike to show a pattern
        b = np.float32(0.95) if a.mean() < 0.5 else np.float32(0.08)
        b = np.full(3, b, np.float32)
    period, duty = rng.uniform(0.03, 0.09), rng.uniform(0.3, 0.6)
    kind = rng.choice(
        ["plain", "across", "along", "check", "tartan", "dots", "zigzag", "blocks", "camouflage"],
        p=[0.22, 0.18, 0.08, 0.12, 0.1, 0.1, 0.06, 0.07, 0.07],
    )
    noise = [Waves.draw(rng, 0.14), Waves.draw(rng, 0.09)]
    edge = rng.uniform(0.1, 0.35)

    def bar(value: NDArray[np.float32]) -> NDArray[np.bool_]:
        return (value / period) % 1 < duty

    def paint(along: NDArray[np.float32], around: NDArray[np.float32]) -> Colours:
        out = np.broadcast_to(a, (len(along), 3)).astype(np.float32)
        if kind == "across":
            out[bar(along)] = b
        elif kind == "along":
            out[bar(around)] = b
        elif kind == "check":
            out[bar(along) ^ bar(around)] = b
        elif kind == "tartan":
            out += np.float32(0.38) * ((b - a) * bar(along)[:, None] + (b - a) * bar(around)[:, None])
            out[((along / period) % 1 > 0.92) | ((around / period) % 1 > 0.92)] = c
        elif kind == "dots":
            shift = np.floor(along / period) % 2 * 0.5
            out[((along / period) % 1 - 0.5) ** 2 + ((around / period + shift) % 1 - 0.5) ** 2 < duty**2 / 3] = b
        elif kind == "zigzag":
            out[bar(along + np.abs((around / period) % 1 - 0.5) * period)] = b
        elif kind == "blocks":
            out[along < edge] = b
            out[np.abs(along - edge) < 0.02] = c
        elif kind == "camouflage":
            places = np.stack([along, around, along * 0], axis=-1)
            out[noise[0](places) > 0.25] = b
            out[noise[1](places) > 0.6] = c
        return out

    return paint, (b if kind == "plain" else np.full(3, 0.95 if a.mean() + b.mean() < 1.0 else 0.06, np.float32))


def draw_trousers(rng: np.random.Generator) -> Pattern:
    """Trousers: mostly plain cloth, some with a stripe down the side, a few with a pattern."""
    if rng.random() < 0.2:
        return draw_pattern(rng, JEANS)[0]
    colour, stripe = rgb(rng.choice(JEANS)), rgb(rng.choice(CLOTHES))
    striped = rng.random() < 0.3

    def paint(along: NDArray[np.float32], around: NDArray[np.float32]) -> Colours:
        out = np.broadcast_to(colour, (len(along), 3)).astype(np.float32)
        if striped:
            out[np.abs(np.abs(around) - 0.125) < 0.012] = stripe
        out[along > 0.02] = colour * 0.55  # waistband
        return out

    return paint


def draw_print(rng: np.random.Generator, colour: Colours) -> Colours:
    """A print (128, 128, 4), colours and cover in 0..1: letters or figures over a shape."""
    canvas = np.zeros((128, 128, 4), np.uint8)
    ink, second = _ink(colour), _ink(rgb(rng.choice(CLOTHES)))
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
    text = "".join(rng.choice(list("ABCEFGHKLMNPRSTUXYZ0123456789"), int(rng.integers(1, 4))))
    scale = {1: 3.6, 2: 2.4, 3: 1.7}[len(text)]
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 9)
    at = (64 - width // 2, 64 + height // 2)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, ink, 9, cv2.LINE_AA)
    return canvas.astype(np.float32) / 255


def _ink(colour: Colours) -> tuple[float, ...]:
    return (*(colour * 255).tolist(), 255.0)


def stamp(
    out: Colours, picture: Colours, where: NDArray[np.bool_], x: NDArray[np.float32], y: NDArray[np.float32]
) -> None:
    """Lay a print of 18 cm over the points `where`; x to the right of who looks at it. Its colours hold their cover."""
    u, v = (x[where] / 0.18 + 0.5) * 128 - 0.5, (0.5 - (y[where] - 0.34) / 0.18) * 128 - 0.5
    if not len(u):
        return
    columns, rows = (np.resize(c, -(-len(u) // 256) * 256).reshape(-1, 256).astype(np.float32) for c in (u, v))
    ink = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT).reshape(-1, 4)[: len(u)]
    cover = np.clip(ink[:, 3:], 0, 1)
    out[where] = out[where] * (1 - cover) + ink[:, :3]
