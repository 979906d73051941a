"""Legs that the photograph ends above: what is worn goes on down to the ankle, at least as wide as where it is last seen."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.dressing.displacements import ControlBasis, control_basis
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.joints import joint
from ptx.geometry.zones import body_zones

Floats = NDArray[np.float64]

NEAR = 0.15
"""Metres above the photograph's edge in which the width is measured."""

WIDEST = 0.05
"""Metres that cloth stands off the legs at most."""

TROUSERS, WIDENING = 0.025, 0.25
"""Metres that trousers stand off the legs at least, and metres below the edge from which they do."""

SHOES = 0.008
"""Metres that shoes stand off the feet."""

FEWEST = 3
"""Fewest control vertices that the width is measured at."""


class _Legs(NamedTuple):
    """Control vertices on the legs."""

    place: Floats
    """(K, 3) middle of the vertices that depend on each, metres."""
    share: Floats
    """(2, K) share of each that is on the left and on the right leg, with its foot."""
    feet: Floats
    """(K,) share that is on a foot."""


@lru_cache(maxsize=4)
def _legs(body: Body) -> _Legs:
    basis = control_basis(body)
    sides = [[joint(f"{side}_{name}") for name in ("hip", "knee", "ankle", "foot")] for side in ("left", "right")]
    legs = np.stack([body.weights[:, joints].sum(1) for joints in sides], axis=1)
    mean = _mean(basis, np.column_stack([body.v_template, legs, body_zones(body).feet]))
    return _Legs(mean[:, :3], mean[:, 3:5].T, mean[:, 5])


def _mean(basis: ControlBasis, values: NDArray[np.floating]) -> Floats:
    """Mean (K, C) of values (V, C) over the vertices that depend on each control vertex."""
    total = np.asarray(basis.weights.sum(axis=0)).reshape(-1, 1)
    return np.asarray(basis.weights.T @ values / np.maximum(total, 1e-9), np.float64)


def displace_legs(body: Body, posed: Posed, heights: Floats, person: Person) -> Floats:
    """Displace the part of each leg that lies beyond the photograph's edge: as far as just above it, or as trousers; feet get shoes.

    Args:
        body: the body model.
        posed: pose, shape and camera.
        heights: (K,) displacements at the control vertices, metres.
        person: size and area of their picture, and whether they wear trousers, count.

    Returns:
        (K,) metres.
    """
    points = posed.points(body)
    column, row = np.rint(points[:, 0]).astype(int), np.rint(points[:, 1]).astype(int)
    inside = (row >= 0) & (row < person.size[0]) & (column >= 0) & (column < person.size[1])
    if person.area is not None:
        inside[inside] = person.area[row[inside], column[inside]]
    legs = _legs(body)
    beyond = 1 - _mean(control_basis(body), inside[:, None].astype(np.float64))[:, 0]
    out = np.array(heights, np.float64)
    for share in legs.share:
        cut_off = (share > 0.5) & (beyond > 0.5)
        near = (share > 0.5) & (beyond < 0.2)
        if not cut_off.any():
            continue
        edge = legs.place[cut_off, 1].max()
        near &= legs.place[:, 1] < edge + NEAR
        level = float(np.clip(np.median(heights[near]), 0, WIDEST)) if near.sum() >= FEWEST else 0.0
        wanted = np.full(len(out), level)
        if person.trousers:
            wanted += max(TROUSERS - level, 0) * np.clip((edge - legs.place[:, 1]) / WIDENING, 0, 1)
        wanted += legs.feet * (SHOES - wanted)
        out[cut_off] = np.maximum(out, wanted)[cut_off]
    return out
