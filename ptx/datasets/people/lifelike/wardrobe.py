"""What lifelike people wear: pieces of the pack, cut to other lengths and combined."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Field, Worn
from ptx.datasets.people.lifelike.pack import Pack, Piece
from ptx.datasets.people.lifelike.tubes import hang_from, sample_fall
from ptx.datasets.people.looks import ARM_X, ARM_Y
from ptx.geometry.body import Body
from ptx.labels import GARMENTS

Floats = NDArray[np.float32]

WRIST_X = 0.66
"""|x| at which the longest sleeves of made tops end, metres on the mean body in rest."""

SLEEVES = (0.215, 0.29, 0.34, 0.42, 0.5, WRIST_X)
"""|x| at which sleeves end."""

LEGS = (-0.28, -0.42, -0.55, -0.7, -0.84)
"""Heights at which trousers and leggings end."""

SKIRT_HEMS = (-0.25, -0.38, -0.5, -0.65, -0.8)
"""Heights at which skirts and dresses end."""

WAIST_Y = 0.07
"""Height at which skirts and leggings begin."""

UNDER_BORDER = 0.015
"""Metres by which skin goes on under the border of a cut cloth."""

NECK_X, NECK_Y = 0.1, 0.535
"""|x| within which, and height above which, skin is the neck, which collars stand around but do not hide."""

SHOULDER_SLOPE = 0.8
"""Metres by which a top may go on higher a metre farther from the neck."""

BRIM_Y = 0.785
"""Height at which hair ends under a hat."""

ARMPIT_X = 0.2
"""|x| up to which nothing is cut off as a sleeve."""


@dataclass(frozen=True)
class Cut:
    """Where a piece ends, metres on the mean body in rest."""

    sleeve: float = 2.0
    """|x| of the ends of its sleeves."""
    low: float = -2.0
    """Height of its lower end."""
    high: float = 2.0
    """Height of its upper end."""
    neck: float = 0.0
    """Depth of its neckline in front, below `high`."""

    wide: float = 2.0
    """|x| of its sides."""

    def outside(self, rest: Floats) -> Floats:
        """Compute how far (M,) points (M, 3) in rest lie beyond the ends, metres; negative inside."""
        x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
        arm = np.where((x > ARM_X) & (y > ARM_Y - 0.15), x - self.sleeve, -1.0)
        front = np.clip((z - 0.02) / 0.05, 0, 1) * np.clip(1 - (x / 0.1) ** 2, 0, 1)
        shoulders = (
            SHOULDER_SLOPE * np.maximum(x - 0.06, 0) if self.high > ARM_Y else 0.0
        )  # these rise above the neckline
        upper = y - self.high - shoulders + self.neck * front
        return np.asarray(np.max([arm, self.low - y, upper, x - self.wide], axis=0), np.float32)


def wear(body: Body, piece: Piece, label: str, cut: Cut | None = None, swell: float = 0.0) -> Worn:
    """Wear a piece, cut where `cut` says, `swell` metres looser than it was made."""
    rest = body.v_template
    hides = piece.hides[: len(rest)] & ~((rest[:, 1] > NECK_Y) & (np.abs(rest[:, 0]) < NECK_X))
    if cut is None:
        return Worn(piece, label, None, hides, swell)
    return Worn(piece, label, cut.outside, hides & (cut.outside(rest) < -UNDER_BORDER), swell)


def sample_clothes(pack: Pack, body: Body, sex: str, loose: float, rng: np.random.Generator) -> list[Worn]:
    """Sample clothes and shoes, from the skin outwards; in skirts and dresses with probability `loose` at least."""
    shoes = _shoes(pack, body, rng)
    other = {"female": "male", "male": "female"}[sex]
    for_sex = sex if rng.random() < 0.93 else other
    skirted = rng.random() < max(loose, 0.38 if for_sex == "female" else 0.0)
    if skirted:
        return [*shoes, *_skirted(pack, body, for_sex, rng)]
    suits = pack.of("outfit", "coat", for_sex) if rng.random() < 0.75 else pack.of("outfit", "dress", for_sex)
    if suits and rng.random() < (0.4 if for_sex == "male" else 0.2):
        return [*shoes, *_suit(pack, body, _one(suits, rng), rng)]
    if rng.random() < 0.12:
        return [*shoes, *_trousers(pack, body, for_sex, rng), *_coat(pack, body, rng), *_scarf(pack, body, 0.3, rng)]
    clothes = [*_trousers(pack, body, for_sex, rng), *_top(pack, body, for_sex, rng)]
    return [*shoes, *clothes, *_scarf(pack, body, 0.04, rng)]


def _shoes(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample shoes, most with socks, or bare feet."""
    shoes = pack.of("shoes", "shoes")
    if not shoes or rng.random() > 0.93:
        return []
    chosen = _one(shoes, rng)
    socks = [p for p in pack.of("shoes", "accessory") if _asset(p) == _asset(chosen) and rng.random() < 0.65]
    return [*(wear(body, piece, "accessory") for piece in socks), wear(body, chosen, "shoes")]


