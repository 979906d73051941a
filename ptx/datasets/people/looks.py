"""Looks of synthetic people: skin, face, hair and clothes, as colours and labels of points of the body.

Everything is a function of a point of the mean body in rest (metres, T-pose), called `rest` here, so that the same cloth follows
every shape and pose. Heights and widths are measured on that body: shoulders at x = ±0.19, y = 0.50, knees at y = -0.44.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.garments import LooseGarment, sample_loose_garment
from ptx.datasets.people.patterns import (
    CLOTH_COLOURS,
    Colours,
    Pattern,
    Waves,
    lay_print,
    rgb,
    sample_pattern,
    sample_print,
    sample_trousers,
)
from ptx.labels import garment

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SKIN_COLOURS = ("f6d7c3", "eec1a1", "dfaa85", "c98e66", "a9704a", "80502f", "5b3a25", "432a1c")
"""Colours of skin, hex RGB."""

HAIR_COLOURS = ("1a1512", "2e2019", "4c3222", "70482a", "a5783f", "cfae6b", "8d8a86", "7c3a1d")
"""Colours of hair, hex RGB."""

SHOE_COLOURS = ("f2f2f0", "151515", "6a4127", "8c1d26", "27405f", "b9b2a6")
"""Colours of shoes, hex RGB."""

ARM_AXIS = np.array((0.496, 0.014), np.float32)
"""y, z of the axis of both arms, metres."""

SHOULDER_X = 0.19
"""|x| of the shoulders, metres."""

ARM_X = 0.2
"""|x| beyond which points above `ARM_Y` are on an arm, metres."""

ARM_Y = 0.3
"""Height above which points beyond `ARM_X` are on an arm, metres."""

CROTCH_Y = -0.15
"""Height below which points are on a leg, metres."""

LEG_X = 0.13
"""|x| of the axis of the legs, metres."""

NECK_Y = 0.565
"""Height at which tops end, metres."""

HEAD_Y = 0.6
"""Height above which points are on the head, metres."""

SHOE_Y = -0.868
"""Height at which shoes end, metres."""

SOLE_Y = -0.94
"""Height of the upper edge of the soles, metres."""

RADII = (0.05, 0.15, 0.08, 0.2)
"""Radii of arms, trunk, legs and loose cloth, metres, by which angles become lengths around them."""


@dataclass(frozen=True)
class Look:
    """One person's appearance; heights are y of the mean body in rest, metres."""

    skin: Colours
    """(3,)."""
    hair: Colours
    """(3,)."""
    hairline: float
    """Metres by which hair reaches lower than on a short cut."""
    hair_volume: float
    """Metres by which hair stands off the head; 0 is shaven."""
    beard: bool
    """True where the chin is covered with hair."""
    lips: Colours
    """(3,)."""
    top: Pattern
    """Cloth of top, dress or coat."""
    bottom: Pattern
    """Cloth of trousers or skirt."""
    shoes: Colours
    """(3,)."""
    sleeve: float
    """|x| at which sleeves end, metres."""
    neckline: float
    """Depth of the neckline in front, metres."""
    hem: float
    """Height at which the top ends."""
    leg: float
    """Height at which trousers end."""
    waist: float
    """Height at which trousers begin."""
    logo: Colours | None
    """Print on the chest, of `sample_print`."""
    number: Colours | None
    """Print on the back."""
    weave: Waves
    """Fine shades of cloth."""
    folds: Waves
    """Coarse relief of cloth and skin."""
    dress: bool = False
    """True where top and bottom are one."""
    loose: LooseGarment | None = None
    """Cloth that leaves the body."""

    def hair_offset(self, rest: Floats) -> Floats:
        """Compute the distance (V,) in metres by which each point (V, 3) is moved outwards by hair."""
        above_hairline = _smoothstep(self._above_hairline(rest), 0, 0.03)
        return np.asarray(self.hair_volume * above_hairline * _smoothstep(rest[:, 1], 0.60, 0.66), np.float32)

    def labels(self, rest: Floats, front: Mask, cloth: Mask) -> NDArray[np.uint8]:
        """Return the garment labels (M,) (`ptx.labels`) of points.

        Args:
            rest: (M, 3) points.
            front: (M,) True where the surface faces +z.
            cloth: (M,) True on the tube of a loose garment.
        """
        x, y, z = rest.T
        from_middle = np.abs(x)
        opening = np.where(front, self.neckline, 0.0) * np.clip(1 - from_middle / 0.1, 0, 1)
        upper = "coat" if self.loose and self.loose.kind == "coat" else "dress" if self.dress else "top"
        on_legs = (y < self.waist) & (y > self.leg) & (from_middle < 0.4)
        on_trunk = (y > self.hem) & (from_middle < self.sleeve) & (y < NECK_Y - opening) & (z > -0.2)
        out = np.full(len(rest), garment("face"), np.uint8)
        out[y < 0] = garment("legs")
        out[(from_middle > ARM_X) & (y > ARM_Y)] = garment("arms")
        out[self._is_hair(rest)] = garment("hair")
        out[on_legs] = garment("dress" if self.dress else "trousers")
        out[on_trunk] = garment(upper)
        out[y < SHOE_Y] = garment("shoes")
        if self.loose:
            out[cloth] = garment(self.loose.kind)
        return out

    def colours(self, rest: Floats, front: Mask, cloth: Mask) -> Colours:
        """Return the albedo (M, 3) in 0..1 of points; arguments as for `labels`."""
        x, y, _ = rest.T
        out = self._skin_and_face(rest, front & ~cloth)
        label = self.labels(rest, front, cloth)
        along, around = cloth_coordinates(rest, cloth)
        dress = label == garment("dress")
        upper = np.isin(label, (garment("top"), garment("coat"))) | dress & (cloth | (y > self.hem))
        lower = np.isin(label, (garment("trousers"), garment("skirt"), garment("dress"))) & ~upper
        shade = 1 + np.float32(0.07) * self.weave(rest)[:, None]
        for where, pattern in ((lower, self.bottom), (upper, self.top)):
            if where.any():
                out[where] = pattern(along[where], around[where]) * shade[where]
        printable = upper & ~cloth & (np.abs(x) < SHOULDER_X)
        if self.logo is not None:
            lay_print(out, self.logo, printable & front, x, y)
        if self.number is not None:
            lay_print(out, self.number, printable & ~front, -x, y)
        shoe = label == garment("shoes")
        out[shoe] = np.where((y < SOLE_Y)[shoe, None], np.float32(0.85), self.shoes * shade[shoe])
        return np.clip(out, 0, 1)

    def _above_hairline(self, rest: Floats) -> Floats:
        """Compute the height (M,) in metres above the hairline: high over the brow, lower at the ears, down to the nape."""
        line = np.interp(rest[:, 2], (-0.03, 0.02, 0.07, 0.11, 0.15), (0.64, 0.70, 0.775, 0.79, 0.80))
        drop = self.hairline * _smoothstep(-rest[:, 2], -0.09, 0.0)
        return (rest[:, 1] - line + drop).astype(np.float32)

    def _is_hair(self, rest: Floats) -> Mask:
        """Mark the points (M,) with hair."""
        above = self._above_hairline(rest) > 0.003 * self.weave(rest * 3)
        return np.asarray((rest[:, 1] > HEAD_Y) & above & (self.hair_volume > 0), np.bool_)

    def _skin_and_face(self, rest: Floats, front: Mask) -> Colours:
        """Colour (M, 3) the bare person: skin, cheeks, lips, beard, eyes, brows and hair."""
        x, y, z = rest.T
        out = self.skin * (1 + np.float32(0.03) * self.folds(rest)[:, None])
        head = y > HEAD_Y
        face = head & front & (z > 0.08)

        def ellipse(cx: float, cy: float, rx: float, ry: float) -> Mask:
            """Mark an ellipse on the face, and its mirror image: centre and radii in metres."""
            return np.asarray(face & (((np.abs(x) - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1), np.bool_)

        out[ellipse(0.045, 0.685, 0.022, 0.016)] *= (1.03, 0.93, 0.93)  # cheeks
        out[ellipse(0.0, 0.643, 0.026, 0.0095)] = self.lips
        if self.beard:
            chin = head & (z > 0.05) & (y < 0.668) & ~ellipse(0.0, 0.643, 0.024, 0.008)
            out[chin] = self.hair * 0.7 + self.skin * 0.3
        out[ellipse(0.031, 0.728, 0.0155, 0.0075)] = 0.93  # whites of the eyes
        out[ellipse(0.031, 0.728, 0.0065, 0.0070)] = self.hair * 0.5  # irises
        out[ellipse(0.034, 0.7485, 0.0185, 0.0042)] = self.hair * 0.8  # brows
        hair = self._is_hair(rest)
        streaks = 1 + np.float32(0.18) * np.sin(rest[hair] @ np.array([310, 90, 160], np.float32))
        out[hair] = self.hair * streaks[:, None]
        return out.astype(np.float32)


def cloth_coordinates(rest: Floats, cloth: Mask) -> tuple[Floats, Floats]:
    """Unroll clothes: return along the limb or trunk and around it, metres (M,), of points (M, 3), `cloth` (M,) on a loose tube."""
    x, y, z = rest.T
    arm_radius, trunk_radius, leg_radius, loose_radius = (np.float32(radius) for radius in RADII)
    from_middle = np.abs(x)
    arm = (from_middle > ARM_X) & (y > ARM_Y)
    trunk = y > CROTCH_Y
    around_arm = np.arctan2(z - ARM_AXIS[1], y - ARM_AXIS[0]) * arm_radius
    around_body = np.arctan2(np.where(trunk, x, from_middle - LEG_X), z + 0.02)
    around = np.where(arm, around_arm, around_body * np.where(trunk, trunk_radius, leg_radius))
    around[cloth] = np.arctan2(x[cloth], z[cloth]) * loose_radius
    along = np.where(arm, np.float32(0.5) + np.float32(SHOULDER_X) - from_middle, y)
    return along, around


def sample_look(rng: np.random.Generator) -> Look:
    """Sample a person's appearance, in clothes that fit closely."""
    skin = rgb(rng.choice(SKIN_COLOURS)) * rng.uniform(0.93, 1.05, 3).astype(np.float32)
    dress = rng.random() < 0.15
    sleeve = rng.choice([0.17, 0.30, 0.34, 0.44, 0.70], p=[0.12, 0.25, 0.2, 0.08, 0.35])
    leg = -0.5 if dress else rng.choice([-0.25, -0.4, -0.62, -0.87], p=[0.1, 0.15, 0.1, 0.65])
    top, accent = sample_pattern(rng, CLOTH_COLOURS)
    bottom = top if dress else sample_trousers(rng)
    printed = rng.random()
    return Look(
        skin=skin,
        hair=rgb(rng.choice(HAIR_COLOURS)),
        hairline=float(rng.choice([0.0, 0.02, 0.07, 0.1])),
        hair_volume=float(rng.choice([0.0, 0.006, 0.014, 0.026], p=[0.06, 0.34, 0.35, 0.25])),
        beard=bool(rng.random() < 0.2),
        lips=np.clip(skin * (0.86, 0.62, 0.62), 0, 1).astype(np.float32),
        top=top,
        bottom=bottom,
        shoes=rgb(rng.choice(SHOE_COLOURS)),
        sleeve=float(sleeve),
        neckline=float(rng.choice([0.01, 0.03, 0.09, 0.14])),
        hem=-0.55 if dress else float(rng.uniform(-0.1, 0.04)),
        leg=float(leg),
        waist=0.05,
        logo=sample_print(rng, accent) if printed < 0.6 else None,
        number=sample_print(rng, accent) if printed < 0.3 else None,
        weave=Waves.sample(rng, 0.012),
        folds=Waves.sample(rng, 0.12),
        dress=dress,
    )


def wear_loose(look: Look, rng: np.random.Generator) -> Look:
    """Dress the same person in loose clothes: bare legs under a skirt, long sleeves on a coat."""
    loose = sample_loose_garment(rng)
    if loose.kind == "coat":
        return replace(look, loose=loose, sleeve=0.7, hem=0.03, dress=False, number=None)
    hem = min(look.hem, 0.04) if loose.kind == "skirt" else 0.04
    return replace(look, loose=loose, hem=max(hem, 0.0), leg=look.waist, dress=loose.kind == "dress")


def _smoothstep(value: NDArray[np.floating], low: float, high: float) -> Floats:
    """Rise smoothly from 0 at values <= low to 1 at values >= high."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
