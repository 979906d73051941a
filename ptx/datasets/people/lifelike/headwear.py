"""What lifelike people wear on their heads, and their hair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.cuts import Cut, wear
from ptx.datasets.people.lifelike.figure import Field, Worn
from ptx.datasets.people.lifelike.grids import around, band, bind_grid, box, moved_by
from ptx.datasets.people.lifelike.pack import Pack, Piece, one_of
from ptx.datasets.people.lifelike.shells import brim, edge_of, head_shell, peak
from ptx.geometry.body import Body

Floats = NDArray[np.float32]

BRIM_Y = 0.785
"""Height at which hair ends under a hat."""

HEADWEAR = {"none": 0.73, "fedora": 0.05, "beanie": 0.08, "cap": 0.1, "sun hat": 0.04}
"""Probability of each kind of headwear."""

GLASSES = {"none": 0.82, "sun": 0.11, "clear": 0.07}
"""Probability of each kind of glasses."""

TIED = 0.16
"""Probability that a woman's hair is tied up in a bun, and a tenth of that a man's."""

BUNS = ((0.0, 0.85, 0.0), (0.0, 0.79, -0.075), (0.0, 0.67, -0.08))
"""Where a bun is: on the crown, behind it, in the neck; metres on the mean body in rest."""

EYE = (0.032, 0.727, 0.152)
"""Middle of the left lens of glasses."""

HINGE, EAR = (0.066, 0.733, 0.143), (0.094, 0.73, 0.025)
"""Ends of the left side of glasses."""

HAIRLINE = (-0.04, 0.0, 0.03, 0.07, 0.1, 0.15), (0.64, 0.68, 0.735, 0.765, 0.79, 0.803)
"""z and height of the line that hair combed back begins at."""


def sample_head(pack: Pack, body: Body, sex: str, rng: np.random.Generator, hood: Worn | None = None) -> list[Worn]:
    """Sample lashes, brows, hair, glasses and what is worn on it; under a hood that is up, hair ends at its border."""
    out = []
    for kind in ("lashes", "brows"):
        if pack.of(kind):
            out.append(wear(body, one_of(pack.of(kind), rng), "face"))
    gear = [] if hood else _headwear(pack, body, rng)
    over = hood or (gear[0] if gear else None)
    hair = _hair(pack, body, sex, over, rng)
    return [*out, *hair, *_glasses(body, rng), *gear]


def _hair(pack: Pack, body: Body, sex: str, over: Worn | None, rng: np.random.Generator) -> list[Worn]:
    """Sample hair, cut where something lies `over` it."""
    cuts = [piece for piece in pack.of("hair") if piece.texture]  # without its picture it has no strands
    short = [piece for piece in cuts if piece.name.startswith(("short", "afro"))]
    long = [piece for piece in cuts if piece not in short]
    if rng.random() < (0.12 if sex == "male" else 0.01):
        return []
    if over is None and rng.random() < TIED * (0.1 if sex == "male" else 1):
        return _tied(body, rng)
    chosen = short if rng.random() < (0.85 if sex == "male" else 0.15) else long
    if not chosen:
        return []
    worn = wear(body, one_of(chosen, rng), "hair")
    if over is None:
        return [worn]
    under = Cut(high=BRIM_Y).outside if over.outside is None else _beyond(over.outside)
    return [Worn(worn.piece, "hair", under, worn.hides)]


def _beyond(outside: Field) -> Field:
    """Leave what is beyond the border of something else."""
    return lambda rest: np.asarray(-0.004 - outside(rest), np.float32)


def _tied(body: Body, rng: np.random.Generator) -> list[Worn]:
    """Comb hair back into a bun."""

    def outside(rest: Floats) -> Floats:
        return np.asarray(np.interp(rest[:, 2], *HAIRLINE) - rest[:, 1], np.float32)

    combed = bind_grid(body, "hair", head_shell(body, 0.007), _head(body), moved_by(("head", 1)), kind="combed")
    size = float(rng.uniform(0.065, 0.1))
    bun = bind_grid(
        body,
        "hair",
        box(BUNS[rng.integers(len(BUNS))], (size, 0.85 * size, size), 1.0),
        _head(body),
        moved_by(("head", 1)),
        kind="combed",
    )
    return [_on_head(body, combed, "hair", outside), _on_head(body, bun, "hair")]


def _headwear(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a hat, a cap or a beanie; the part that hair ends at first."""
    kind = rng.choice(list(HEADWEAR), p=list(HEADWEAR.values()))
    hats = pack.of("hat")
    if kind == "none" or (kind == "fedora" and not hats):
        return []
    if kind == "fedora":
        return [wear(body, one_of(hats, rng), "accessory", swell=0.004)]
    shift = float(rng.uniform(-0.012, 0.012))
    line = ((-0.05, 0.03, 0.14), (0.66, 0.7, 0.775)) if kind == "beanie" else ((-0.06, 0.15), (0.735, 0.775))

    def outside(rest: Floats) -> Floats:
        return np.asarray(np.interp(rest[:, 2], *line) + shift - rest[:, 1], np.float32)

    tall = float(rng.uniform(0.0, 0.05)) if kind == "beanie" else float(rng.uniform(0.005, 0.03))
    grid = head_shell(body, 0.012, tall)
    crown = bind_grid(body, "accessory", grid, _head(body), moved_by(("head", 1)), kind="hat")
    worn = [_on_head(body, crown, "accessory", outside)]
    if kind == "beanie":
        return worn
    edge = edge_of(grid, outside)
    if kind == "cap":
        backwards = bool(rng.random() < 0.12)
        visor, gap = peak(edge, float(rng.uniform(0.055, 0.08)), backwards)
        made = bind_grid(body, "accessory", visor, _head(body), moved_by(("head", 1)), kind="hat", left_out=gap)
    else:
        wide = brim(edge, float(rng.uniform(0.07, 0.14)), float(rng.uniform(0.1, 0.45)))
        made = bind_grid(body, "accessory", wide, _head(body), moved_by(("head", 1)), kind="hat")
    return [*worn, _on_head(body, made, "accessory")]


