"""What a photograph shows of its fitted body, and how surely: colours, confidence and depth of each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import cv2
import numpy as np

from ptx.geometry.body import Body
from ptx.geometry.garment_map import GarmentMap
from ptx.geometry.joints import joint
from ptx.geometry.layers.layered_body import layer_of
from ptx.geometry.layers.worn import SKIRT
from ptx.geometry.mesh import unit_normals
from ptx.geometry.skinning import joint_transforms
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import Zones, body_zones, head_coordinates, ramp
from ptx.surface.face import face_turn, settle_face
from ptx.surface.hidden_hands import without_hidden_hands
from ptx.surface.layers import (
    INSIDE,
    NOTHING,
    SMOOTH,
    Image,
    Layer,
    Mask,
    PixelMaps,
    disc,
    draw_maps,
    edge_confidence,
    face_groups,
    facing,
    fill_outside,
    ramp_map,
    sample_vertices,
    weighted_blur,
)
from ptx.surface.points import Floats, Ints
from ptx.surface.reading import read_parts
from ptx.surface.skin import labelled_skin, rule_confidence, skin_rules, typical_skin
from ptx.surface.under_arms import peel_arms

FACE_FACING = 0.6, 0.75
"""The same for a face's features: seen aslant they are worse than a painted face."""

TURNED = 46.0, 58.0
"""Degrees of `face_turn` from which a face is doubted, and not believed at all: half a nose mirrored makes two."""

FOLD_STEP = 0.05
"""Metres of depth between neighbouring pixels that make a fold."""

BEHIND_FOLD = 0.022
"""Metres beside a fold that are doubted on its far side: clothes stand off, and what is there may be theirs."""

BESIDE_ARM = 0.012, 0.024
"""Metres of an arm beside the trunk, and of the trunk beside an arm, that are doubted."""

BESIDE_OTHER = 0.015
"""Metres of an arm beside the other, of which neither is sure to lie where it is fitted, that are doubted."""

SHOULDER = 0.14
"""Metres around a shoulder where arm and trunk are one."""

FEWEST_FRONT, MOST_HAIR = 30, 0.6
"""Fewest vertices of a face that are turned to the viewer, and their share labelled as hair from which no face is seen."""

BROWS, BEFORE_CHEEKS = (0.25, 0.45), (0.36, 0.54)
"""Heights on the head (`head_coordinates`) between which the brows are, and forward places between which the face's front begins."""

BARE = ("face", "arms", "legs")
"""Labels of bare skin."""

FEWEST_HAIR = 40
"""Pixels of labelled hair from which its colour is taken."""

DOUBTED = 0.008
"""Factor on the confidence of such places: better than what is made up, worse than all else."""


@dataclass(frozen=True)
class MaskedPhotograph:
    """A person in a photograph."""

    image: Image
    """(H, W, 3) RGB."""
    mask: Floats
    """(H, W) 0..1 how much of a pixel is the person's."""
    face: Floats | None = None
    """(468, 3) x, y px, confidence of the face mesh; None or NaN where there is no face."""
    garments: GarmentMap | None = None
    """(H, W) labels; None: it is read by colours alone."""


@dataclass(frozen=True)
class Source:
    """A photograph seen through its fitted body."""

    fitted: FittedBody
    points: Floats
    """(V, 3) the vertices in the photograph: u, v px and depth m; the face lies on the seen one."""
    seen: Layer
    """The photograph."""
    under_arms: Layer
    """The same without the arms."""
    confidence_alike: Floats
    """(H, W) confidence of `seen` for views that hardly differ from it: a face seen aslant is right there, and hair before the chest."""
    uncovered: Floats
    """(V,) 0 of vertices of the body before which a sheet is seen, or that are not drawn under one; else 1."""
    aslant: Floats
    """(V,) 0..1 how far vertices may be taken from where they are seen at a grazing angle: a face is rather painted."""
    skin: Floats | None
    """(3,) the person's skin, or None."""
    hair: Floats | None = None
    """(3,) what is labelled as the person's hair, or None."""
    hairy: Floats | None = None
    """(V,) 1 of vertices on pixels that are labelled as hair, else 0; None: nothing is labelled."""
    bare: Mask | None = None
    """(V,) vertices of hands and arms that show skin alone; None: nothing is told."""

    @property
    def scale(self) -> float:
        """Pixels per metre."""
        return float(self.fitted.camera[0])


