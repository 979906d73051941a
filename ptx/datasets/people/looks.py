"""What a synthetic person looks like: skin, face, hair and clothes, as colours of points of the body.

Everything is a function of a point's place on the mean body in rest (metres, T-pose), so that the same cloth follows
every shape and pose. Places below are read off that body: shoulders at x = ±0.19, y = 0.50, knees at y = -0.44.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.garments import Loose, draw_loose
from ptx.datasets.people.patterns import (
    CLOTHES,
    Colours,
    Pattern,
    Waves,
    draw_pattern,
    draw_print,
    draw_trousers,
    rgb,
    stamp,
)
from ptx.labels import garment

SKINS = ("f6d7c3", "eec1a1", "dfaa85", "c98e66", "a9704a", "80502f", "5b3a25", "432a1c")
HAIRS = ("1a1512", "2e2019", "4c3222", "70482a", "a5783f", "cfae6b", "8d8a86", "7c3a1d")
SHOES = ("f2f2f0", "151515", "6a4127", "8c1d26", "27405f", "b9b2a6")

ARM = np.array((0.496, 0.014), np.float32)
"""y, z of the axis of both arms in rest."""


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
                stamp(out, picture, above & ~cloth & side & (reach < 0.19), x if side is front else -x, y)
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
    bottom = top if dress else draw_trousers(rng)
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


def _smooth(value: NDArray[np.floating], low: float, high: float) -> NDArray[np.float32]:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
