"""Cloth of lifelike people: the pictures that come with pieces, dyed, or patterned, with prints and the cloth of real garments.

Pictures are painted where they lie in texture coordinates: each texel knows its point of the mean body in rest, so a pattern runs on
across seams, and prints lie on the chest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.figure import Worn, rest_points
from ptx.datasets.people.lifelike.layers import sample
from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.looks import SHOE_COLOURS, SHOULDER_X, cloth_coordinates
from ptx.datasets.people.patterns import CLOTH_COLOURS, Pattern, Waves, lay_print, rgb, sample_pattern, sample_print
from ptx.geometry.body import Body
from ptx.geometry.mesh import interpolate, unit_normals
from ptx.geometry.rasterizer import rasterize

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]

MADE_SIDE = 384
"""Side of the pictures of pieces that come without one, px."""

DETAIL_BLUR = 1 / 24
"""Width of what counts as colour, not as detail, as a share of a picture's side."""

DETAIL = (0.55, 1.5)
"""Least and most that detail changes a colour by."""

RELIEF = 0.22
"""Change of the cosine to a light by the folds of cloth, where they are strongest."""

PRINT_SIZE = (0.1, 0.35)
"""Metres that the picture of a real garment's cloth covers."""

PADDING = 2
"""Texels around a piece's own that are painted like them."""

JEANS = ("27405f", "1d2a44", "3c5a86", "5f7fa8", "22262d", "8a8f98", "c9c3b4", "e9e7e2", "4a4a3e", "6d5f4b")
"""Colours that trousers are dyed in, hex RGB."""


@dataclass(frozen=True, eq=False)
class Texels:
    """Texels of a piece that its faces cover."""

    rows: NDArray[np.intp]
    """(M,)"""
    columns: NDArray[np.intp]
    """(M,)"""
    rest: Floats
    """(M, 3) points of the mean body in rest."""
    front: NDArray[np.bool_]
    """(M,) True where they face +z."""


def paint(pack: Pack, body: Body, worn: Worn, dye: Dye) -> Floats:
    """Paint the picture (H, W, 4) of a worn piece: linear RGB, and relief."""
    picture = pack.picture(worn.piece.texture)[..., :3] if worn.piece.texture else None
    height, width = picture.shape[:2] if picture is not None else (MADE_SIDE, MADE_SIDE)
    texels = _texels(pack, body, worn.piece.name, height, width)
    out = np.zeros((height, width, 4), np.float32)
    rest = texels.rest
    if picture is None:
        out[..., :3] = dye.ground
        out[texels.rows, texels.columns, :3] = dye.colours(pack, rest, texels.front)
    elif dye.pattern is None and dye.photograph == "":
        out[..., :3] = _dyed(picture.astype(np.float32) / np.float32(255), dye)
    else:
        detail = _detail(picture)
        out[..., :3] = dye.ground * detail[..., None]
        own = dye.colours(pack, rest, texels.front) * detail[texels.rows, texels.columns, None]
        out[texels.rows, texels.columns, :3] = own
    if dye.logo is not None:
        colours = out[texels.rows, texels.columns, :3]
        x, y = rest[:, 0], rest[:, 1]
        lay_print(colours, dye.logo, (np.abs(x) < SHOULDER_X) & texels.front, x, y)
        out[texels.rows, texels.columns, :3] = colours
    out[..., :3] = np.clip(out[..., :3], 0.01, 1) ** np.float32(2.2)
    out[texels.rows, texels.columns, 3] = dye.relief(rest)
    return out


@dataclass(frozen=True, eq=False)
class Dye:
    """How a piece is coloured."""

    ground: Colours
    """(3,) colour, of what has no pattern."""
    pattern: Pattern | None
    """A made pattern."""
    photograph: str
    """File of a real garment's cloth, or nothing."""
    size: float
    """Metres that this cloth covers."""
    logo: Colours | None
    """Print on the chest, of `sample_print`."""
    keep: float
    """Share of a piece's own colours that is left when it is dyed."""
    folds: tuple[Waves, Waves]
    """Coarse and fine relief."""
    depth: float
    """Strength of the folds, 0..1."""

    def colours(self, pack: Pack, rest: Floats, front: NDArray[np.bool_]) -> Colours:
        """Return colours (M, 3) of points (M, 3) in rest."""
        along, around = cloth_coordinates(rest, np.zeros(len(rest), np.bool_))
        if self.photograph:
            picture = pack.picture(self.photograph).astype(np.float32) / np.float32(255)
            across = _mirrored(np.where(front, around, -around) / self.size)
            return sample(picture, np.stack([across, _mirrored(-along / self.size)], axis=1))
        return self.pattern(along, around) if self.pattern is not None else np.tile(self.ground, (len(rest), 1))

    def relief(self, rest: Floats) -> Floats:
        """Return the change (M,) of the cosine to a light at points (M, 3) in rest."""
        coarse, fine = self.folds
        # Cloth creases: sharp ridges, broad valleys.
        waves = 1 - 2 * np.abs(np.tanh(coarse(rest))) + 0.4 * fine(rest)
        return np.asarray(RELIEF * self.depth * waves, np.float32)


