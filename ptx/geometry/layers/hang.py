"""How the sheets of a layered body hang on somebody: displacements of their vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.layers.layered_body import LayeredBody, Worn

ON_SKIN = 1e-6
"""Metres of a sheet up to which it is not worn."""


def hung(body: LayeredBody, worn: Worn) -> NDArray[np.float32]:
    """Displacements (V, 3), metres in rest, of sheets that end where they are cut; those that are not worn lie on the skin."""
    out = [np.zeros_like(body.base.v_template)]
    for sheet, length in zip(body.sheets, worn, strict=True):
        there = np.einsum("rs,sck->rck", sheet.end(length), sheet.vertices) if length > ON_SKIN else sheet.on_skin
        out.append((there - sheet.vertices).reshape(-1, 3).astype(np.float32))
    return np.concatenate(out)
