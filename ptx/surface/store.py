"""The filled surface: for each texel its colour, where in the photographs it comes from, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ptx.geometry.mesh import unit_normals
from ptx.geometry.viewpoint import FittedBody
from ptx.geometry.zones import body_zones, ramp
from ptx.surface.atlas import Atlas, body_atlas
from ptx.surface.completion import Completion, complete
from ptx.surface.hair import hair_grain, strand_ends
from ptx.surface.layers import Image
from ptx.surface.merge import Views, alone
from ptx.surface.painted_face import paint_face
from ptx.surface.points import Floats, SurfacePoints
from ptx.surface.source import MaskedPhotograph, Source, observe
from ptx.surface.texels import LEAST_OPACITY, lay_patches_beneath, look_up_texels

TEXTURE_SIDE = 1024
"""Side of the texture, px."""

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
    """Part of a face beside which it is seen, and reflected."""
    PATCHED = 5
    """Cloth, or skin, that is seen elsewhere."""
    MADE_UP = 6
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
    texels = look_up_texels(source, completion, atlas)
    lay_patches_beneath(source, completion, atlas, texels)
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


def _provenance(way: NDArray[np.uint8], places: int) -> NDArray[np.uint8]:
    """Bring `Texels.way` (N,), of 4 K places, to `Provenance` (N,)."""
    after = np.array([Provenance.REFLECTED, Provenance.PATCHED, Provenance.MADE_UP], np.uint8)
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
