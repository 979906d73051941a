"""`dress`: a fit and a mask in, a refined body with displaced skin out."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.geometry.body import Body
from ptx.geometry.dressing.beyond import displace_legs
from ptx.geometry.dressing.displace import displace, pose_skin
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.hems import length_to, tell_hem
from ptx.geometry.dressing.long_hair import find_hair
from ptx.geometry.dressing.outline import mask_outline
from ptx.geometry.dressing.refine import Person, Posed, refine
from ptx.geometry.dressing.sheets import layered_basis
from ptx.geometry.dressing.skirt_edges import settle_hem, skirt_edges
from ptx.geometry.dressing.skirts import find_skirt
from ptx.geometry.frozen_arrays import frozen
from ptx.geometry.layers.layered_body import LayeredBody, with_layers
from ptx.geometry.layers.worn import NOTHING, Worn
from ptx.geometry.quantization import SHEET_COLUMNS, SHEET_ROWS
from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float64]

LONGEST = 512
"""Longer side, px, of the pictures that outlines are traced in; larger ones are reduced: 512 control vertices hold no finer detail
than that."""

HEMS_IN, SHEETS_IN = 256, 192
"""Longer side, px, of the pictures in which skirts are looked for, by what they show, and by the mask."""

ROUNDS = 4
"""Times that the body's outline is traced and displacements are solved for."""

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
        layers: look for skirts, and in the picture's colours for hems and long hair.

    Returns:
        The dressed body, or the fit without displacements where its outline is nearer to the mask's.
    """
    shrink = LONGEST / max(person.mask.shape)
    if shrink < 1:
        small = dress(body, _scaled(fit, shrink), _scaled_person(person, shrink), refined=refined, layers=layers)
        return small._replace(posed=fit if small.bare else _scaled(small.posed, 1 / shrink))
    basis = control_basis(body)
    before = overlap(fit.points(body), body.faces, person.mask)
    bare = Dressed(fit, np.zeros(basis.weights.shape[1], np.float32), (before, before), bare=True)
    target = mask_outline(person.mask, area=person.area)
    if not len(target.xy):
        return bare
    worn, posed = NOTHING, refine(body, fit, person) if refined and not layers else fit
    if layers:
        worn, posed = _find_worn(with_layers(body), fit, person, refined=refined)
    wearing, skin, edges = body, basis.weights.shape[1], None
    if worn != NOTHING:
        wearing = with_layers(body)
        basis = layered_basis(wearing, worn)
        if worn.skirt:
            edges, target = skirt_edges(wearing, posed, person, worn.skirt, target)
    heights, dressed_skin = np.zeros(basis.weights.shape[1]), pose_skin(wearing, basis, posed)
    for n in range(ROUNDS):
        solution = displace(dressed_skin, heights, target, person, edges)
        heights = (heights + solution) / 2 if n else solution  # else arms and trunk swap their outlines in every round
    if not worn.skirt:
        heights[:skin] = displace_legs(body, posed, heights[:skin], person)
    after = overlap(dressed_skin.points(heights), basis.faces, person.mask)
    if after < before:
        return bare
    found = heights.astype(np.float32)
    hung = found[skin:] if worn != NOTHING else NO_HEIGHTS
    return Dressed(posed, found[:skin], (before, after), bare=False, worn=worn, sheet_heights=hung)


def _find_worn(body: LayeredBody, fit: Posed, person: Person, *, refined: bool) -> tuple[Worn, Posed]:
    """Find the sheets that somebody wears, and refine their pose, a skirt's outline not being that of legs.

    Skirts are found by labels, or else by their picture, or by the mask, in small pictures, which show them as well.
    """
    small_fit, picture = _within(HEMS_IN, fit, person)
    hem = tell_hem(body, small_fit, picture)
    length = 0.0 if hem is None else length_to(body, small_fit, small_fit, hem)
    posed = _refined(body, fit, person, length) if refined else fit
    if hem is not None:
        small = _within(HEMS_IN, posed, person)[0]
        length = length_to(body, small_fit, small, hem)
        length = length if hem.cut_off else settle_hem(body, small, picture, length)
    elif person.garments is None:
        length = find_skirt(body, *_within(SHEETS_IN, posed, person))
        if length and refined:
            posed = _refined(body, fit, person, length)
    return Worn(length, *find_hair(body, posed, person)), posed


def _refined(body: LayeredBody, fit: Posed, person: Person, skirt: float) -> Posed:
    """Refine a fit by the mask, but for what a skirt of a length, metres, covers."""
    return refine(body.base, fit, person, body.under_skirt(skirt) if skirt else None)


def _within(longest: int, posed: Posed, person: Person) -> tuple[Posed, Person]:
    """Bring a picture to a longer side of that many px at most."""
    shrink = longest / max(person.mask.shape)
    return (_scaled(posed, shrink), _scaled_person(person, shrink)) if shrink < 1 else (posed, person)


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
        garments=None if person.garments is None else person.garments.resized(height, width),
    )


def overlap(points: NDArray[np.floating], faces: NDArray[np.int32], mask: NDArray[np.floating]) -> float:
    """Compute the intersection over union of faces (F, 3) of projected vertices (V, 3) and a mask (H, W)."""
    drawn = rasterize(points, faces, mask.shape[0], mask.shape[1])[0] >= 0
    person = mask > 0.5
    union = int((drawn | person).sum())
    return float((drawn & person).sum()) / union if union else 0.0