def _glasses(body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample glasses: lenses of the sun's, frames and sides."""
    kind = rng.choice(list(GLASSES), p=list(GLASSES.values()))
    if kind == "none":
        return []
    wide, tall, edge = rng.uniform(0.026, 0.031), rng.uniform(0.02, 0.028), rng.uniform(0.5, 1.0)
    angles = np.append(around(24)[0], 0)
    across = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** edge
    up = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** edge
    grids = []
    for side in (1, -1):
        x = side * EYE[0] + wide * across
        rim = np.stack([x, EYE[1] + tall * up, EYE[2] + 0.006 - 3 * x**2], axis=1).astype(np.float32)
        grids.append(band(rim, np.array([0, 0, 0.002], np.float32), 0.0018))
        if kind == "sun":
            middle = rim[:-1].mean(0)
            grids.append(middle + np.linspace(0, 1, 6, dtype=np.float32)[:, None, None] * (rim[:-1] - middle))
        ends = np.array([HINGE, EAR], np.float32) * (side, 1, 1)
        bow = ends[0] + np.linspace(0, 1, 8, dtype=np.float32)[:, None] * (ends[1] - ends[0])
        grids.append(band(bow, np.array([0, 0.003, 0], np.float32), 0.0015))
    bridge = np.stack([np.linspace(-0.009, 0.009, 5), np.full(5, EYE[1] + 0.006), np.full(5, EYE[2] + 0.008)], axis=1)
    grids.append(band(bridge.astype(np.float32), np.array([0, 0.002, 0], np.float32), 0.0015))
    pieces = [bind_grid(body, "accessory", grid, _head(body), kind="glasses") for grid in grids]
    return [_on_head(body, piece, "accessory") for piece in pieces]


def lowered_hood(body: Body, label: str) -> Worn:
    """Let a hood lie behind the neck: a roll that is thickest in the middle of the back."""
    turn = np.linspace(-2.3, 2.3, 21)
    section = around(12)[0]
    back = np.cos(turn / 2)[:, None] ** 2
    thick = 0.012 + 0.035 * back
    away = 0.085 + thick * np.cos(section)[None]
    grid = np.stack(
        [
            away * np.sin(turn)[:, None],
            0.545 - 0.045 * (1 - back) - 0.02 * back + 1.3 * thick * np.sin(section)[None],
            -0.005 - away * np.cos(turn)[:, None] - 0.02 * back,
        ],
        axis=2,
    ).astype(np.float32)
    near = np.abs(body.v_template[:, 1] - 0.52) < 0.08
    piece = bind_grid(body, label, grid, near, moved_by(("spine3", 0.7), ("neck", 0.3)), kind="hood")
    return _on_head(body, piece, label)


def raised_hood(body: Body, label: str) -> Worn:
    """Wear a hood over the head; its face is open."""

    def outside(rest: Floats) -> Floats:
        face = 1 - (rest[:, 0] / 0.072) ** 2 - ((rest[:, 1] - 0.695) / 0.115) ** 2
        return np.asarray(np.where(rest[:, 2] > 0.045, 0.06 * face, -0.03), np.float32)

    grid = head_shell(body, 0.022, 0.01, lowest=2.75, neck=True)
    piece = bind_grid(body, label, grid, _head(body), kind="hood")
    return _on_head(body, piece, label, outside)


def _on_head(body: Body, piece: Piece, label: str, outside: Field | None = None) -> Worn:
    """Wear something made, which hides no skin."""
    return Worn(piece, label, outside, np.zeros(len(body.v_template), np.bool_))


def _head(body: Body) -> NDArray[np.bool_]:
    """Mark the vertices (B,) of head and neck."""
    return np.asarray((body.v_template[:, 1] > 0.53) & (np.abs(body.v_template[:, 0]) < 0.12), np.bool_)
