"""Texels looked up where each may be seen, one place after the other, and patches laid beneath what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.kernel import kernel
from ptx.geometry.zones import body_zones
from ptx.surface.atlas import Atlas
from ptx.surface.completion import STRICT, Completion
from ptx.surface.finer_mesh import QUARTERS, finer_mesh, small_face
from ptx.surface.layers import Image, Layer, look_up
from ptx.surface.patches import Patches
from ptx.surface.points import Floats, Ints
from ptx.surface.sampling import cubic_colour, linear_colour
from ptx.surface.source import Source

OPAQUE = 0.006
"""Share that is left below which nothing more is looked for."""

LEAST_OPACITY = 0.004
"""Smallest opacity that counts."""

WHOLE = 0.05
"""Metres in the photograph between the reflected places of a face's corners up to which they are one piece."""

GRAIN = 8.0
"""Grey levels of the grain of plain cloth: what differs by more from the colours around it is a seam or a fold."""


@dataclass(frozen=True)
class Texels:
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
    """(N,) place and layer, 2 place + layer, that give most; after those of P places, 2 P reflected, 2 P + 1 patched, 2 P + 2 made up."""
    most: Floats
    """(N,) 0..1 share of it."""


def look_up_texels(source: Source, completion: Completion, atlas: Atlas) -> Texels:
    count, zones = len(atlas.texels), body_zones(source.fitted.body)
    out = Texels(
        np.zeros((count, 3), np.float32),
        np.ones(count, np.float32),
        np.full((count, 2), np.nan, np.float32),
        np.zeros(count, np.uint8),
        np.full(count, 2 * len(completion.points) + 2, np.uint8),
        np.zeros(count, np.float32),
    )
    _fill(
        atlas.points.corners,
        atlas.points.weights,
        completion.points,
        completion.shares,
        completion.shift,
        (source.seen, source.under_arms),
        completion.aslant,
        completion.gains,
        len(completion.points) // 4,
        completion.reflected,
        completion.reflected_share,
        zones.under_arms,
        WHOLE * source.scale,
        out.colours,
        out.rest,
        out.coordinates,
        out.confidence,
        out.way,
        out.most,
    )
    return out


def lay_patches_beneath(source: Source, completion: Completion, atlas: Atlas, texels: Texels) -> None:
    """Lay patches where something is left, and mark what is still left as made up, in place."""
    steps = 2 * len(completion.points)
    _patch(
        atlas.faces, atlas.points.weights, finer_mesh(source.fitted.body).corners, QUARTERS, completion.patches,
        source.seen.image, source.seen.smooth, steps + 1,
        texels.colours, texels.rest, texels.coordinates, texels.way, texels.most,
    )  # fmt: skip
    made_up = texels.rest > texels.most
    texels.way[made_up] = steps + 2
    texels.coordinates[made_up] = np.nan


