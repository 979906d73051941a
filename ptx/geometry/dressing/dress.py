"""`dress`: a fit and a mask in, a refined body with displaced skin out."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.dressing.beyond import continue_legs
from ptx.geometry.dressing.displacements import ControlBasis, control_basis
from ptx.geometry.dressing.long_hair import find_hair
from ptx.geometry.dressing.outline import BodyOutline, Outline, body_outline, mask_outline, match
from ptx.geometry.dressing.refine import Person, Posed, refine
from ptx.geometry.dressing.sheets import layered_basis
from ptx.geometry.dressing.skirts import find_skirt
from ptx.geometry.frozen_arrays import frozen
from ptx.geometry.joints import JOINT_COUNT
from ptx.geometry.layers.layered_body import LayeredBody, with_layers
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import joint_transforms

Floats = NDArray[np.float64]

LONGEST = 512
"""Longer side, px, of the pictures that outlines are traced in; larger ones are reduced: 512 control vertices hold no finer detail
than that."""

SHEETS_IN = 192
"""Longer side, px, of the pictures in which skirts are looked for."""

ROUNDS = 4
"""Times that the body's outline is traced and displacements are solved for."""

TURN = 0.05
"""Metres that a unit of difference between normals counts in the search of the nearest point."""

AGREE = 0.6
"""Least cosine between the normals of a pair."""

FARTHEST, SIDEWAYS = 0.25, 0.06
"""Largest distance of a pair, metres, along the mask's normal and across it."""

DEEP = 0.2
"""The body's outline farther within the mask, metres, than this is none of the person's."""

CUTOFF = 0.08
"""Metres of distance beyond which a pair counts less."""


METRES_APART = 1 / 350
"""Distance of points on outlines, metres, at which each counts one: at other sizes of the picture they count in proportion."""


NO_HEIGHTS = frozen(np.zeros(len(NOTHING) * SHEET_ROWS * SHEET_COLUMNS), np.float32)
"""Sheets that hang straight."""


class Dressed(NamedTuple):
    """A dressed body before its camera."""

    posed: Posed
    heights: NDArray[np.float32]
    """(K,) displacements at the control vertices, metres."""
    iou: tuple[float, float]
    """Intersection over union with the mask, of the fit and of this."""
    bare: bool
    """True where the fit is left as it was."""
    worn: Worn = NOTHING
    """The sheets that the person wears."""
    sheet_heights: NDArray[np.float32] = NO_HEIGHTS
    """(M,) displacements of the sheets, metres."""


def dress(body: Body, fit: Posed, person: Person, *, refined: bool = True, layers: bool = True) -> Dressed:
    """Refine a fitted body by the person's mask, and displace its skin to the mask's outline.

    Args:
        body: the body model.
        fit: of the same picture.
        person: keypoints, landmarks and mask.
        refined: refine pose, shape and camera first.
        layers: look for skirts, and in the picture's colours for long hair.

    Returns:
        The dressed body, or the fit without displacements where its outline is nearer to the mask's.
    """
    shrink = LONGEST / max(person.mask.shape)
    if shrink < 1:
        small = dress(body, _scaled(fit, shrink), _scaled_person(person, shrink), refined=refined, layers=layers)
        return small._replace(posed=fit if small.bare else _scaled(small.posed, 1 / shrink))
    basis = control_basis(body)
    before = overlap(body, fit, None, person.mask)
    bare = Dressed(fit, np.zeros(basis.weights.shape[1], np.float32), (before, before), bare=True)
    target = mask_outline(person.mask, area=person.area)
    if not len(target.xy):
        return bare
    posed = refine(body, fit, person) if refined else fit
    layered = with_layers(body)
    worn = _find_worn(layered, posed, person) if layers else NOTHING
    skin = basis.weights.shape[1]
    wearing = layered if worn != NOTHING else body
    basis = layered_basis(layered, worn) if worn != NOTHING else basis
    heights = np.zeros(basis.weights.shape[1])
    for _ in range(ROUNDS):
        heights = displace(wearing, basis, posed, heights, target, person)
    if not worn.skirt:
        heights[:skin] = continue_legs(body, posed, heights[:skin], person)
    after = overlap(wearing, posed, basis.offset(heights), person.mask, basis.faces)
    if after < before:
        return bare
    found = heights.astype(np.float32)
    dressed = Dressed(posed, found[:skin], (before, after), bare=False)
    return dressed._replace(worn=worn, sheet_heights=found[skin:]) if worn != NOTHING else dressed


def _find_worn(body: LayeredBody, posed: Posed, person: Person) -> Worn:
    """Find the sheets that somebody wears; skirts in a small picture, which shows them as well."""
    shrink = min(1.0, SHEETS_IN / max(person.mask.shape))
    small, picture = (_scaled(posed, shrink), _scaled_person(person, shrink)) if shrink < 1 else (posed, person)
    return Worn(find_skirt(body, small, picture), *find_hair(body, posed, person))


