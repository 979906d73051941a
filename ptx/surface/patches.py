"""Cloth that no photograph shows, put together of patches of cloth that one shows well."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.kernel import kernel
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import ramp
from ptx.surface.coarse import Coarse, reduce_views
from ptx.surface.diffusion import diffuse
from ptx.surface.exemplars import Exemplars, find_exemplars
from ptx.surface.finer_mesh import FinerMesh, Frames, finer_mesh, frames_of, vertex_groups
from ptx.surface.layers import Mask
from ptx.surface.merge import Views
from ptx.surface.points import Floats, Ints
from ptx.surface.quilt import quilt
from ptx.surface.skin import LIT

RADIUS = 0.06, 2.5
"""Of a patch: metres, or lengths of an edge where the mesh is coarser than that."""

PLAIN = 8.0, 20.0
"""Structure, grey levels, up to which cloth is plain and from which it has a pattern: of plain cloth, and where it is expected, only the
grain is kept."""

OTHER = 30.0, 60.0
"""Grey levels up to which smooth colours are those of the cloth that is wanted, and from which they are another's: of it too."""

MISSING = 0.97
"""How far a point may be known that still wants a patch: what is missing of it is then laid beneath."""

KNOWN = 0.6
"""How far a point is known that patches must agree with."""

FEWEST = 20
"""Vertices from which the usual colour of bare limbs is taken."""

STIFF, KEEP = 0.05, 5e-3
"""Of the membrane that spreads skin (`diffuse`)."""


class Offered(NamedTuple):
    """What patches can be taken of."""

    frames: Frames
    """The person in rest."""
    coarse: Coarse
    exemplars: Exemplars

    def groups(self, body: Body) -> NDArray[np.bool_]:
        """Vertices (V,) of groups that patches can be taken of."""
        return np.isin(vertex_groups(body), np.unique(self.exemplars.group))


class Wanted(NamedTuple):
    """What is known of the V vertices, and expected of them."""

    colours: Floats
    """(V, 3) that are known."""
    known: Floats
    """(V,) 0..1 how far."""
    smooth: Floats
    """(V, 3) colours averaged over `coarse.SMOOTH`, also where nothing is known."""
    structure: Floats
    """(V,) grey levels by which colours differ from them, also where nothing is known."""


class Patches(NamedTuple):
    """What the M points of `FinerMesh` show of the photographs, each as part of a patch."""

    piece: Ints
    """(M,) number of the patch's exemplar, -1 where there is none."""
    at: Floats
    """(M, 2) px."""
    along: Floats
    """(M, 2, 3) px per metre of `position`, in its patch."""
    plain: Floats
    """(M,) 0..1 how far only the grain is taken of the colours there: what they differ by from those of `Layer.smooth`."""
    shift: Floats
    """(M, 3) what is added to that."""
    position: Floats
    """(M, 3) metres, of the person in rest."""


def offered(views: Views) -> Offered:
    """Find what patches can be taken of."""
    fitted, coarse = views.whole.fitted, reduce_views(views)
    frames = frames_of(fitted.body, _in_rest(fitted))
    return Offered(frames, coarse, find_exemplars(views, frames, coarse))


def expect_skin(body: Body, wanted: Wanted, bare: Mask, skin: Floats) -> Wanted:
    """Expect plain skin where it is missing: next to what is known as that, farther away in the usual lit colour.

    Args:
        body: the body.
        wanted: what is known, and expected so far.
        bare: (V,) vertices that show skin alone.
        skin: (3,) the person's, which counts where little of those vertices is known.
    """
    sure = bare & (wanted.known > KNOWN)
    if sure.sum() >= FEWEST:
        light = wanted.colours[sure].mean(axis=1)
        skin = np.median(wanted.colours[sure][light >= np.quantile(light, LIT)], axis=0)
    even = diffuse(body, wanted.colours, wanted.known * bare, stiff=STIFF, keep=KEEP, to=skin, among=bare)
    missing = (bare & ~sure)[:, None]
    return wanted._replace(
        smooth=np.where(missing, even, wanted.smooth),
        structure=np.where(missing[:, 0], np.float32(0), wanted.structure),
    )


def lay_patches(body: Body, offers: Offered, wanted: Wanted) -> Patches:
    """Lay patches where cloth is missing."""
    mesh, (frames, coarse, exemplars) = finer_mesh(body), offers
    known, smooth = mesh.of(wanted.known), mesh.of(wanted.smooth)
    order = _outwards(mesh, known, frames.height)
    detail, structure = mesh.of(wanted.colours) - smooth, mesh.of(wanted.structure)
    sure = (known > KNOWN) & mesh.is_vertex  # between vertices colours are not known as sharp
    radius = max(RADIUS[0], RADIUS[1] * mesh.edge)
    piece, at = quilt(mesh, frames, order, smooth, structure, detail, sure, exemplars, coarse, radius)
    plain, turn = np.ones(len(piece), np.float32), np.zeros((len(piece), 2), np.float32)
    if len(exemplars.group):
        plain = 1 - ramp(np.minimum(exemplars.structure[piece], structure), *PLAIN)
        turn = exemplars.turn[piece]
    there = coarse.looks(np.where(piece >= 0, mesh.group, 0).astype(np.uint8), at)[0]
    plain = np.maximum(plain, ramp(np.abs(there - smooth).max(axis=1), *OTHER)).astype(np.float32)
    cosine, sine = turn[:, :1], turn[:, 1:]
    along = np.stack([cosine * frames.around - sine * frames.up, -sine * frames.around - cosine * frames.up], axis=1)
    shift = smooth - (1 - plain[:, None]) * there
    return Patches(piece, at, along.astype(np.float32), plain, shift.astype(np.float32), frames.position)


def _in_rest(fitted: FittedBody) -> Floats:
    """Vertices (V, 3) of a dressed person who stands in rest, metres."""
    rest = fitted.body.v_template + fitted.body.shapedirs @ np.asarray(fitted.betas, np.float32)
    return np.asarray(rest if fitted.offset is None else rest + fitted.offset, np.float32)


def _outwards(mesh: FinerMesh, known: Floats, height: Floats) -> NDArray[np.int64]:
    """List the points that want a patch, by the number of edges to what is known (M,), then from above."""
    steps = np.full(len(known), len(known), np.int32)
    _count_steps(mesh.first, mesh.other, np.flatnonzero(known > KNOWN), steps)
    want = np.flatnonzero((known < MISSING) & (mesh.group > 0))
    return want[np.lexsort((-height[want], steps[want]))]


@kernel
def _count_steps(first: Ints, other: Ints, start: NDArray[np.int64], steps: Ints) -> None:
    """Write the number of edges (M,) to the nearest of some points."""
    line = np.empty(len(steps), np.int64)
    line[: len(start)] = start
    steps[start] = 0
    done, count = 0, len(start)
    while done < count:
        i = line[done]
        done += 1
        for n in range(first[i], first[i + 1]):
            if steps[other[n]] == len(steps):
                steps[other[n]] = steps[i] + 1
                line[count] = other[n]
                count += 1
