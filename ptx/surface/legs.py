"""Legs that the photograph ends above: the cloth, or the skin, that it shows last goes on to the ankles, and feet wear shoes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

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

TALLEST, LEAST = 0.30, 0.04
"""Metres above the edge that are repeated at most, and at least: less has no pattern."""

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


class Continued(NamedTuple):
    """Which vertex each vertex below the photograph's edge repeats."""

    below: Mask
    """(V,) the vertices of legs that lie below all that the photograph shows of them."""
    repeats: Ints
    """(V,) vertex of the same leg, to and fro above the edge; its own where nothing is repeated."""


def continue_legs(body: Body, known: Mask, colours: Floats) -> Continued:
    """Repeat the cloth above the edge of the photograph below it, mirrored again and again.

    Args:
        body: the body.
        known: (V,) vertices whose colours are known.
        colours: (V, 3) theirs.
    """
    side, place = leg_points(body)
    own, legs = np.arange(len(side), dtype=np.int32), side != 0
    shown = legs & known
    if shown.sum() < FEWEST:
        return Continued(legs & ~known, own)
    edge = float(np.percentile(place[shown, 0], 2))
    below = legs & (place[:, 0] < edge) & ~known
    if below.sum() < FEWEST:
        return Continued(np.zeros_like(known), own)
    tall, cloth = _alike_above(place[shown, 0] - edge, colours[shown])
    if tall < LEAST:
        return Continued(below, own)
    usable = shown & (place[:, 0] >= edge) & (place[:, 0] < edge + tall)
    usable &= np.abs(colours - cloth).max(1) < UNLIKE
    if usable.sum() < FEWEST:
        return Continued(below, own)
    to_and_fro = np.mod(edge - place[:, 0], 2 * tall)
    wanted = place.copy()
    wanted[:, 0] = edge + np.minimum(to_and_fro, 2 * tall - to_and_fro)
    repeats = own.copy()
    for sign in (1, -1):
        have = np.flatnonzero(usable & (side == sign))
        if len(have) < FEWEST:  # the other leg's
            have = np.flatnonzero(usable)
        want = np.flatnonzero(below & (side == sign))
        repeats[want] = have[cKDTree(place[have]).query(wanted[want])[1]]
    return Continued(below, repeats)


def _alike_above(height: Floats, colours: Floats) -> tuple[float, Floats]:
    """Find metres above the edge up to which the legs keep the median colour that they have there, and that colour (3,).

    Args:
        height: (N,) metres above the edge.
        colours: (N, 3).
    """
    low = colours[(height >= 0) & (height < 2 * BIN)]
    cloth = np.asarray(np.median(low, axis=0) if len(low) else np.zeros(3), np.float32)
    for n in range(int(TALLEST / BIN)):
        band = colours[(height >= n * BIN) & (height < (n + 1) * BIN)]
        if not len(band) or np.abs(np.median(band, axis=0) - cloth).max() > ALIKE:
            return n * BIN, cloth
    return TALLEST, cloth
