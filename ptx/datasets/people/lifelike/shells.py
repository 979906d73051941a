"""Shells around the head in rest, which hats, caps, hoods and combed hair are cut from, and their brims."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Field
from ptx.datasets.people.lifelike.grids import around
from ptx.geometry.body import Body

Floats = NDArray[np.float32]

CENTRE = (0.0, 0.71, 0.04)
"""Middle of the head, metres on the mean body in rest."""

RINGS, SIDES = 30, 48
"""Of a shell, from the crown down, and around from the front."""

LOWEST = 2.4
"""Angle from the crown of the last ring, radians."""

TRIALS = 900
"""Planes that the hull of the head is bounded by."""

PEAK = 1.2
"""Half the angle of a cap's peak, radians."""


def head_shell(body: Body, slack: float, tall: float = 0.0, lowest: float = LOWEST, neck: bool = False) -> Floats:
    """Make a smooth shell (RINGS, SIDES, 3) around head and ears, `slack` metres off them, `tall` more at the crown."""
    down = np.linspace(0.001, lowest, RINGS)[:, None]
    directions = around(SIDES)[1]
    unit = np.stack(
        [np.sin(down) * directions[:, 0], np.cos(down) + 0 * directions[:, 0], np.sin(down) * directions[:, 1]], axis=2
    )
    far = _hull(body, lowest, neck) + slack + tall * np.clip(np.cos(down), 0, 1) ** 2
    return np.asarray(np.array(CENTRE) + far[..., None] * unit, np.float32)


@lru_cache(maxsize=4)
def _hull(body: Body, lowest: float, neck: bool) -> NDArray[np.float64]:
    """Compute how far (RINGS, SIDES) the hull of the head, or of head and neck, reaches from `CENTRE`."""
    x, y = np.abs(body.v_template[:, 0]), body.v_template[:, 1]
    own = (y > (0.5 if neck else 0.6)) & (x < 0.11)
    points = body.v_template[own] - CENTRE
    golden = np.arange(TRIALS) * np.pi * (3 - np.sqrt(5))
    height = 1 - 2 * (np.arange(TRIALS) + 0.5) / TRIALS
    flat = np.sqrt(1 - height**2)
    normals = np.stack([flat * np.cos(golden), height, flat * np.sin(golden)], axis=1)
    support = (normals @ points.T).max(1)
    down = np.linspace(0.001, lowest, RINGS)[:, None]
    directions = around(SIDES)[1]
    unit = np.stack(
        [np.sin(down) * directions[:, 0], np.cos(down) + 0 * directions[:, 0], np.sin(down) * directions[:, 1]], axis=2
    )
    cosine = unit @ normals.T
    # A ray leaves the hull at the nearest of its planes.
    return np.asarray(np.where(cosine > 0.2, support / np.maximum(cosine, 0.2), np.inf).min(2))


def edge_of(grid: Floats, outside: Field) -> Floats:
    """Find where each column of a shell (R, S, 3) is cut: (S, 3)."""
    beyond = outside(grid.reshape(-1, 3)).reshape(grid.shape[:2])
    last = np.clip((beyond > 0).argmax(0), 1, len(grid) - 1)
    column = np.arange(grid.shape[1])
    inner, outer = beyond[last - 1, column], beyond[last, column]
    share = np.clip(-inner / np.maximum(outer - inner, 1e-6), 0, 1)[:, None]
    return np.asarray(grid[last - 1, column] * (1 - share) + grid[last, column] * share, np.float32)


def brim(edge: Floats, width: float, droop: float) -> Floats:
    """Make the brim (6, S, 3) of a hat around its edge (S, 3), `width` metres wide, falling by `droop` a metre outwards."""
    outwards = _outwards(edge)
    out = np.linspace(-0.004, width, 6)[:, None, None]
    return np.asarray(edge + out * (outwards - (0, droop, 0)), np.float32)


def peak(edge: Floats, length: float, backwards: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """Make the peak (6, S, 3) of a cap of its edge (S, 3), and mark the sides (S,) that have none."""
    angles = around(len(edge))[0] + (np.pi if backwards else 0)
    aside = np.abs((angles + np.pi) % (2 * np.pi) - np.pi)
    long = length * np.sqrt(np.clip(1 - (aside / PEAK) ** 2, 0, 1))[None, :, None]
    share = np.linspace(-0.06, 1, 6)[:, None, None]
    falling = np.array([0.0, -0.25, 0.0]) - np.array([0.0, 0.25, 0.0]) * np.minimum(aside, PEAK)[:, None] ** 2
    # All of it points to the front: sides of a peak are straight.
    ahead = 0.45 * _outwards(edge) + np.array([0.0, 0.0, -0.75 if backwards else 0.75])
    step = 2 * np.pi / len(edge)
    return np.asarray(edge + share * long * (ahead + falling), np.float32), np.asarray(aside > PEAK - step, np.bool_)


def _outwards(edge: Floats) -> Floats:
    """Return the horizontal direction (S, 3) away from the middle of an edge (S, 3)."""
    away = edge - edge.mean(0)
    away[:, 1] = 0
    return np.asarray(away / np.linalg.norm(away, axis=1, keepdims=True), np.float32)
