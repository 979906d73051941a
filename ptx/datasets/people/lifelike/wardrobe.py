"""What lifelike people wear: pieces of the pack, cut to other lengths and combined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ptx.datasets.people.lifelike.bags import sample_bag
from ptx.datasets.people.lifelike.cuts import ARMPIT_X, UNDER_BORDER, Cut, both, loosely, wear
from ptx.datasets.people.lifelike.figure import Worn
from ptx.datasets.people.lifelike.headwear import lowered_hood, raised_hood
from ptx.datasets.people.lifelike.pack import Pack, Piece, one_of
from ptx.datasets.people.lifelike.tubes import Fall, hang_from, sample_fall
from ptx.geometry.body import Body
from ptx.labels import GARMENTS

WRIST_X = 0.66
"""|x| at which the longest sleeves of made tops end, metres on the mean body in rest."""

SLEEVES = (0.215, 0.29, 0.34, 0.42, 0.5, WRIST_X)
"""|x| at which sleeves end."""

LEGS = (-0.28, -0.42, -0.55, -0.7, -0.84)
"""Heights at which trousers and leggings end."""

OVER_TROUSERS = 0.025
"""Metres that what falls over trousers stays off the skin."""

WAIST_Y = 0.07
"""Height at which skirts and leggings begin."""


def sample_clothes(pack: Pack, body: Body, sex: str, loose: float, rng: np.random.Generator) -> list[Worn]:
    """Sample clothes and shoes, from the skin outwards; in skirts and dresses with probability `loose` at least."""
    shoes = _shoes(pack, body, rng)
    other = {"female": "male", "male": "female"}[sex]
    for_sex = sex if rng.random() < 0.93 else other
    if rng.random() < max(loose, 0.42 if for_sex == "female" else 0.0):
        clothes = _skirted(pack, body, for_sex, rng)
    else:
        clothes = _trousered(pack, body, for_sex, rng)
    return [*shoes, *clothes, *_scarf(pack, body, 0.05, rng), *sample_bag(pack, body, rng)]


def _trousered(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample a suit, a jumpsuit, or trousers with a top, many under a coat or a jacket."""
    suits = pack.of("outfit", "coat", sex) if rng.random() < 0.75 else pack.of("outfit", "dress", sex)
    if suits and rng.random() < (0.3 if sex == "male" else 0.08):
        return _suit(pack, body, one_of(suits, rng), rng)
    if pack.of("tights") and rng.random() < (0.03 if sex == "male" else 0.1):
        return _jumpsuit(pack, body, rng)
    trousers, kind = _trousers(pack, body, sex, rng), rng.random()
    if kind < 0.1:
        return [*trousers, *_coat(pack, body, rng)]
    if kind < 0.3:
        return [*trousers, *_under(pack, body, rng), *_jacket(pack, body, rng)]
    if kind < 0.45:
        return [*trousers, *_blouse(pack, body, rng)]
    return [*trousers, *_top(pack, body, sex, rng)]