def nothing_seen(fitted: FittedBody) -> Source:
    """Return what is known of a person without any photograph, who stands as one would have shown them: nothing is seen."""
    nothing = np.zeros((1, 1), np.float32)
    black = np.zeros((1, 1, 3), np.uint8)
    none = np.zeros(len(fitted.points), np.float32)
    layer = Layer(black, black, nothing, np.full((1, 1), NOTHING, np.float32))
    return Source(fitted, fitted.points, layer, layer, nothing, none, none, None)


def observe(photograph: MaskedPhotograph, fitted: FittedBody) -> Source:
    """Find out what a photograph shows of its fitted body.

    Raises:
        ValueError: sizes of picture, mask and fit differ.
    """
    height, width = fitted.size
    if photograph.image.shape != (height, width, 3) or photograph.mask.shape != (height, width):
        raise ValueError(
            f"picture {photograph.image.shape} and mask {photograph.mask.shape} of a body fitted at {height}×{width}"
        )
    body, scale, zones = fitted.body, float(fitted.camera[0]), body_zones(fitted.body)
    normals = unit_normals(fitted.vertices, fitted.faces)[:, 2]
    covered = _face_in_hair(photograph.garments, fitted.points, normals, zones)
    face = None if covered else photograph.face
    points = settle_face(body, fitted.points, normals, face)
    shown = fitted
    if photograph.garments is not None:
        shown = without_hidden_hands(fitted, points, photograph.mask, photograph.garments)
    maps = draw_maps(points, shown.faces, fitted.size)
    cosine, features, front, below = maps.of(
        np.stack([normals, zones.features, zones.front, _below_brows(body)], axis=1)
    )
    reading = read_parts(photograph.image, photograph.mask, shown, points, photograph.garments)
    arms = beside_arms(fitted, maps.surface)
    alike = _base_confidence(cosine, maps, photograph.mask, scale)
    alike *= np.where(arms, np.float32(DOUBTED), np.float32(1)) * reading.own
    if photograph.garments is not None:  # skin beside a strand is not the sheet's
        alike[_hair_sheets(fitted, maps) & ~photograph.garments.shows("hair")] *= np.float32(DOUBTED)
    asked, turned = _asked_of_features(cosine, features, face), 1.0 if covered else _turned(fitted, face)
    image, ones = fill_outside(photograph.image, photograph.mask > INSIDE), np.ones(len(points), np.float32)
    certain = alike * asked * reading.hair  # hair before chest and face is right from where it is seen alone
    if photograph.garments is not None:
        certain *= 1 - below * photograph.garments.shows("hair")
    seen = Layer(image, weighted_blur(image, certain, SMOOTH * scale), certain, maps.depth)
    colours, confidence = sample_vertices(points, ones, seen)
    skin = _skin(photograph, points, colours, confidence, zones)
    if turned > 0:
        asked *= 1 - turned * front
        seen = seen._replace(confidence=certain * (1 - turned * front))
        colours, confidence = sample_vertices(points, ones, seen)
    rules = np.zeros(len(points), np.float32)
    if skin is not None:
        rules = skin_rules(colours, confidence, skin, points[:, :2], scale, zones)
        expected = maps.of(rules[:, None])[0]
        ask = np.abs(expected) > 0.3
        factor = rule_confidence(image[ask].astype(np.float32), expected[ask], skin)
        alike[ask] *= factor
        seen.confidence[ask] *= factor
    skin_pixels = None if skin is None or not (rules < 0).any() else (rules, skin)
    under = peel_arms(shown, points, photograph.mask, seen, maps, arms, asked, skin_pixels, reading)
    uncovered = uncovered_vertices(shown, points, maps.surface)
    aslant = np.asarray(1 - np.maximum(zones.features, turned * zones.front), np.float32)
    hairy = (
        None if photograph.garments is None else _labelled_at(photograph.garments, points, "hair").astype(np.float32)
    )
    hair = _labelled_hair(photograph)
    return Source(fitted, points, seen, under, alike, uncovered, aslant, skin, hair, hairy, rules > 0)