def _coat(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a long closed coat, cut from tights and a skirt, over something thin."""
    made, skirts = pack.of("tights"), pack.of("skirt")
    if not made or not skirts:
        return []
    neck = float(rng.uniform(0.05, 0.16))
    inner = Cut(sleeve=ARMPIT_X, low=0.2, high=0.565, neck=0.02)
    upper = Cut(sleeve=WRIST_X, low=WAIST_Y - 0.05, high=0.57, neck=neck)
    tail = Cut(low=float(rng.uniform(-0.6, -0.15)), high=WAIST_Y + 0.03)
    return [
        wear(body, made[0], "top", inner, 0.002),
        wear(body, skirts[0], "coat", tail, 0.012),
        wear(body, made[0], "coat", upper, float(rng.uniform(0.014, 0.026))),
    ]


def _belt(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Now and then a belt, a band of tights."""
    made = pack.of("tights")
    if not made or rng.random() > 0.3:
        return []
    middle, half = WAIST_Y + 0.02, float(rng.uniform(0.012, 0.03))
    return [wear(body, made[0], "accessory", Cut(low=middle - half, high=middle + half, wide=0.3), 0.02)]


def _scarf(pack: Pack, body: Body, share: float, rng: np.random.Generator) -> list[Worn]:
    """Wear a scarf, a collar of tights, with probability `share`."""
    made = pack.of("tights")
    if not made or rng.random() > share:
        return []
    return [wear(body, made[0], "accessory", Cut(low=0.49, wide=0.13), float(rng.uniform(0.025, 0.04)))]


def _asset(piece: Piece) -> str:
    """Name the asset that a piece is of."""
    return piece.name.split(".")[0]


def _suit(pack: Pack, body: Body, piece: Piece, rng: np.random.Generator) -> list[Worn]:
    """Wear an outfit with a coat or in one piece, all of it."""
    parts = [part for part in pack.pieces if _asset(part) == _asset(piece)]
    order = ("trousers", "top", "accessory", "dress", "coat")
    parts.sort(key=lambda part: order.index(GARMENTS[part.label]))
    legs = Cut(low=float(rng.choice(LEGS[:2]))) if rng.random() < 0.1 else None
    return [wear(body, p, GARMENTS[p.label], legs if GARMENTS[p.label] == "trousers" else None) for p in parts]


def _trousers(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample trousers, shorts or leggings."""
    made = pack.of("tights")
    if made and rng.random() < (0.25 if sex == "female" else 0.1):
        cut = Cut(sleeve=ARMPIT_X, low=float(rng.choice(LEGS)), high=WAIST_Y)
        return [wear(body, made[0], "trousers", cut, float(rng.choice([0.0, 0.006])))]
    fits = pack.of("outfit", "trousers", sex)
    if not fits:
        return []
    shorter = Cut(low=float(rng.choice(LEGS))) if rng.random() < 0.3 else None
    return [wear(body, _one(fits, rng), "trousers", shorter)]


def _top(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample a top: an outfit's, often with shorter sleeves, or one cut from tights."""
    made = pack.of("tights")
    if made and rng.random() < 0.35:
        cut = Cut(
            sleeve=float(rng.choice(SLEEVES, p=(0.2, 0.2, 0.25, 0.1, 0.05, 0.2))),
            low=WAIST_Y - 0.03 if rng.random() < 0.35 else float(rng.uniform(-0.12, 0.04)),
            high=float(rng.uniform(0.545, 0.575)),
            neck=float(rng.choice([0.01, 0.03, 0.07, 0.11])),
        )
        return [wear(body, made[0], "top", cut, float(rng.choice([0.006, 0.012, 0.02])))]
    fits = [p for p in pack.of("outfit", "top", sex) if _asset(p) not in _SUITS]
    if not fits:
        return []
    shorter = Cut(sleeve=float(rng.choice(SLEEVES[1:5]))) if rng.random() < 0.25 else None
    return [wear(body, _one(fits, rng), "top", shorter)]


_SUITS = ("male_elegantsuit01", "male_casualsuit05", "male_worksuit01")
"""Outfits whose tops are made to be under something."""


def _skirted(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample a skirt with a top, or a dress."""
    made = pack.of("tights")
    if made and rng.random() < 0.5:
        return _dress(pack, body, rng)
    fits = pack.of("outfit", "skirt", sex)
    if fits and rng.random() < 0.12:
        return [wear(body, _one(fits, rng), "skirt"), *_tucked(body, _top(pack, body, sex, rng))]
    top = _tucked(body, _top(pack, body, sex, rng))
    return [hang_from(body, "skirt", sample_fall(WAIST_Y + 0.03, rng), rng), *top, *_belt(pack, body, rng)]


def _dress(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a dress: a bodice of tights, and a tube from the waist, from under the bust or from the bust."""
    seam = float(rng.choice([WAIST_Y + 0.03, 0.21, 0.3], p=[0.65, 0.15, 0.2]))
    bodice = Cut(
        sleeve=float(rng.choice(SLEEVES, p=(0.35, 0.2, 0.15, 0.1, 0.05, 0.15))),
        low=seam - 0.05,
        high=float(rng.uniform(0.5, 0.57)),
        neck=float(rng.choice([0.01, 0.04, 0.09])),
    )
    lower = hang_from(body, "dress", sample_fall(seam, rng), rng)
    belt = _belt(pack, body, rng) if seam < 0.2 else []
    return [lower, wear(body, pack.of("tights")[0], "dress", bodice, 0.002), *belt]


def _tucked(body: Body, tops: list[Worn]) -> list[Worn]:
    """End tops at the waist, where a skirt goes on."""
    waist = Cut(low=WAIST_Y)
    rest = waist.outside(body.v_template) < -UNDER_BORDER
    out = []
    for top in tops:
        own = top.outside
        both = waist.outside if own is None else _farther(own, waist.outside)
        out.append(replace(top, outside=both, hides=top.hides & rest))
    return out


def _farther(first: Field, second: Field) -> Field:
    """Combine two cuts."""
    return lambda rest: np.maximum(first(rest), second(rest))


def sample_head(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample lashes, brows, hair and now and then a hat."""
    out = []
    for kind in ("lashes", "brows"):
        if pack.of(kind):
            out.append(wear(body, _one(pack.of(kind), rng), "face"))
    cuts = [piece for piece in pack.of("hair") if piece.texture]  # without its picture it has no strands
    short = [piece for piece in cuts if piece.name.startswith(("short", "afro"))]
    long = [piece for piece in cuts if piece not in short]
    bald = rng.random() < (0.12 if sex == "male" else 0.01)
    chosen = short if rng.random() < (0.85 if sex == "male" else 0.15) else long
    hats = pack.of("hat") if rng.random() < 0.1 else []
    if chosen and not bald:
        out.append(wear(body, _one(chosen, rng), "hair", Cut(high=BRIM_Y) if hats else None))
    return [*out, *([wear(body, _one(hats, rng), "accessory", swell=0.004)] if hats else [])]


def _one(pieces: list[Piece], rng: np.random.Generator) -> Piece:
    """Choose a piece."""
    return pieces[rng.integers(len(pieces))]
