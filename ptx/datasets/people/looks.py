"""What a synthetic person looks like: skin, face, hair and clothes, as colours of points of the body.

Everything is a function of a point's place on the mean body in rest (metres, T-pose), so that the same cloth follows
every shape and pose. Places below are read off that body: shoulders at x = ±0.19, y = 0.50, knees at y = -0.44.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.garment_labels import garment
from ptx.datasets.people.garments import Loose, draw_loose

Colours = NDArray[np.float32]
Pattern = Callable[[NDArray[np.float32], NDArray[np.float32]], Colours]
"""(along the limb or trunk, around it), metres (M,) → colours (M, 3) in 0..1."""

SKINS = ("f6d7c3", "eec1a1", "dfaa85", "c98e66", "a9704a", "80502f", "5b3a25", "432a1c")
HAIRS = ("1a1512", "2e2019", "4c3222", "70482a", "a5783f", "cfae6b", "8d8a86", "7c3a1d")
CLOTHES = (
    "f4f4f2", "1c1c20", "2b3a5c", "8a1f2b", "d8c9ab", "3f5d44", "c96f3b", "6d7f99", "e2b93b", "5a3c66", "b7c4cf",
    "9c5b4b", "2f7f86", "e39aa6", "55585e", "0f3d6b",
)  # fmt: skip
JEANS = ("2c3e5e", "46597d", "6c84a6", "1d2333", "c8bfae", "3a3a3d", "585046", "7a7f86")
SHOES = ("f2f2f0", "151515", "6a4127", "8c1d26", "27405f", "b9b2a6")

ARM = np.array((0.496, 0.014), np.float32)
"""y, z of the axis of both arms in rest."""


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


@dataclass(frozen=True)
class Look:
    """One person's appearance."""

    skin: Colours
    hair: Colours
    hairline: float
    """Metres by which hair reaches lower than on a short cut."""
    hair_volume: float
    """Metres by which hair stands off the head; 0 is shaven."""
    beard: bool
    lips: Colours
    top: Pattern
    bottom: Pattern
    shoes: Colours
    sleeve: float
    """|x| at which sleeves end."""
    neckline: float
    """Depth of the neckline in front, metres."""
    hem: float
    """y at which the top ends."""
    leg: float
    """y at which trousers end."""
    waist: float
    """y at which trousers begin."""
    logo: Colours | None
    """(N, N, 4) picture on the chest, or None."""
    number: Colours | None
    """(N, N, 4) picture on the back, or None."""
    weave: Waves
    folds: Waves
    dress: bool = False
    """Whether top and bottom are one."""
    loose: Loose | None = None
    """Cloth that leaves the body."""

    def hair_offset(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Metres by which each point of the mean body (V, 3) is moved outwards."""
        return self.hair_volume * _smooth(self._above_hairline(places), 0, 0.03) * _smooth(places[:, 1], 0.60, 0.66)

    def labels(
        self, places: NDArray[np.float32], front: NDArray[np.bool_], cloth: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        """Garment (M,) at points of the mean body (M, 3), `front` where its surface faces +z, `cloth` on a loose garment's tube."""
        x, y, z = places.T
        reach = np.abs(x)
        opening = np.where(front, self.neckline, 0.0) * np.clip(1 - reach / 0.1, 0, 1)
        upper = "coat" if self.loose and self.loose.kind == "coat" else "dress" if self.dress else "top"
        out = np.full(len(places), garment("face"), np.uint8)
        out[y < 0] = garment("legs")
        out[(reach > 0.2) & (y > 0.3)] = garment("arms")
        out[self._hair(places)] = garment("hair")
        out[(y < self.waist) & (y > self.leg) & (reach < 0.4)] = garment("dress" if self.dress else "trousers")
        out[(y > self.hem) & (reach < self.sleeve) & (y < 0.565 - opening) & (z > -0.2)] = garment(upper)
        out[y < -0.868] = garment("shoes")
        if self.loose:
            out[cloth] = garment(self.loose.kind)
        return out

    def colours(self, places: NDArray[np.float32], front: NDArray[np.bool_], cloth: NDArray[np.bool_]) -> Colours:
        """Albedo (M, 3) in 0..1 of the same points."""
        x, y, z = places.T
        out = self._skin_and_face(places, front & ~cloth)
        label = self.labels(places, front, cloth)
        reach = np.abs(x)
        arm, trunk = (reach > 0.2) & (y > 0.3), y > -0.15
        around = np.where(
            arm,
            np.arctan2(z - ARM[1], y - ARM[0]) * np.float32(0.05),
            np.arctan2(np.where(trunk, x, reach - 0.13), z + 0.02)
            * np.where(trunk, np.float32(0.15), np.float32(0.08)),
        )
        around[cloth] = np.arctan2(x[cloth], z[cloth]) * np.float32(0.2)
        along = np.where(arm, np.float32(0.5) + np.float32(0.19) - reach, y)
        above = np.isin(label, (garment("top"), garment("coat"))) | (label == garment("dress")) & (
            cloth | (y > self.hem)
        )
        below = np.isin(label, (garment("trousers"), garment("skirt"), garment("dress"))) & ~above
        shade = 1 + np.float32(0.07) * self.weave(places)[:, None]
        for where, pattern in ((below, self.bottom), (above, self.top)):
            if where.any():
                out[where] = pattern(along[where], around[where]) * shade[where]
        for picture, side in ((self.logo, front), (self.number, ~front)):
            if picture is not None:
                _stamp(out, picture, above & ~cloth & side & (reach < 0.19), x if side is front else -x, y)
        shoe = label == garment("shoes")
        out[shoe] = np.where((y < -0.94)[shoe, None], np.float32(0.85), self.shoes * shade[shoe])
        return np.clip(out, 0, 1)

    def _above_hairline(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Metres above the hairline: high over the brow, lower at the ears, down to the nape."""
        line = np.interp(places[:, 2], (-0.03, 0.02, 0.07, 0.11, 0.15), (0.64, 0.70, 0.775, 0.79, 0.80))
        drop = self.hairline * _smooth(-places[:, 2], -0.09, 0.0)
        return (places[:, 1] - line + drop).astype(np.float32)

    def _hair(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        head = places[:, 1] > 0.6
        return head & (self._above_hairline(places) > 0.003 * self.weave(places * 3)) & (self.hair_volume > 0)

    def _skin_and_face(self, places: NDArray[np.float32], front: NDArray[np.bool_]) -> Colours:
        x, y, z = places.T
        out = self.skin * (1 + np.float32(0.03) * self.folds(places)[:, None])
        head = y > 0.6
        face = head & front & (z > 0.08)

        def ellipse(cx: float, cy: float, rx: float, ry: float) -> NDArray[np.bool_]:
            return face & (((np.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1)

        out[ellipse(0.045, 0.685, 0.022, 0.016)] *= (1.03, 0.93, 0.93)  # cheeks
        out[ellipse(0.0, 0.643, 0.026, 0.0095)] = self.lips
        if self.beard:
            out[head & (z > 0.05) & (y < 0.668) & ~ellipse(0.0, 0.643, 0.024, 0.008)] = (
                self.hair * 0.7 + self.skin * 0.3
            )
        out[ellipse(0.031, 0.728, 0.0155, 0.0075)] = 0.93
        out[ellipse(0.031, 0.728, 0.0065, 0.0070)] = self.hair * 0.5
        out[ellipse(0.034, 0.7485, 0.0185, 0.0042)] = self.hair * 0.8
        hair = self._hair(places)
        streaks = 1 + np.float32(0.18) * np.sin(places[hair] @ np.array([310, 90, 160], np.float32))
        out[hair] = self.hair * streaks[:, None]
        return out.astype(np.float32)


def draw_look(rng: np.random.Generator) -> Look:
    """A person's appearance."""
    skin = rgb(rng.choice(SKINS)) * rng.uniform(0.93, 1.05, 3).astype(np.float32)
    dress = rng.random() < 0.15
    sleeve = rng.choice([0.17, 0.30, 0.34, 0.44, 0.70], p=[0.12, 0.25, 0.2, 0.08, 0.35])
    leg = -0.5 if dress else rng.choice([-0.25, -0.4, -0.62, -0.87], p=[0.1, 0.15, 0.1, 0.65])
    top, accent = draw_pattern(rng, CLOTHES)
    bottom = top if dress else _plain_or_pattern(rng)
    printed = rng.random()
    return Look(
        skin=skin,
        hair=rgb(rng.choice(HAIRS)),
        hairline=float(rng.choice([0.0, 0.02, 0.07, 0.1])),
        hair_volume=float(rng.choice([0.0, 0.006, 0.014, 0.026], p=[0.06, 0.34, 0.35, 0.25])),
        beard=bool(rng.random() < 0.2),
        lips=np.clip(skin * (0.86, 0.62, 0.62), 0, 1).astype(np.float32),
        top=top,
        bottom=bottom,
        shoes=rgb(rng.choice(SHOES)),
        sleeve=float(sleeve),
        neckline=float(rng.choice([0.01, 0.03, 0.09, 0.14])),
        hem=-0.55 if dress else float(rng.uniform(-0.1, 0.04)),
        leg=float(leg),
        waist=0.05,
        logo=draw_print(rng, accent) if printed < 0.6 else None,
        number=draw_print(rng, accent) if printed < 0.3 else None,
        weave=Waves.draw(rng, 0.012),
        folds=Waves.draw(rng, 0.12),
        dress=dress,
    )


def loosely(look: Look, rng: np.random.Generator) -> Look:
    """The same person in loose clothes: bare legs under a skirt, long sleeves on a coat."""
    loose = draw_loose(rng)
    if loose.kind == "coat":
        return replace(look, loose=loose, sleeve=0.7, hem=0.03, dress=False, number=None)
    hem = min(look.hem, 0.04) if loose.kind == "skirt" else 0.04
    return replace(look, loose=loose, hem=max(hem, 0.0), leg=look.waist, dress=loose.kind == "dress")


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


def _plain_or_pattern(rng: np.random.Generator) -> Pattern:
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


def _stamp(
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


def _smooth(value: NDArray[np.floating], low: float, high: float) -> NDArray[np.float32]:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
