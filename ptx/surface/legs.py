"""Legs that the photograph ends above: the cloth, or the skin, that it shows last goes on to the ankles, and feet wear shoes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.zones import body_zones
from ptx.surface.layers import Mask
from ptx.surface.points import Floats, Ints
from ptx.surface.symmetry import CACHED_BODIES

FEWEST = 30
"""Fewest vertices that the photograph shows, and fewest below them."""

BIN = 0.02
"""Metres of the legs whose mean colours are compared."""

ALIKE = 25.0
"""Grey levels between mean colours up to which they are those of one cloth."""

UNLIKE = 60.0
"""Grey levels from the cloth's mean colour from which something is before it, such as a hand."""

LIT = 65
"""Percentile of the cloth's colours that is its own: some of it lies in shade."""

TALLEST = 0.30
"""Metres above the edge that are looked at."""

ROUND = 0.1
"""Metres that a unit of direction about the leg's axis counts beside metres along it."""

SHOES = (56.0, 51.0, 48.0)
"""Colour of shoes that no photograph shows."""


class LegPoints(NamedTuple):
    """The vertices of a body's legs, by their height and direction about the bones."""

    side: Ints
    """(V,) 1 on the left leg, -1 on the right, 0 elsewhere; feet are none."""
    place: Floats
    """(V, 3) height in rest, metres, and direction about the leg's axis times `ROUND`."""


@lru_cache(maxsize=CACHED_BODIES)
def leg_points(body: Body) -> LegPoints:
    """Find the legs of a body."""
    side, place = np.zeros(len(body.v_template), np.int32), np.zeros((len(body.v_template), 3), np.float32)
    feet, bare = body_zones(body).feet > 0.5, layer_of(body) == 0
    for sign, name in ((1, "left"), (-1, "right")):
        hip, knee, ankle = (joint(f"{name}_{part}") for part in ("hip", "knee", "ankle"))
        leg = (body.weights[:, [hip, knee, ankle]].sum(1) > 0.7) & bare & ~feet
        bones = body.joint_template[[ankle, knee, hip]]
        height = body.v_template[leg, 1]
        axis = np.column_stack([np.interp(height, bones[:, 1], bones[:, n]) for n in (0, 2)])
        away = body.v_template[leg][:, [0, 2]] - axis
        away *= (sign, 1)  # outwards alike on both legs
        side[leg] = sign
        place[leg, 0] = height
        place[leg, 1:] = ROUND * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    return LegPoints(side, place)


class Below(NamedTuple):
    """Legs below the photograph's edge."""

    vertices: Mask
    """(V,) the vertices that lie below all that the photograph shows of them."""
    cloth: Floats | None
    """(3,) typical colour of the cloth, or the skin, at the edge; None: nothing is seen there."""
    before: Mask
    """(V,) vertices at the edge where something else is seen, such as a hand."""


def legs_below(body: Body, known: Mask, colours: Floats) -> Below:
    """Find the legs that a photograph ends above, and what it shows last.

    Args:
        body: the body.
        known: (V,) vertices whose colours are known.
        colours: (V, 3) theirs.
    """
    side, place = leg_points(body)
    legs, nothing = side != 0, np.zeros_like(known)
    shown = legs & known
    if shown.sum() < FEWEST:
        return Below(legs & ~known, None, nothing)
    edge = float(np.percentile(place[shown, 0], 2))
    below = legs & (place[:, 0] < edge) & ~known
    if below.sum() < FEWEST:
        return Below(nothing, None, nothing)
    tall, cloth = _alike_above(place[shown, 0] - edge, colours[shown])
    return Below(below, cloth, shown & (place[:, 0] < edge + tall) & (np.abs(colours - cloth).max(1) > UNLIKE))


def _alike_above(height: Floats, colours: Floats) -> tuple[float, Floats]:
    """Find metres above the edge up to which the legs keep the median colour that they have there, and the cloth's colour (3,).

    Args:
        height: (N,) metres above the edge.
        colours: (N, 3).
    """
    low = colours[height < 2 * BIN]
    last, tall = np.median(low, axis=0), 2 * BIN
    while tall < TALLEST:
        band = colours[(height >= tall) & (height < tall + BIN)]
        if not len(band) or np.abs(np.median(band, axis=0) - last).max() > ALIKE:
            break
        tall += BIN
    return tall, np.asarray(np.percentile(colours[height < tall], LIT, axis=0), np.float32)
