"""The filled surface: for each texel its colour, where in the photographs it comes from, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones, ramp
from ptx.surface.atlas import Atlas, body_atlas
from ptx.surface.completion import LENIENT, STRICT, Completion, complete
from ptx.surface.hair import hair_grain, strand_ends
from ptx.surface.layers import Image, Layer, look_up
from ptx.surface.merge import Views, alone
from ptx.surface.painted_face import paint_face
from ptx.surface.points import Floats, Ints, SurfacePoints
from ptx.surface.sampling import cubic_colour, linear_colour
from ptx.surface.source import MaskedPhotograph, Source, observe

TEXTURE_SIDE = 1024
"""Side of the texture, px."""

OPAQUE = 0.006
"""Share that is left below which nothing more is looked for."""

LEAST_OPACITY = 0.004
"""Smallest opacity that counts."""

WHOLE = 0.05
"""Metres in the photograph between the reflected places of a face's corners up to which they are one piece."""

GRAIN_SHARE = 0.7
"""Share of the hair's fine structure that is added."""


FACE_TURNED = 0.3
"""Forward part of the normal in rest from which a face is painted in full: the painting is seen from the front."""


class Provenance(IntEnum):
    """Where most of a texel's colour comes from."""

    OWN = 0
    """Seen in the photograph."""
    UNDER_ARMS = 1
    """Hidden by an arm, filled from both sides of it."""
    MIRRORED = 2
    """Its mirror image is seen, or filled under an arm."""
    OPPOSITE = 3
    """The other side of the body is seen, or the mirror image of that."""
    REFLECTED = 4
    """The neighbourhood is seen, and reflected."""
    MADE_UP = 5
    """Nothing shows it."""
    NOTHING = 255
    """No point of the body."""


_OF_WAY = np.array(
    [
        Provenance.OWN, Provenance.UNDER_ARMS, Provenance.MIRRORED, Provenance.MIRRORED, Provenance.OPPOSITE,
        Provenance.OPPOSITE, Provenance.OPPOSITE, Provenance.OPPOSITE,
    ], np.uint8,
)  # fmt: skip
"""`Provenance` of the four kinds of places in two layers."""


@dataclass(frozen=True)
class SurfaceStore:
    """A person's surface from photographs; T is the side of the texture."""

    views: Views
    """What the photographs show."""
    atlas: Atlas
    """The texture's layout."""
    colours: Image
    """(T, T, 3) RGB."""
    coordinates: Floats
    """(T, T, 2) px of the photographs, side by side, that each texel shows, NaN where it is made up."""
    confidence: NDArray[np.uint8]
    """(T, T) 0..255 share of the colour that the photographs show, wherever."""
    provenance: NDArray[np.uint8]
    """(T, T) `Provenance`."""

    @property
    def source(self) -> Source:
        """All photographs as one, seen through the body of the first."""
        return self.views.whole


def build_store(photograph: MaskedPhotograph, fitted: FittedBody, side: int = TEXTURE_SIDE) -> SurfaceStore:
    """Fill a person's surface from a photograph and the body that is fitted to it.

    Raises:
        ValueError: sizes of picture, mask and fit differ.
    """
    return fill_surface(alone(observe(photograph, fitted)), side)


def fill_surface(views: Views, side: int = TEXTURE_SIDE) -> SurfaceStore:
    """Fill a person's surface from what photographs show of it."""
    source = views.whole
    completion, atlas = complete(views), body_atlas(source.fitted.body, side)
    texels = _look_up_texels(source, completion, atlas)
    colours, left = texels.colours, np.flatnonzero(texels.rest > LEAST_OPACITY)
    colours[left] += texels.rest[left, None] * _made_up(views, completion, atlas.points.chosen(left))
    return SurfaceStore(
        views,
        atlas,
        atlas.image(np.clip(colours + 0.5, 0, 255).astype(np.uint8), 0),
        atlas.image(texels.coordinates, np.nan),
        atlas.image(texels.confidence, 0),
        atlas.image(_provenance(texels.way, len(completion.points)), Provenance.NOTHING),
    )


@dataclass(frozen=True)
class _Texels:
    """What the photograph gives for N texels."""

    colours: Floats
    """(N, 3) sums of what is found, times its share."""
    rest: Floats
    """(N,) 0..1 share that nothing fills."""
    coordinates: Floats
    """(N, 2)."""
    confidence: NDArray[np.uint8]
    """(N,)."""
    way: NDArray[np.uint8]
    """(N,) place and layer, 2 place + layer, that give most; reflected or made up, after those of P places, 2 P and 2 P + 1."""


def _look_up_texels(source: Source, completion: Completion, atlas: Atlas) -> _Texels:
    count, zones = len(atlas.texels), body_zones(source.fitted.body)
    out = _Texels(
        np.zeros((count, 3), np.float32),
        np.ones(count, np.float32),
        np.full((count, 2), np.nan, np.float32),
        np.zeros(count, np.uint8),
        np.full(count, 2 * len(completion.points) + 1, np.uint8),
    )
    _fill(
        atlas.points.corners,
        atlas.points.weights,
        completion.points,
        completion.shares,
        completion.shift,
        (source.seen, source.under_arms),
        completion.aslant,
        completion.reflected,
        completion.reflected_share,
        zones.under_arms,
        WHOLE * source.scale,
        out.colours,
        out.rest,
        out.coordinates,
        out.confidence,
        out.way,
    )
    return out


