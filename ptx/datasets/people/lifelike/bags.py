"""Bags: held, across the body, on the back. Boxes with straps, which are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.cuts import ARMPIT_X, Cut, both
from ptx.datasets.people.lifelike.figure import Field, Worn
from ptx.datasets.people.lifelike.grids import band, bind_grid, box, moved_by
from ptx.datasets.people.lifelike.hanging import Held
from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.lifelike.tubes import reach_around
from ptx.geometry.body import Body
from ptx.geometry.joints import joint

Floats = NDArray[np.float32]

BAGS = {"none": 0.78, "held": 0.08, "across": 0.08, "back": 0.06}
"""Probability of each way to wear a bag."""

STRAP = 0.012
"""Half the width of a strap, metres."""

OVER_CLOTHES = 0.03
"""Metres that straps lie off the skin."""

SHOULDERS_Y = 0.5
"""Height of the shoulders that a strap lies on, on the mean body in rest."""


def sample_bag(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Sample a bag, or none."""
    where = rng.choice(list(BAGS), p=list(BAGS.values()))
    if where == "held":
        return _held(body, rng)
    if where == "none" or not pack.of("tights"):
        return []
    return _across(pack, body, rng) if where == "across" else _on_back(pack, body, rng)


def _held(body: Body, rng: np.random.Generator) -> list[Worn]:
    """Hold a bag by its handles: it hangs from the hand, whatever the arm does."""
    side = float(rng.choice([-1.0, 1.0]))
    name = "left_hand" if side > 0 else "right_hand"
    hand = body.joint_template[joint(name)] + (side * 0.02, -0.035, 0)
    wide, tall, deep = rng.uniform(0.18, 0.36), rng.uniform(0.14, 0.34), rng.uniform(0.06, 0.13)
    drop = float(rng.uniform(0.06, 0.2))
    middle = (float(hand[0]), float(hand[1] - drop - tall / 2), float(hand[2]))
    near = np.abs(body.v_template[:, 0] - hand[0]) < 0.06
    skin = moved_by((name, 1))
    angle = np.linspace(0, np.pi, 13)
    worn = [_piece(body, box(middle, (deep, tall, wide), float(rng.uniform(0.2, 0.5))), near, skin, Held(joint(name)))]
    for shift in (-0.3, 0.3):
        path = np.stack(
            [
                middle[0] + shift * deep + 0 * angle,
                hand[1] - drop - 0.02 + (drop + 0.02) * np.sin(angle),
                middle[2] + 0.25 * wide * np.cos(angle),
            ],
            axis=1,
        )
        strap = band(path.astype(np.float32), np.array([0.007, 0, 0], np.float32), 0.003)
        worn.append(_piece(body, strap, near, skin, Held(joint(name))))
    return worn


def _across(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Wear a bag at a hip, its strap over the other shoulder."""
    side = float(rng.choice([-1.0, 1.0]))
    wide, tall, deep = rng.uniform(0.18, 0.3), rng.uniform(0.14, 0.24), rng.uniform(0.05, 0.09)
    turned = side * float(rng.uniform(0.5, 1.2))
    reach = reach_around(body, 0.1, -0.1)
    far = float(reach[len(reach) // 2, round(turned / (2 * np.pi) * reach.shape[1]) % reach.shape[1]])
    grid = box((0, 0, 0), (wide, tall, deep))
    cosine, sine = np.cos(turned), np.sin(turned)
    out = far + deep / 2 + 0.03
    x, z = grid[..., 0] * cosine + (grid[..., 2] + out) * sine, (grid[..., 2] + out) * cosine - grid[..., 0] * sine
    grid = np.stack([x, grid[..., 1] + np.float32(rng.uniform(-0.14, 0.0)), z], axis=2).astype(np.float32)
    low, high = np.array([side * 0.2, 0.0]), np.array([-side * 0.1, SHOULDERS_Y + 0.07])
    line = (high - low) / np.linalg.norm(high - low)

    def beside(rest: Floats) -> Floats:
        away = (rest[:, 0] - low[0]) * line[1] - (rest[:, 1] - low[1]) * line[0]
        return np.asarray(np.abs(away) - STRAP, np.float32)

    near = np.abs(body.v_template[:, 1]) < 0.2
    return [_strap(pack, body, beside), _piece(body, grid, near, moved_by(("pelvis", 0.8), ("spine1", 0.2)))]


def _on_back(pack: Pack, body: Body, rng: np.random.Generator) -> list[Worn]:
    """Wear a rucksack."""
    wide, tall, deep = rng.uniform(0.24, 0.32), rng.uniform(0.34, 0.44), rng.uniform(0.1, 0.18)
    grid = box((0.0, float(0.5 - tall / 2), float(-0.115 - deep / 2)), (wide, tall, deep), float(rng.uniform(0.3, 0.6)))
    near = (body.v_template[:, 2] < 0) & (np.abs(body.v_template[:, 1] - 0.35) < 0.2)

    def beside(rest: Floats) -> Floats:
        return np.asarray(np.abs(np.abs(rest[:, 0]) - 0.115) - 1.6 * STRAP, np.float32)

    return [
        _strap(pack, body, both(beside, Cut(low=0.22).outside)),
        _piece(body, grid, near, moved_by(("spine3", 0.7), ("spine2", 0.3))),
    ]


def _strap(pack: Pack, body: Body, outside: Field) -> Worn:
    """Wear a strap: what a field leaves of tights, over all clothes."""
    nothing = np.zeros(len(body.v_template), np.bool_)
    trunk = Cut(sleeve=ARMPIT_X, low=-0.05, high=0.6)
    return Worn(pack.of("tights")[0], "accessory", both(outside, trunk.outside), nothing, OVER_CLOTHES)


def _piece(body: Body, grid: Floats, near: NDArray[np.bool_], skin: Floats, hangs: Held | None = None) -> Worn:
    """Wear a part of a bag."""
    nothing = np.zeros(len(body.v_template), np.bool_)
    return Worn(bind_grid(body, "accessory", grid, near, skin, kind="bag"), "accessory", None, nothing, hangs=hangs)