def _hair_sheets(fitted: FittedBody, maps: PixelMaps) -> Mask:
    """Pixels (H, W) of sheets of hair."""
    hair = layer_of(fitted.body)[fitted.faces[:, 0]] > SKIRT
    return np.asarray(maps.on & hair[maps.surface])


def _skin(
    photograph: MaskedPhotograph, points: Floats, colours: Floats, confidence: Floats, zones: Zones
) -> Floats | None:
    """Colour (3,) of the person's skin: that of the face, or of whatever is labelled as skin; or by colours alone (`typical_skin`).

    Arguments as for `typical_skin`, with the vertices (V, 3) in the photograph.
    """
    if photograph.garments is None:
        return typical_skin(colours, confidence, zones)
    bare = (zones.face > 0.5) & _labelled_at(photograph.garments, points, *BARE)  # hair and cloth may have its colour
    of_face = typical_skin(colours, confidence * bare, zones)
    if of_face is not None:
        return of_face
    return labelled_skin(photograph.image[photograph.garments.shows(*BARE) & (photograph.mask > INSIDE)])


def _face_in_hair(garments: GarmentMap | None, points: Floats, normals: Floats, zones: Zones) -> bool:
    """Whether labels say that the face, as it is fitted, is behind hair: somebody seen from behind is fitted as from the front."""
    turned_here = (zones.front > 0.5) & (normals > 0)
    if garments is None or turned_here.sum() < FEWEST_FRONT:
        return False
    return float(_labelled_at(garments, points[turned_here], "hair").mean()) > MOST_HAIR


def _labelled_at(garments: GarmentMap, points: Floats, *names: str) -> Mask:
    """Whether points (N, 2 or 3) are on pixels with these labels: (N,)."""
    at = garments.sampled(np.ascontiguousarray(points[None, :, :2], np.float32))
    return np.asarray(at.shows(*names)[0], np.bool_)


def _below_brows(body: Body) -> Floats:
    """Share (V,) of the face's front below the brows, where hair only hangs."""
    _, up, forward = head_coordinates(body).T
    return body_zones(body).face * ramp(forward, *BEFORE_CHEEKS) * (1 - ramp(up, *BROWS))


def _labelled_hair(photograph: MaskedPhotograph) -> Floats | None:
    """Colour (3,) of what is labelled as hair, as far as it is surely the person's; None where there is little."""
    if photograph.garments is None:
        return None
    hair = photograph.image[photograph.garments.shows("hair") & (photograph.mask > INSIDE)]
    return np.median(hair, axis=0).astype(np.float32) if len(hair) >= FEWEST_HAIR else None


def uncovered_vertices(fitted: FittedBody, points: Floats, surface: Ints) -> Floats:
    """`Source.uncovered` of vertices (V, 3) in a photograph whose pixels show faces (H, W)."""
    layer, height, width = layer_of(fitted.body), *surface.shape
    out = np.zeros(len(points), np.float32)
    out[fitted.faces[fitted.faces[:, 0] != fitted.faces[:, 1]]] = 1
    column, row = (np.clip(np.rint(points[:, i]), 0, side - 1).astype(int) for i, side in ((0, width), (1, height)))
    before = surface[row, column]
    out[(layer == 0) & (before >= 0) & (layer[fitted.body.faces[before, 0]] > 0)] = 0
    return out


