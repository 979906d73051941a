"""Cuts of clothes: bounds of sleeves, hems and necklines, and how loosely pieces are worn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Field, Worn
from ptx.datasets.people.lifelike.pack import Piece
from ptx.datasets.people.looks import ARM_X, ARM_Y
from ptx.geometry.body import Body

Floats = NDArray[np.float32]

UNDER_BORDER = 0.015
"""Metres by which skin goes on under the border of a cut cloth."""

NECK_X, NECK_Y = 0.1, 0.535
"""|x| within which, and height above which, skin is the neck, which collars stand around but do not hide."""

SHOULDER_SLOPE = 0.8
"""Metres by which a top may go on higher a metre farther from the neck."""

ARMPIT_X = 0.2
"""|x| up to which nothing is cut off as a sleeve."""

LOOSE_LEG_Y, LOOSE_LEG = 0.0, 0.8
"""Height from which wide trousers widen, and metres down to where they are widest."""

LOOSE_ARM = 0.45
"""Metres from the shoulder to where wide sleeves are widest."""


@dataclass(frozen=True)
class Cut:
    """Bounds of a piece, metres on the mean body in rest."""

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
    side: int = 0
    """1 its left half only, -1 its right half: of what is open in front each is cut by itself; 0 all of it."""
    open: float = 0.0
    """|x| up to which a half is open in front."""
    spread: float = 0.0
    """Metres by which that grows a metre down from the neck."""

    def outside(self, rest: Floats) -> Floats:
        """Compute how far (M,) points (M, 3) in rest lie beyond the ends, metres; negative inside."""
        x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
        arm = np.where((x > ARM_X) & (y > ARM_Y - 0.15), x - self.sleeve, -1.0)
        front = np.clip((z - 0.02) / 0.05, 0, 1) * np.clip(1 - (x / 0.1) ** 2, 0, 1)
        shoulders = (
            SHOULDER_SLOPE * np.maximum(x - 0.06, 0) if self.high > ARM_Y else 0.0
        )  # these rise above the neckline
        upper = y - self.high - shoulders + self.neck * front
        ends = [arm, self.low - y, upper, x - self.wide]
        if self.side:
            gap = self.open + self.spread * np.maximum(NECK_Y - y, 0)
            ends.append(np.where(z > np.where(y > 0.4, -0.02, 0.0), gap, 0.0) - self.side * rest[:, 0])
        return np.asarray(np.max(ends, axis=0), np.float32)


def wear(body: Body, piece: Piece, label: str, cut: Cut | None = None, swell: Field | float = 0.0) -> Worn:
    """Wear a piece, cut where `cut` says, `swell` metres looser than it was made, everywhere or at points in rest."""
    rest = body.v_template
    hides = piece.hides[: len(rest)] & ~((rest[:, 1] > NECK_Y) & (np.abs(rest[:, 0]) < NECK_X))
    if cut is None:
        return Worn(piece, label, None, hides, swell)
    return Worn(piece, label, cut.outside, hides & (cut.outside(rest) < -UNDER_BORDER), swell)


def both(first: Field | None, second: Field) -> Field:
    """Cut by two fields, or by the second alone."""
    return second if first is None else lambda rest: np.maximum(first(rest), second(rest))


def loosely(ease: float, legs: float, sleeves: float) -> Field:
    """Make a field by which cloth stands off: `ease` everywhere, more by `legs` at the ankles and by `sleeves` at the wrists, metres."""

    def swell(rest: Floats) -> Floats:
        x, y = np.abs(rest[:, 0]), rest[:, 1]
        arm = (x > ARM_X) & (y > ARM_Y)
        lower = np.where(arm, 0, np.clip((LOOSE_LEG_Y - y) / LOOSE_LEG, 0, 1))
        outer = np.where(arm, np.clip((x - ARM_X) / LOOSE_ARM, 0, 1), 0)
        return np.asarray(ease + legs * lower + sleeves * outer, np.float32)

    return swell
