"""Cloth of lifelike people: the pictures that come with pieces, dyed, or patterned, with prints and the cloth of real garments.

A pattern is a function of the point of the mean body in rest, so that it runs on across seams and follows shape and pose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ptx.datasets.people.lifelike.pack import Pack
from ptx.datasets.people.lifelike.sampling import sample
from ptx.datasets.people.looks import SHOE_COLOURS, SHOULDER_X, cloth_coordinates
from ptx.datasets.people.patterns import CLOTH_COLOURS, Pattern, Waves, lay_print, rgb, sample_pattern, sample_print

Floats = NDArray[np.float32]
Colours = NDArray[np.float32]

DETAIL_BLUR = 1 / 24
"""Width of what counts as colour, not as detail, as a share of a picture's side."""

DETAIL = (0.55, 1.5)
"""Least and most that detail changes a colour by."""

RELIEF = 0.22
"""Change of the cosine to a light by the folds of cloth, where they are strongest."""

PLAIN = 0.6
"""Power of the number below which cloth is printed or patterned: some two thirds of it is plain."""

PRINT_SIZE = (0.1, 0.35)
"""Metres that the picture of a real garment's cloth covers."""

JEANS = ("27405f", "1d2a44", "3c5a86", "5f7fa8", "22262d", "8a8f98", "c9c3b4", "e9e7e2", "4a4a3e", "6d5f4b")
"""Colours that trousers are dyed in, hex RGB."""

MATERIALS: dict[str, tuple[str, ...]] = {
    "bag": (*SHOE_COLOURS, "8a5a35", "c49a6c", "1b1b1b", "7c1f24", "e8e2d6"),
    "glasses": ("0c0c0e", "17110d", "2a1a10", "3a3a3e", "101828"),
}
"""Kind of piece that has no pattern → its colours, hex RGB."""

STRANDS = 256
"""Strands across the picture of combed hair."""


@dataclass(frozen=True, eq=False)
class Dye:
    """How a piece is coloured."""

    ground: Colours
    """(3,) colour, of what has no pattern."""
    pattern: Pattern | None
    """A made pattern."""
    photograph: Colours | None
    """(H, W, 3) a real garment's cloth."""
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

    def colours(self, texels: Floats, rest: Floats, front: NDArray[np.bool_], loose: bool = False) -> Colours:
        """Return the linear colour (M, 3) of points.

        Args:
            texels: (M, 3) what `picture` has there.
            rest: (M, 3) points of the mean body in rest.
            front: (M,) True where the surface faces +z.
            loose: the cloth goes around both legs.
        """
        along, around = cloth_coordinates(rest, np.full(len(rest), loose))
        if self.photograph is not None:
            across = np.where(front, around, -around)
            out = texels * sample(self.photograph, _mirrored(across / self.size, -along / self.size))
        elif self.pattern is not None:
            out = texels * self.pattern(along, around)
        else:
            out = texels.copy()
        if self.logo is not None:
            lay_print(out, self.logo, (np.abs(rest[:, 0]) < SHOULDER_X) & front, rest[:, 0], rest[:, 1])
        return np.asarray(np.clip(out, 0.01, 0.98) ** np.float32(2.2), np.float32)

    def picture(self, own: NDArray[np.uint8] | None) -> Colours:
        """Make the picture (H, W, 3) of a piece from its own: dyed, or, under a pattern, the factors that seams and folds are."""
        patterned = self.pattern is not None or self.photograph is not None
        if own is None:
            return np.full((2, 2, 3), 1 if patterned else self.ground, np.float32)
        if patterned:
            return np.repeat(_detail(own)[..., None], 3, axis=2)
        return _dyed(own[..., :3].astype(np.float32) / np.float32(255), self)

    def relief(self, rest: Floats) -> Floats:
        """Return the change (M,) of the cosine to a light at points (M, 3) in rest."""
        coarse, fine = self.folds
        # Cloth creases: sharp ridges, broad valleys.
        waves = 1 - 2 * np.abs(np.tanh(coarse(rest))) + 0.4 * fine(rest)
        return np.asarray(RELIEF * self.depth * waves, np.float32)


def sample_dye(pack: Pack, label: str, rng: np.random.Generator) -> Dye:
    """Sample how a piece of this garment label's name, or of a kind of `MATERIALS`, is coloured."""
    pattern, photograph, logo = None, None, None
    ground, accent = rgb(rng.choice(CLOTH_COLOURS)), rgb(rng.choice(CLOTH_COLOURS))
    kind = rng.random() ** PLAIN
    if label in ("trousers", "shoes"):
        ground = rgb(rng.choice(JEANS if label == "trousers" else SHOE_COLOURS))
        kind = kind * 0.55 + 0.45 if label == "trousers" else 1.0
    if label in MATERIALS:
        ground, kind = rgb(rng.choice(MATERIALS[label])), 1.0
    if kind < 0.38 and pack.prints:
        name = pack.prints[rng.integers(len(pack.prints))]
        photograph = pack.picture(name).astype(np.float32) / np.float32(255)
    elif kind < 0.62:
        pattern, accent = sample_pattern(rng, CLOTH_COLOURS)
    if label in ("top", "dress") and photograph is None and rng.random() < 0.35:
        logo = _photographic_print(pack, rng) if pack.prints and rng.random() < 0.4 else sample_print(rng, accent)
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


def _photographic_print(pack: Pack, rng: np.random.Generator) -> Colours:
    """Make a print, as `sample_print` does, of a real garment's cloth: a disc or a box of it."""
    picture = pack.picture(pack.prints[rng.integers(len(pack.prints))])
    shape = np.zeros(picture.shape[:2], np.uint8)
    side = len(shape)
    if rng.random() < 0.5:
        cv2.circle(shape, (side // 2, side // 2), int(0.42 * side), 255, -1, cv2.LINE_AA)
    else:
        inset = int(rng.uniform(0.05, 0.3) * side)
        cv2.rectangle(shape, (side // 16, inset), (side - side // 16, side - inset), 255, -1)
    opacity = shape[..., None].astype(np.float32) / 255
    return np.concatenate([picture.astype(np.float32) / np.float32(255) * opacity, opacity], axis=2)


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


def _mirrored(across: NDArray[np.floating], down: NDArray[np.floating]) -> Floats:
    """Fold coordinates (M,), in pictures, to those (M, 2) of a picture that repeats as its mirror image."""
    both = np.stack([across, down], axis=1)
    return np.asarray(np.abs((both % 2) - 1), np.float32)


@lru_cache(maxsize=1)
def combed_hair() -> Colours:
    """Make the picture (8, STRANDS, 3) of hair combed down: light and dark strands, of mean 1."""
    fine = np.random.default_rng(0).normal(0, 1, (8, STRANDS)).astype(np.float32)
    along = cv2.GaussianBlur(fine, (0, 0), sigmaX=0.6, sigmaY=3)
    grey = np.clip(1 + 0.28 * along / along.std(), 0.4, 1.7)
    return np.repeat(grey[..., None], 3, axis=2)