@kernel
def _patch(
    faces: Ints,
    weights: Floats,
    corners: Ints,
    quarters: Ints,
    patches: Patches,
    image: Image,
    even: Image,
    number: int,
    colours: Floats,
    rest: Floats,
    coordinates: Floats,
    way: NDArray[np.uint8],
    most: Floats,
) -> None:
    """Lay patches beneath N texels; where a small face has corners in several, they are blended. Arguments as in `Texels`, but:

    Args:
        faces: (N,) the face of each.
        weights: (N, 2) of its corners.
        corners: (F, 6) of `FinerMesh`.
        quarters: `QUARTERS`.
        patches: of the points.
        image: the photographs.
        even: the same, smooth.
        number: the way that stands for a patch.
    """
    piece, places, along, plain, shift, position = patches
    share, colour, smooth = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    weight, at, point = np.empty(3, np.float32), np.empty((3, 2), np.float32), np.empty(3, np.int64)
    for n in range(len(faces)):
        if rest[n] <= LEAST_OPACITY or corners[faces[n], 0] < 0:
            continue
        a, b = weights[n, 0], weights[n, 1]
        quarter = small_face(a, b, 1 - a - b, weight)
        covered, sharp, most_of = np.float32(0), np.float32(0), 0
        for c in range(3):
            point[c] = corners[faces[n], quarters[quarter, c]]
            share[c] = weight[c] if piece[point[c]] >= 0 else 0
            covered += share[c]
            sharp += share[c] ** 3
            if share[c] > share[most_of]:
                most_of = c
        part = rest[n] * min(np.float32(1), covered)
        if part < LEAST_OPACITY:
            continue
        i, j, k = point
        one = piece[i] == piece[j] == piece[k]
        if one:  # between places of one patch
            for d in range(2):
                at[most_of, d] = weight[0] * places[i, d] + weight[1] * places[j, d] + weight[2] * places[k, d]
        for c in range(3):
            if one or share[c] <= 0:
                continue
            p = point[c]
            u, v = places[p, 0], places[p, 1]
            for d in range(3):
                step = (
                    weight[0] * position[i, d]
                    + weight[1] * position[j, d]
                    + weight[2] * position[k, d]
                    - position[p, d]
                )
                u += along[p, 0, d] * step
                v += along[p, 1, d] * step
            at[c, 0], at[c, 1] = u, v
        for c in range(3):
            if share[c] <= 0:
                continue
            p, mixed = point[c], share[c] / covered if one else share[c] ** 3 / sharp
            for d in range(3):
                colours[n, d] += part * mixed * shift[p, d]
            if one and c != most_of:
                continue
            cubic_colour(image, at[c, 0], at[c, 1], colour)
            linear_colour(even, at[c, 0], at[c, 1], smooth)
            for d in range(3):
                grain = min(max(colour[d] - smooth[d], np.float32(-GRAIN)), np.float32(GRAIN))
                found = plain[p] * grain + (1 - plain[p]) * colour[d]
                colours[n, d] += part * (np.float32(1) if one else mixed) * found
        rest[n] -= part
        if part > most[n]:
            most[n], way[n] = part, number
            coordinates[n, 0], coordinates[n, 1] = at[most_of, 0], at[most_of, 1]


@kernel
def _fill(
    corners: Ints,
    weights: Floats,
    points: Floats,
    shares: Floats,
    shift: Floats,
    layers: tuple[Layer, Layer],
    slanting: Floats,
    gains: Floats,
    own: int,
    reflected: Floats,
    reflected_share: Floats,
    under_arms: Floats,
    whole: float,
    colours: Floats,
    rest: Floats,
    coordinates: Floats,
    confidence: NDArray[np.uint8],
    way: NDArray[np.uint8],
    way_share: Floats,
) -> None:
    """Look every texel up in all places, until it is opaque; arguments as in `Completion` and `Texels`."""
    seen, under = layers  # named here, since taking one out of the tuple at every step costs as much as the work
    steps = 2 * len(points)
    colour, at, sure = np.empty(3, np.float32), np.empty((len(points), 3), np.float32), np.empty(steps, np.float32)
    for n in range(len(corners)):
        i, j, k = corners[n, 0], corners[n, 1], corners[n, 2]
        a, b = weights[n, 0], weights[n, 1]
        c = np.float32(1) - a - b
        left, most = np.float32(1), np.float32(0)
        surely = a * gains[0, i] + b * gains[0, j] + c * gains[0, k]
        lenient = a * gains[1, i] + b * gains[1, j] + c * gains[1, k]
        aslant = a * slanting[i] + b * slanting[j] + c * slanting[k]
        for step in range(2 * steps):
            late, place, row = step // steps, step % steps // 2, step % 2
            if late and lenient <= 0:
                break
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
            factor = lenient if late else np.float32(STRICT) if place < own and row == 0 else surely
            t = min(np.float32(1), factor * sure[step % steps])
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
        rest[n], way_share[n] = left, most