def _turned(fitted: FittedBody, face: Floats | None) -> float:
    """How far a head is turned to a side, 0 to 1, by the points of its face (468, 3), or as it is fitted where none is found."""
    low, high = TURNED
    if _found(face):
        turn = face_turn(fitted.body, face)
    else:
        x, _, z = joint_transforms(fitted.body, fitted.pose[None], fitted.betas)[0][0][joint("head")][:, 2]
        turn = float(np.degrees(np.arctan2(abs(x), z)))
    return float(np.clip((turn - low) / (high - low), 0, 1))


def _found(face: Floats | None) -> TypeGuard[Floats]:
    return face is not None and bool(np.isfinite(face[:, :2]).all())


def _asked_of_features(cosine: Floats, features: Floats, face: Floats | None) -> Floats:
    """Factor (H, W) on the confidence of eyes, nose and mouth: believed where a face (468, 3) is found and seen from the front."""
    if not _found(face):
        return 1 - features
    frontal = ramp_map(cosine, *FACE_FACING) / np.maximum(facing(cosine), np.float32(1e-3))
    return np.asarray(1 - features + features * np.minimum(frontal, 1), np.float32)


def _base_confidence(cosine: Floats, maps: PixelMaps, mask: Floats, scale: float) -> Floats:
    """Confidence (H, W) of each pixel: facing the viewer, away from outlines and folds, not behind a fold."""
    depth, square = maps.depth, np.ones((3, 3), np.uint8)
    jump = cv2.dilate(depth, square) - cv2.erode(depth, square) > FOLD_STEP
    free = maps.on & ~jump & (mask > INSIDE)
    free[[0, -1]] = free[:, [0, -1]] = False  # what the picture's edge cuts off has its outline there
    step = max(1, int(0.004 * scale))
    near = cv2.erode(depth, np.ones((step, step), np.uint8))[::step, ::step]
    near = cv2.erode(near, disc(round(BEHIND_FOLD * scale / step)))
    before = cv2.resize(near, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    out = facing(cosine) * edge_confidence(free, scale)
    out *= np.where(before < depth - FOLD_STEP, np.float32(DOUBTED), np.float32(1))
    return np.asarray(cv2.GaussianBlur(out, (0, 0), max(0.3, 0.002 * scale)), np.float32)


def beside_arms(fitted: FittedBody, surface: Ints) -> Mask:
    """Pixels (H, W) of trunk and legs near an arm, of arms near the trunk and of one near the other, but not about the shoulders."""
    arm, trunk = face_groups(fitted.body)
    on, scale = surface >= 0, float(fitted.camera[0])
    arms, trunks = ((on & group[surface]).astype(np.uint8) for group in (arm, trunk))
    out = (trunks > 0) & (cv2.dilate(arms, disc(round(BESIDE_ARM[1] * scale))) > 0)
    out |= (arms > 0) & (cv2.dilate(trunks, disc(round(BESIDE_ARM[0] * scale))) > 0)
    left = fitted.body.v_template[fitted.body.faces[:, 0], 0] > 0
    for one in (left, ~left):
        other = ((arms > 0) & ~one[surface]).astype(np.uint8)
        out |= (arms > 0) & one[surface] & (cv2.dilate(other, disc(round(BESIDE_OTHER * scale))) > 0)
    positions = joint_transforms(fitted.body, fitted.pose[None], fitted.betas)[1][0]
    shoulders = np.zeros(surface.shape, np.uint8)
    for side in ("left", "right"):
        x, y, _ = positions[joint(f"{side}_shoulder")]
        centre = (scale * x + fitted.camera[1], fitted.camera[2] - scale * y)
        cv2.circle(shoulders, (round(float(centre[0])), round(float(centre[1]))), round(SHOULDER * scale), 1, -1)
    return np.asarray(out & (shoulders == 0))
