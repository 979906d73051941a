"""How the sheets of a layered body hang on somebody: displacements of their vertices, and their place where they are not worn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.layers.layered_body import LayeredBody
from ptx.geometry.layers.worn import Worn

BEFORE_SKIN = 0.01
"""Metres before the skin at which the vertices of a sheet lie that is not worn: not behind it for the rounding of its faces."""


def hung(body: LayeredBody, worn: Worn) -> NDArray[np.float32]:
    """Displacements (S, 3) in rest, metres, that bring all rows of the sheets beyond the length that is worn to their end."""
    out = []
    for sheet, length in zip(body.sheets, worn, strict=True):
        out.append((sheet.cut(length) - sheet.vertices).reshape(-1, 3).astype(np.float32))
    return np.concatenate(out)


def lay_unworn(body: LayeredBody, worn: Worn, points: NDArray[np.float32]) -> None:
    """Lay the vertices of sheets that are not worn on the skin beside them, in points (V, 3) px, px, m of a picture, in place.

    So what another picture shows on a sheet has a place where this one shows, or knows of, none.
    """
    for n, (sheet, length) in enumerate(zip(body.sheets, worn, strict=True)):
        if length <= 0:
            there = points[sheet.near.reshape(-1)]
            there[:, 2] -= BEFORE_SKIN
            points[body.first(n) : body.first(n + 1)] = there