def _shoes(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample shoes, most with socks, or bare feet."""
    shoes = pack.of("shoes", "shoes")
    if not shoes or rng.random() > 0.93:
        return []
    chosen = one_of(shoes, rng)
    socks = [p for p in pack.of("shoes", "accessory") if _asset(p) == _asset(chosen) and rng.random() < 0.65]
    return [*(wear(body, piece, "accessory") for piece in socks), wear(body, chosen, "shoes")]


def _coat(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a long coat, closed or open in front, over something thin: tights and a tube."""
    made = pack.of("tights")
    if not made:
        return []
    gap = float(rng.uniform(0.02, 0.07)) if rng.random() < 0.5 else 0.0
    upper = Cut(WRIST_X, WAIST_Y - 0.05, 0.57, 0.0 if gap else float(rng.uniform(0.05, 0.16)))
    swell = float(rng.uniform(0.014, 0.024))
    hem, flare = float(rng.uniform(-0.6, -0.15)), float(rng.uniform(0.05, 0.2))
    tail = Fall(WAIST_Y + 0.03, hem, flare, flare + 0.08, 7, open=gap / 0.14, slack=swell, clear=OVER_TROUSERS)
    tails = hang_from(body, "coat", tail, rng)
    halves = _opened(upper, gap) if gap else [upper]
    uppers = [wear(body, made[0], "coat", half, swell) for half in halves]
    return [*_under(pack, body, rng), tails, *uppers, *_hood(body, "coat", 0.15, rng)]


def _opened(cut: Cut, gap: float, spread: float = 0.0) -> list[Cut]:
    """Open a cut in front: its two halves, `gap` metres from the middle at the neck, `spread` more a metre down."""
    return [replace(cut, side=side, open=gap, spread=spread) for side in (1, -1)]


def _under(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample something thin to be worn under a jacket."""
    made = pack.of("tights")
    cut = Cut(sleeve=0.29, low=float(rng.uniform(-0.05, 0.06)), high=0.56, neck=float(rng.choice([0.01, 0.04, 0.08])))
    return [wear(body, made[0], "top", cut, 0.004)] if made else []


def _jacket(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a jacket or a cardigan that is open in front."""
    made = pack.of("tights")
    if not made:
        return []
    cut = Cut(
        sleeve=float(rng.choice([0.5, WRIST_X, WRIST_X])),
        low=float(rng.uniform(-0.1, 0.06)),
        high=0.575,
    )
    halves = _opened(cut, float(rng.uniform(0.015, 0.06)), float(rng.uniform(0.0, 0.2)))
    swell = loosely(float(rng.uniform(0.014, 0.02)), float(rng.uniform(0, 0.05)), float(rng.uniform(0, 0.04)))
    return [*(wear(body, made[0], "coat", half, swell) for half in halves), *_hood(body, "coat", 0.3, rng)]


def _blouse(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a top that falls loosely from the chest over trousers: a shirt, a tunic, a hooded sweater."""
    made = pack.of("tights")
    if not made:
        return []
    seam, slack = 0.3, float(rng.uniform(0.012, 0.03))
    cut = Cut(
        float(rng.choice(SLEEVES)), seam - 0.03, float(rng.uniform(0.545, 0.575)), float(rng.choice([0.01, 0.03, 0.08]))
    )
    flare = float(rng.uniform(0, 0.2))
    fall = Fall(seam, float(rng.uniform(-0.2, 0.0)), flare, flare + 0.06, 7, slack=slack, clear=OVER_TROUSERS)
    upper = wear(body, made[0], "top", cut, loosely(0.6 * slack, 0.0, float(rng.uniform(0, 0.06))))
    return [hang_from(body, "top", fall, rng), upper, *(_hood(body, "top", 0.35, rng) if cut.neck < 0.02 else [])]


def _jumpsuit(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Wear tights from the shoulders to the legs as one cloth, its legs often wide."""
    cut = Cut(
        sleeve=float(rng.choice(SLEEVES)),
        low=float(rng.choice(LEGS, p=(0.15, 0.05, 0.1, 0.2, 0.5))),
        high=float(rng.uniform(0.5, 0.57)),
        neck=float(rng.choice([0.01, 0.04, 0.1])),
    )
    wide = float(rng.choice([0.0, 0.03, 0.07]))
    return [wear(body, pack.of("tights")[0], "dress", cut, loosely(0.008, wide, 0.0)), *_belt(pack, body, rng)]


def _hood(body: Body, label: str, share: float, rng: np.random.Generator) -> list[Worn]:
    """Wear a hood, of the cloth of what it is sewn to, with probability `share`: most lie on the shoulders."""
    if rng.random() > share:
        return []
    return [raised_hood(body, label) if rng.random() < 0.25 else lowered_hood(body, label)]


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
    if made and rng.random() < (0.35 if sex == "female" else 0.15):
        cut = Cut(sleeve=ARMPIT_X, low=float(rng.choice(LEGS)), high=WAIST_Y)
        wide = float(rng.choice([0.0, 0.03, 0.07])) if cut.low < LEGS[1] else 0.02
        return [wear(body, made[0], "trousers", cut, loosely(0.006 if wide else 0.001, wide, 0.0))]
    fits = pack.of("outfit", "trousers", sex)
    if not fits:
        return []
    shorter = Cut(low=float(rng.choice(LEGS))) if rng.random() < 0.3 else None
    return [wear(body, one_of(fits, rng), "trousers", shorter)]


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
    return [wear(body, one_of(fits, rng), "top", shorter)]


_SUITS = ("male_elegantsuit01", "male_casualsuit05", "male_worksuit01")
"""Outfits whose tops are made to be under something."""


def _skirted(pack: Pack, body: Body, sex: str, rng: np.random.Generator) -> list[Worn]:
    """Sample a skirt with a top, or a dress."""
    made = pack.of("tights")
    if made and rng.random() < 0.5:
        return _dress(pack, body, rng)
    fits = pack.of("outfit", "skirt", sex)
    if fits and rng.random() < 0.12:
        return [wear(body, one_of(fits, rng), "skirt"), *_tucked(body, _top(pack, body, sex, rng))]
    top = _tucked(body, _top(pack, body, sex, rng))
    over = _jacket(pack, body, rng) if rng.random() < 0.2 else _belt(pack, body, rng)
    return [hang_from(body, "skirt", sample_fall(WAIST_Y + 0.03, rng), rng), *top, *over]


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
    return [replace(top, outside=both(top.outside, waist.outside), hides=top.hides & rest) for top in tops]