def sample_dye(pack: Pack, label: str, rng: np.random.Generator) -> Dye:
    """Sample how a piece of this garment label's name is coloured."""
    pattern, photograph, logo = None, "", None
    ground, accent = rgb(rng.choice(CLOTH_COLOURS)), rgb(rng.choice(CLOTH_COLOURS))
    kind = rng.random()
    if label in ("trousers", "shoes"):
        ground = rgb(rng.choice(JEANS if label == "trousers" else SHOE_COLOURS))
        kind = kind * 0.55 + 0.45 if label == "trousers" else 1.0
    if kind < 0.38 and pack.prints:
        photograph = pack.prints[rng.integers(len(pack.prints))]
        ground = (pack.picture(photograph).mean((0, 1)) / 255).astype(np.float32)
    elif kind < 0.62:
        pattern, accent = sample_pattern(rng, CLOTH_COLOURS)
    if label in ("top", "dress") and not photograph and rng.random() < 0.35:
        logo = sample_print(rng, accent)
    folds = Waves.sample(rng, 0.16), Waves.sample(rng, 0.05)
    return Dye(
        np.clip(ground * rng.uniform(0.85, 1.1, 3), 0.02, 0.97).astype(np.float32),
        pattern,
        photograph,
        float(rng.uniform(*PRINT_SIZE)),
        logo,
        float(rng.choice([0.0, 0.3, 1.0], p=[0.3, 0.1, 0.6] if label == "shoes" else [0.5, 0.2, 0.3])),
        folds,
        float(rng.uniform(0.25, 1)),
    )


def _dyed(picture: Colours, dye: Dye) -> Colours:
    """Dye a picture (H, W, 3): its own colours as far as `dye.keep`, else their lightness about that of the dye."""
    grey = picture.mean(2)
    middle = float(np.median(grey[grey > 0.02])) if (grey > 0.02).any() else 0.5
    factor = np.clip(grey / max(middle, 0.05), 0, 2)[..., None]
    dark = np.clip(1 - 0.75 * dye.ground.mean(), 0, 1)  # light cloth shows less of it
    dyed = dye.ground * (1 + (factor - 1) * (0.35 + 0.5 * dark))
    return np.asarray(dye.keep * picture + (1 - dye.keep) * dyed, np.float32)


def _detail(picture: NDArray[np.uint8]) -> Floats:
    """Return seams and folds of a picture as factors (H, W) of a colour."""
    grey = picture.astype(np.float32).mean(2) + 12
    blurred = cv2.GaussianBlur(grey, (0, 0), picture.shape[0] * DETAIL_BLUR)
    return np.asarray(np.clip(grey / blurred, *DETAIL), np.float32)


def _mirrored(value: NDArray[np.floating]) -> Floats:
    """Fold values (M,), in pictures, to 0..1: a picture that repeats as its mirror image."""
    return np.abs((value % 2) - 1).astype(np.float32)


@lru_cache(maxsize=40)
def _texels(pack: Pack, body: Body, name: str, height: int, width: int) -> Texels:
    """Find the points in rest of the texels of a piece."""
    piece = next(piece for piece in pack.pieces if piece.name == name)
    rest = rest_points(pack, body, piece)
    flat = np.zeros((len(piece.uv), 3), np.float32)
    flat[:, :2] = piece.uv * (width, height) - 0.5
    face, bary, _ = rasterize(flat, piece.face_uv, height, width)
    for axis, step in (
        (0, 1),
        (0, -1),
        (1, 1),
        (1, -1),
    ) * PADDING:  # what is looked up between texels needs them beyond the border
        next_face, next_bary = np.roll(face, step, axis), np.roll(bary, step, axis)
        bare = (face < 0) & (next_face >= 0)
        face[bare], bary[bare] = next_face[bare], next_bary[bare]
    rows, columns = np.nonzero(face >= 0)
    values = np.concatenate([rest, unit_normals(rest, piece.faces)], axis=1)
    at = interpolate(face[rows, columns], bary[rows, columns], piece.faces, np.ascontiguousarray(values, np.float32))
    return Texels(rows, columns, np.ascontiguousarray(at[:, :3]), at[:, 5] > 0)
