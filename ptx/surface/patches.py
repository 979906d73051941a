"""Cloth that no photograph shows, put together of patches of cloth that one shows well."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ptx.geometry.body import Body
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import ramp
from ptx.surface.finer_mesh import GROUPS, FinerMesh, Frames, finer_mesh, frames_of, vertex_groups
from ptx.surface.layers import sample_vertices
from ptx.surface.merge import Views
from ptx.surface.points import Floats, Ints
from ptx.surface.quilt import Coarse, Exemplars, quilt

PIXEL = 0.006
"""Metres of a pixel in which patches are compared."""

RADIUS = 0.06, 2.5
"""Of a patch: metres, or lengths of an edge where the mesh is coarser than that."""

WELL = 0.6
"""Confidence from which a photograph shows cloth well enough to take patches from."""

SMOOTH = 0.03
"""Metres over which the colours are averaged that patches get from where they are laid."""

PLAIN = 8.0, 20.0
"""Grey levels by which plain cloth differs from its smooth colours at most, and patterned cloth at least; of plain cloth only the grain is kept."""

FEWEST = 12
"""Fewest exemplars of a group from which patches are taken."""

ALIKE = 30.0
"""Grey levels between cloths that are compared for their structure."""

USUAL = 30
"""Percentile of the structure of like cloth that is its own: the rest has folds."""

MISSING = 0.97
"""How far a point may be known that still wants a patch: what is missing of it is then laid beneath."""

KNOWN = 0.6
"""How far a point is known that patches must agree with."""


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


class Offered(NamedTuple):
    """What patches can be taken of."""

    frames: Frames
    """The person in rest."""
    coarse: Coarse
    """The photographs, reduced."""
    exemplars: Exemplars

    def of(self, body: Body) -> NDArray[np.bool_]:
        """Vertices (V,) of groups that patches can be taken of."""
        return np.isin(vertex_groups(body), self.exemplars.group)


def offered(views: Views) -> Offered:
    """Find what patches can be taken of."""
    fitted = views.whole.fitted
    frames = frames_of(fitted.body, _in_rest(fitted))
    coarse = _reduced(views)
    return Offered(frames, coarse, _exemplars(views, frames, coarse))


def lay_patches(body: Body, offers: Offered, smooth: Floats, structure: Floats, mix: Floats, known: Floats) -> Patches:
    """Lay patches where cloth is missing.

    Args:
        body: the body.
        offers: what they are taken of.
        smooth: (V, 3) colours averaged over about `SMOOTH`, diffused to where nothing is known.
        structure: (V,) how much colours are expected to differ from them, grey levels.
        mix: (V, 3) colours that are known.
        known: (V,) 0..1 how far.
    """
    mesh, (frames, coarse, exemplars) = finer_mesh(body), offers
    left, colours = mesh.of(known), mesh.of(smooth)
    sure = left > KNOWN
    order = _outwards(mesh, sure, np.flatnonzero((left < MISSING) & (mesh.group > 0)), frames.height)
    sure &= mesh.ends[:, 0] == mesh.ends[:, 1]  # between vertices details are not known
    radius = max(RADIUS[0], RADIUS[1] * _edge(mesh, frames))
    piece, at = quilt(mesh, frames, order, colours, mesh.of(structure), mesh.of(mix) - colours, sure, exemplars, coarse, radius)
    plain, turn = np.ones(len(piece), np.float32), np.zeros((len(piece), 2), np.float32)
    if len(exemplars.group):
        plain, turn = 1 - ramp(exemplars.structure[piece], *PLAIN), exemplars.turn[piece]
    shift = colours - (1 - plain[:, None]) * coarse.of_group(mesh.group, coarse.pixels(at))
    cosine, sine = turn[:, :1], turn[:, 1:]
    along = np.stack([cosine * frames.around - sine * frames.up, -sine * frames.around - cosine * frames.up], axis=1)
    return Patches(piece, at, along.astype(np.float32), plain, shift.astype(np.float32), frames.position)


def _in_rest(fitted: FittedBody) -> Floats:
    """Vertices (V, 3) of a dressed person who stands in rest, metres."""
    body = fitted.body
    rest = body.v_template + body.shapedirs @ np.asarray(fitted.betas, np.float32)
    return np.asarray(rest if fitted.offset is None else rest + fitted.offset, np.float32)


def _edge(mesh: FinerMesh, frames: Frames) -> float:
    """Median length of an edge, metres."""
    owner = np.repeat(np.arange(len(mesh.group)), np.diff(mesh.first))
    return float(np.median(np.linalg.norm(frames.position[mesh.other] - frames.position[owner], axis=1)))


def _reduced(views: Views) -> Coarse:
    """Reduce the photographs to `PIXEL`, and find which group they show well at each pixel."""
    layer, scale = views.whole.seen, views.whole.scale
    height, width = layer.confidence.shape
    size = [max(2, int(side / max(1.0, PIXEL * scale))) for side in (width, height)]
    rate = size[0] / width, size[1] / height
    image = cv2.resize(layer.image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    well = cv2.resize(layer.confidence, size, interpolation=cv2.INTER_AREA) > WELL
    shown = np.zeros(size[::-1], np.uint8)
    groups = vertex_groups(views.whole.fitted.body)
    for source, points in zip(views.sources, views.points, strict=True):
        reduced = points.copy()
        reduced[:, :2] = (points[:, :2] + np.float32(0.5)) * np.array(rate, np.float32) - np.float32(0.5)
        faces = source.fitted.faces
        face = rasterize(reduced, faces, size[1], size[0])[0]
        of_face = np.where((groups[faces] == groups[faces[:, :1]]).all(axis=1), groups[faces[:, 0]], 0)
        shown = np.maximum(shown, np.where(face >= 0, of_face[face], 0).astype(np.uint8))
    shown *= well
    low, detail, power = np.zeros((GROUPS, *image.shape), np.float32), np.zeros_like(image), np.zeros_like(well, np.float32)
    sigma = max(0.5, SMOOTH * scale * rate[0])
    for group in range(1, GROUPS + 1):
        there = (shown == group).astype(np.float32)
        if not there.any():
            continue
        norm = cv2.GaussianBlur(there, (0, 0), sigma) + np.float32(1e-6)
        low[group - 1] = cv2.GaussianBlur(image * there[..., None], (0, 0), sigma) / norm[..., None]
        mine = there > 0
        detail[mine] = (image - low[group - 1])[mine]
        spread = cv2.GaussianBlur((detail**2).mean(2) * there, (0, 0), sigma) / norm
        power[mine] = np.sqrt(spread[mine])
    return Coarse(shown, detail, low, power, rate)


def _exemplars(views: Views, frames: Frames, coarse: Coarse) -> Exemplars:
    """List the vertices that lie where a photograph shows their group well, with how the skin is turned there."""
    body = views.whole.fitted.body
    mesh = finer_mesh(body)
    vertex = np.flatnonzero((mesh.ends[:, 0] == mesh.ends[:, 1]) & (mesh.group > 0))
    found = []
    for source, points, shares in zip(views.sources, views.points, views.shares, strict=True):
        turn = _turns(mesh, frames, points, source.scale)
        seen = sample_vertices(points, shares * source.uncovered, views.whole.seen)[1]
        well = vertex[seen[mesh.ends[vertex, 0]] > WELL]
        at = points[mesh.ends[well, 0], :2]
        pixels = coarse.pixels(at)
        x, y = np.rint(pixels.T).astype(int)
        inside = (x >= 0) & (y >= 0) & (x < coarse.group.shape[1]) & (y < coarse.group.shape[0])
        well, at, x, y, pixels = well[inside], at[inside], x[inside], y[inside], pixels[inside]
        same = coarse.group[y, x] == mesh.group[well]
        well, at, x, y, pixels = well[same], at[same], x[same], y[same], pixels[same]
        colour = coarse.of_group(mesh.group[well], pixels)
        structure = coarse.structure[y, x]
        usual = _usual(mesh.group[well], colour, structure)
        found.append(Exemplars(mesh.group[well], at, turn[well], frames.height[well], colour, structure, usual))
    every = Exemplars(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    enough = np.bincount(every.group, minlength=GROUPS + 1)[every.group] >= FEWEST
    return Exemplars(*(part[enough] for part in every))


def _usual(group: NDArray[np.uint8], colour: Floats, structure: Floats) -> Floats:
    """What is usual as structure (N,) of exemplars of a group (N,) with like colours (N, 3)."""
    out = structure.copy()
    for number in range(1, GROUPS + 1):
        mine = np.flatnonzero(group == number)
        for one in mine:
            like = np.abs(colour[mine] - colour[one]).max(axis=1) < ALIKE
            out[one] = np.percentile(structure[mine[like]], USUAL)
    return out


def _turns(mesh: FinerMesh, frames: Frames, points: Floats, scale: float) -> Floats:
    """How the skin around each point is turned in a photograph (M, 2): the rotation next to the map from skin to picture, times the scale.

    Args:
        mesh: the points.
        frames: of the person in rest.
        points: (V, 3) the vertices in the photograph.
        scale: px per metre.
    """
    place = mesh.of(points)
    faces = mesh.corners[mesh.corners[:, 0] >= 0, :3]
    i, j, k = faces.T
    around, up = frames.around[faces].mean(1), frames.up[faces].mean(1)
    one, two = frames.position[j] - frames.position[i], frames.position[k] - frames.position[i]
    s1, h1, s2, h2 = ((a * b).sum(1) for a, b in ((one, around), (one, up), (two, around), (two, up)))
    p1, p2 = place[j, :2] - place[i, :2], place[k, :2] - place[i, :2]
    by_s = p1 * h2[:, None] - p2 * h1[:, None]  # the map times the area: its columns for metres around and up
    by_h = p2 * s1[:, None] - p1 * s2[:, None]
    turn = np.stack([by_s[:, 0] - by_h[:, 1], -by_s[:, 1] - by_h[:, 0]], axis=1)
    total = np.stack(
        [np.bincount(faces.reshape(-1), np.repeat(turn[:, n], 3), len(mesh.group)) for n in (0, 1)], axis=1
    )
    return np.asarray(scale * total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9), np.float32)


def _outwards(
    mesh: FinerMesh, known: NDArray[np.bool_], wanted: NDArray[np.int64], height: Floats
) -> NDArray[np.int64]:
    """Sort points (W,) by the number of edges to what is known (M,), then from above."""
    steps = np.where(known, 0, len(known)).astype(np.int64)
    front = np.flatnonzero(known)
    graph = csr_array(
        (np.ones(len(mesh.other), np.uint8), mesh.other, mesh.first), shape=(len(known), len(known))
    )
    step = 0
    while len(front):
        step += 1
        reached = np.unique(graph[front].indices)
        front = reached[steps[reached] > step]
        steps[front] = step
    return wanted[np.lexsort((-height[wanted], steps[wanted]))]