@kernel
def _fill(
    corners: Ints,
    weights: Floats,
    points: Floats,
    shares: Floats,
    shift: Floats,
    layers: tuple[Layer, Layer],
    slanting: Floats,
    reflected: Floats,
    reflected_share: Floats,
    under_arms: Floats,
    whole: float,
    colours: Floats,
    rest: Floats,
    coordinates: Floats,
    confidence: NDArray[np.uint8],
    way: NDArray[np.uint8],
) -> None:
    """Look every texel up in all places, until it is opaque; arguments as in `Completion` and `_Texels`."""
    seen, under = layers  # named here, since taking one out of the tuple at every step costs as much as the work
    steps = 2 * len(points)
    colour, at, sure = np.empty(3, np.float32), np.empty((len(points), 3), np.float32), np.empty(steps, np.float32)
    for n in range(len(corners)):
        i, j, k = corners[n, 0], corners[n, 1], corners[n, 2]
        a, b = weights[n, 0], weights[n, 1]
        c = np.float32(1) - a - b
        left, most = np.float32(1), np.float32(0)
        aslant = a * slanting[i] + b * slanting[j] + c * slanting[k]
        for step in range(2 * steps):
            late, place, row = step // steps, step % steps // 2, step % 2
            if step < steps:
                if row == 0:
                    for d in range(3):
                        at[place, d] = a * points[place, i, d] + b * points[place, j, d] + c * points[place, k, d]
                share = a * shares[place, row, i] + b * shares[place, row, j] + c * shares[place, row, k]
                sure[step] = 0
                if share > 0:
                    if row == 0:
                        sure[step] = share * look_up(seen, at[place, 0], at[place, 1], at[place, 2])
                    else:
                        sure[step] = share * look_up(under, at[place, 0], at[place, 1], at[place, 2])
            t = min(np.float32(1), np.float32(STRICT if step < steps else LENIENT) * sure[step % steps])
            opaque = t * t * (3 - 2 * t) * (np.float32(1) if step < steps else aslant)
            if opaque < LEAST_OPACITY:
                continue
            part = left * opaque
            if row == 0:
                cubic_colour(seen.image, at[place, 0], at[place, 1], colour)
            else:
                cubic_colour(under.image, at[place, 0], at[place, 1], colour)
            for d in range(3):
                move = a * shift[late, place, i, d] + b * shift[late, place, j, d] + c * shift[late, place, k, d]
                colours[n, d] += part * (colour[d] + move)
            left -= part
            if part > most:
                most = part
                way[n] = step % steps
                coordinates[n, 0], coordinates[n, 1] = at[place, 0], at[place, 1]
            if left < OPAQUE:
                break
        confidence[n] = np.uint8(255 * (1 - left))
        part = left * (a * reflected_share[i] + b * reflected_share[j] + c * reflected_share[k])
        if part > LEAST_OPACITY:
            e, f, g = a, b, c
            for axis in range(2):
                x, y, z = reflected[i, axis], reflected[j, axis], reflected[k, axis]
                if max(x, y, z) - min(x, y, z) > whole:  # the corners' places are no one piece: that of the nearest
                    first, second = a >= b and a >= c, b > a and b >= c
                    e = np.float32(1 if first else 0)
                    f = np.float32(1 if second else 0)
                    g = 1 - e - f
            u = e * reflected[i, 0] + f * reflected[j, 0] + g * reflected[k, 0]
            v = e * reflected[i, 1] + f * reflected[j, 1] + g * reflected[k, 1]
            share = a * under_arms[i] + b * under_arms[j] + c * under_arms[k]
            for row in range(2):
                if row == 0:
                    linear_colour(seen.image, u, v, colour)
                else:
                    linear_colour(under.image, u, v, colour)
                for d in range(3):
                    move = e * reflected[i, 2 + d] + f * reflected[j, 2 + d] + g * reflected[k, 2 + d]
                    colours[n, d] += part * (share if row == 1 else 1 - share) * (colour[d] + move)
            left -= part
            if part > most:
                most = part
                way[n] = steps
                coordinates[n, 0], coordinates[n, 1] = u, v
        if left > most:
            way[n] = steps + 1
            coordinates[n, 0], coordinates[n, 1] = np.nan, np.nan
        rest[n] = left


def _provenance(way: NDArray[np.uint8], places: int) -> NDArray[np.uint8]:
    """Bring `_Texels.way` (N,), of 4 K places, to `Provenance` (N,)."""
    after = np.array([Provenance.REFLECTED, Provenance.MADE_UP], np.uint8)
    every = np.repeat(_OF_WAY.reshape(4, 1, 2), places // 4, axis=1).reshape(-1)
    return np.concatenate([every, after])[way]


def _made_up(views: Views, completion: Completion, points: SurfacePoints) -> Floats:
    """Colours (N, 3) of points that nothing shows: smooth ones, the hair's structure, a painted face."""
    body, zones = views.whole.fitted.body, body_zones(views.whole.fitted.body)
    out, share = points.of(completion.base), points.of(completion.hair_share)
    if completion.strands is not None:
        grown = np.flatnonzero(share > 0)
        cut = strand_ends(body, points.chosen(grown), share[grown])
        hairy, cut = grown[cut > 0], cut[cut > 0, None]
        there = points.chosen(hairy)
        shown = completion.hair * views.shares
        most = int(np.argmax(shown.sum(1)))
        grain = hair_grain(views.sources[most], shown[most], there)
        strands = there.of(completion.strands) + (0 if grain is None else GRAIN_SHARE * grain)
        out[hairy] += cut * (strands - out[hairy])
    forward = unit_normals(body.v_template, body.faces)[:, 2]
    front = points.of(zones.face * ramp(forward, 0, FACE_TURNED))
    face = np.flatnonzero(front > LEAST_OPACITY)
    painted = paint_face(body, points.chosen(face), out[face], completion.hair_colour)
    out[face] += front[face, None] * (painted - out[face])
    return out