def _scaled(posed: Posed, factor: float) -> Posed:
    """The same body in a picture that is resized by a factor."""
    scale, x, y = (float(number) for number in posed.camera)
    camera = np.array([scale * factor, *((xy + 0.5) * factor - 0.5 for xy in (x, y))], np.float32)
    return posed._replace(camera=camera)


def _scaled_person(person: Person, factor: float) -> Person:
    """The same person in a picture that is resized by a factor below 1."""

    def moved(points: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.concatenate([(points[:, :2] + 0.5) * factor - 0.5, points[:, 2:]], axis=1)

    height, width = (max(1, round(side * factor)) for side in person.mask.shape)
    mask = cv2.resize(person.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    landmarks = None if person.landmarks is None else moved(person.landmarks)
    area = None
    if person.area is not None:
        small = cv2.resize(person.area.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        area = np.asarray(small > 0, np.bool_)
    image = person.image
    if image is not None:
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return person._replace(
        keypoints=moved(person.keypoints),
        landmarks=landmarks,
        mask=np.asarray(mask, np.float32),
        area=area,
        image=image,
    )


def displace(body: Body, basis: ControlBasis, posed: Posed, heights: Floats, target: Outline, person: Person) -> Floats:
    """Solve once for the displacements that bring the body's outline to the mask's.

    Args:
        body: the body model.
        basis: of its displacements.
        posed: pose, shape and camera.
        heights: (K,) displacements so far, metres.
        target: outline of the mask.
        person: size and area of their picture count.

    Returns:
        (K,) metres, within the basis's limits.
    """
    scale = float(posed.camera[0])
    ours = body_outline(posed.points(body, basis.offset(heights)), basis.faces, person.size, area=person.area)
    if not len(ours.weights):
        return heights
    chosen, partner = _pairs(ours, target, scale)
    normals = target.normals[partner]
    gap = ((target.xy[partner] - chosen.outline.xy) * normals).sum(axis=1) / scale
    moves = _directions(body, posed, basis)  # (V, 2) of a unit of displacement, px axes over px per metre
    along = (moves[chosen.vertices] * normals[:, None]).sum(axis=-1) * chosen.weights  # (M, 3)
    rows = np.repeat(np.arange(len(gap)), 3)
    points = sp.csr_matrix((along.reshape(-1), (rows, chosen.vertices.reshape(-1))), (len(gap), len(moves)))
    system = sp.csr_matrix(points @ basis.weights)
    weight = 1 / (1 + (gap / CUTOFF) ** 2) * (1 / (METRES_APART * scale))
    weighted = sp.diags(weight) @ system
    hessian = basis.penalty + (system.T @ weighted).toarray()
    right = weighted.T @ (gap + system @ heights)
    solution = scipy.linalg.solve(hessian, right, assume_a="pos", overwrite_a=True, check_finite=False)
    return np.asarray(np.clip(solution, basis.lower, basis.upper), np.float64)


def _pairs(ours: BodyOutline, target: Outline, scale: float) -> tuple[BodyOutline, NDArray[np.int64]]:
    """Pair the body's outline with the mask's, both ways: a point of the body each (M), and the row (M,) of the mask's."""
    pairs = match(ours.outline, target, TURN * scale)
    normals = target.normals[pairs.mask]
    apart = (target.xy[pairs.mask] - ours.outline.xy[pairs.body]) / scale
    gap = (apart * normals).sum(axis=1)
    across = np.linalg.norm(apart - gap[:, None] * normals, axis=1)
    agree = (ours.outline.normals[pairs.body] * normals).sum(axis=1) > AGREE
    keep = agree & (np.abs(gap) < FARTHEST) & (across < SIDEWAYS)
    keep[: pairs.nearest] &= np.abs(gap[: pairs.nearest]) < DEEP
    return ours.only(pairs.body[keep]), pairs.mask[keep]


def _directions(body: Body, posed: Posed, basis: ControlBasis) -> Floats:
    """Directions (V, 2), x right and y down, in which a unit of displacement moves each vertex in the picture."""
    rotations, _ = joint_transforms(body, posed.pose[None], posed.betas)
    turns = (body.weights @ rotations[0].reshape(JOINT_COUNT, 9)).reshape(-1, 3, 3)
    moved = np.einsum("vij,vj->vi", turns, basis.normals)
    return np.asarray(moved[:, :2] * (1, -1), np.float64)


def overlap(
    body: Body,
    posed: Posed,
    offset: NDArray[np.float32] | None,
    mask: NDArray[np.floating],
    faces: NDArray[np.int32] | None = None,
) -> float:
    """Compute the intersection over union of a projected body, or of some of its faces, and a mask (H, W)."""
    shown = body.faces if faces is None else faces
    drawn = rasterize(posed.points(body, offset), shown, mask.shape[0], mask.shape[1])[0] >= 0
    person = mask > 0.5
    union = int((drawn | person).sum())
    return float((drawn & person).sum()) / union if union else 0.0
