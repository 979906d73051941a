"""Which rule of visibility is the better truth, and what each costs: both against Embree's ray casting.

    python benchmarks/visibility.py [--pairs 100]

Truth: for every body pixel of the target, a ray from the source's viewer to that very point of the body; it is hidden if
the ray meets the body more than 1 mm before it, or if it is outside the source's picture.
"""

from __future__ import annotations

import argparse

import numpy as np
import trimesh
from common import SIZE, crowd, processor, seconds, table
from trimesh.ray.ray_pyembree import RayMeshIntersector

from ptx.geometry.labels import BACKGROUND, HIDDEN, VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.visibility import visible_exact, visible_faces

SCALE = np.array([0.01, 0.01, 1.0])
"""Pixels to about metres: Embree computes in float32."""


def ray_cast(face: np.ndarray, bary: np.ndarray, source: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Labels (H, W)."""
    out = np.full(face.shape, BACKGROUND, np.uint8)
    rows, columns = np.nonzero(face >= 0)
    weights = bary[rows, columns].astype(np.float64)
    weights = np.concatenate([weights, 1 - weights.sum(1, keepdims=True)], axis=1)
    place = np.einsum("mk,mkc->mc", weights, source.astype(np.float64)[faces[face[rows, columns]]])
    caster = RayMeshIntersector(trimesh.Trimesh(source * SCALE, faces, process=False))
    start = place * SCALE
    start[:, 2] = float(source[:, 2].min()) - 0.5
    hits, index, _ = caster.intersects_location(start, np.tile([0.0, 0.0, 1.0], (len(rows), 1)), multiple_hits=False)
    first = np.full(len(rows), np.inf)
    first[index] = hits[:, 2]
    inside = ((place[:, :2] >= -0.5) & (place[:, :2] < SIZE - 0.5)).all(1)
    out[rows, columns] = np.where(inside & (first > place[:, 2] - 1e-3), VISIBLE, HIDDEN)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100)
    pairs = parser.parse_args().pairs
    people = crowd(2 * pairs)
    faces = people.body.faces
    surfaces = [rasterize(points, faces, SIZE, SIZE)[:2] for points in people.points]
    truth = np.stack([ray_cast(*surfaces[2 * i], people.points[2 * i + 1], faces) for i in range(pairs)])
    body = truth != BACKGROUND

    def exact() -> np.ndarray:
        return np.stack([visible_exact(*surfaces[2 * i], people.points[2 * i + 1], faces) for i in range(pairs)])

    def by_faces() -> np.ndarray:
        return np.stack([visible_faces(surfaces[2 * i][0], surfaces[2 * i + 1][0]) for i in range(pairs)])

    rows = []
    for name, rule in (("exact (default)", exact), ("faces (the paper's)", by_faces)):
        found = rule()
        wrong = ((found != truth) & body).sum() / body.sum()
        lost = ((found == HIDDEN) & (truth == VISIBLE)).sum() / (truth == VISIBLE).sum()
        ghost = ((found == VISIBLE) & (truth == HIDDEN)).sum() / (truth == HIDDEN).sum()
        rows.append([name, f"{wrong:.2%}", f"{lost:.2%}", f"{ghost:.2%}", f"{pairs / seconds(rule, 2):.0f}"])
    few = min(pairs, 10)
    took = seconds(lambda: [ray_cast(*surfaces[2 * i], people.points[2 * i + 1], faces) for i in range(few)], 1) / few
    rows.append(["ray casting (Embree)", "", "", "", f"{1 / took:.0f}"])
    print(
        f"{processor()}, one core, {pairs} pairs, {body.sum()} body pixels, {(truth == VISIBLE).sum() / body.sum():.0%} visible\n"
    )
    table(["rule", "wrong pixels", "visible called hidden", "hidden called visible", "pairs/s"], rows)


if __name__ == "__main__":
    main()
