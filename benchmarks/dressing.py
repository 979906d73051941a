"""Dressed against bare bodies of held-out synthetic people, half of them in loose clothes: flow, surface, outline, and time. One core.

    python benchmarks/dressing.py [--persons 200] [--size 128 64]

Both are fitted to the same true keypoints; the dressed ones also see the true silhouette. Where a body does not cover a pixel the flow is
that of the nearest body part (`part_affine_flow`), as of the method "fitted flow" of `ptx evaluate`. Distances are from points of the true
surface, clothes and hair included, to the nearest vertex of the body, depths apart from a common shift.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np
import torch
from common import table
from scipy.spatial import cKDTree

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.correspondence import correspond
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.dress import Dressed, dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.dressing.sheets import with_sheets
from ptx.geometry.fitting import fit
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.geometry.layers.hang import lay_unworn
from ptx.geometry.layers.layered_body import with_layers
from ptx.geometry.layers.worn import NOTHING, Worn, worn_by_both
from ptx.geometry.rasterizer import rasterize
from ptx.labels import garment
from ptx.models.part_affine import part_affine_flow

LOOSE = tuple(garment(name) for name in ("coat", "dress", "skirt"))
KINDS = ("bare", "dressed")
BODY = with_layers(load_body("builtin"))


class Drawn(NamedTuple):
    """A body in an image: its points (V, 3), what it wears, its overlap with the mask."""

    points: np.ndarray
    worn: Worn
    iou: float


class View(NamedTuple):
    """One image: the truth, and the bodies of each kind."""

    truth: np.ndarray
    labels: np.ndarray
    keypoints: np.ndarray
    scale: float
    bodies: dict[str, Drawn]


def main() -> None:
    """Fit, dress, compare, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 64), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=77)
    args = parser.parse_args()
    people = People(PeopleOptions(args.persons, 2, args.seed, tuple(args.size), loose=0.5))
    views, seconds = see(people)
    flow: dict[str, list[list[float]]] = {kind: [[], [], []] for kind in KINDS}
    distance: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for i, view in enumerate(views):
        other = views[i ^ 1]
        mesh = people.wearer(i).body
        true_flow, label = correspond(view.truth, other.truth, mesh.faces, *args.size)
        shown = label == VISIBLE
        loose = shown & np.isin(view.labels, LOOSE)
        tight = shown if not np.isin(view.labels, LOOSE).any() else np.zeros_like(shown)
        for kind in KINDS:
            error = np.linalg.norm(flow_between(view, other, kind) - true_flow, axis=-1)
            for values, region in zip(flow[kind], (shown, loose, tight), strict=True):
                if region.sum() >= 20:
                    values.append(float(error[region].mean()))
            distance[kind].append(surface_distance(view, kind, mesh.faces))
    rows = [
        (
            kind,
            *(f"{np.mean(values):.2f}" for values in flow[kind]),
            f"{100 * np.median(distance[kind]):.1f}",
            f"{np.mean([view.bodies[kind].iou for view in views]):.3f}",
        )
        for kind in KINDS
    ]
    head = ("", "visible, px", "visible loose cloth, px", "tight clothes, px", "surface, cm (median)", "IoU")
    table(head, rows)
    print(
        f"\n{len(views) / seconds:.1f} bodies dressed a second; "
        f"{np.mean([v.bodies['dressed'].iou < 0.85 for v in views]):.1%} of IoU under .85"
    )


def see(people: People) -> tuple[list[View], float]:
    """Fit and dress the person of every image; also the seconds that dressing took."""
    body, size = BODY.base, people.options.size
    truths = [people.truth(i) for i in range(len(people.ids))]
    fits = fit(body, np.stack([t.keypoints for t in truths]), np.stack([t.keypoints3d for t in truths]), size)
    views, seconds = [], 0.0
    for i, truth in enumerate(truths):
        labels = people.garment_labels(i)
        bare = Posed(fits.pose[i], fits.betas[i], fits.camera[i])
        person = Person(truth.keypoints, truth.keypoints3d, None, (labels > 0).astype(np.float32))
        if i == 0:
            dress(body, bare, person)  # compiles
        began = time.perf_counter()
        dressed = dress(body, bare, person)
        seconds += time.perf_counter() - began
        bodies = {"bare": draw(bare, None, dressed.iou[0]), "dressed": draw(dressed.posed, dressed, dressed.iou[1])}
        views.append(View(people.points(i), labels, truth.keypoints, float(truth.camera[0]), bodies))
    return views, seconds


def draw(posed: Posed, dressed: Dressed | None, iou: float) -> Drawn:
    """Project a body, dressed or bare."""
    worn = NOTHING if dressed is None else dressed.worn
    skin = None if dressed is None else control_basis(BODY.base).offset(dressed.heights)
    offset = with_sheets(BODY, skin, worn, None if dressed is None else dressed.sheet_heights)
    points = posed.points(BODY, offset).astype(np.float32)
    lay_unworn(BODY, worn, points)
    return Drawn(points, worn, iou)


def flow_between(target: View, source: View, kind: str) -> np.ndarray:
    """Flow (H, W, 2) of the bodies of a kind; off the target's that of the nearest body part."""
    mine, other = target.bodies[kind], source.bodies[kind]
    drawn = BODY.drawn(mine.worn), BODY.drawn(worn_by_both(mine.worn, other.worn))
    flow, labels = correspond(mine.points, other.points, BODY.faces, *target.labels.shape, drawn)
    return np.where((labels == BACKGROUND)[..., None], around(source, target), flow)


def around(source: View, target: View) -> np.ndarray:
    """Flow (H, W, 2) of the nearest body part, from the keypoints."""
    poses = (torch.from_numpy(view.keypoints[None]) for view in (source, target))
    return part_affine_flow(*poses, *target.labels.shape)[0].permute(1, 2, 0).numpy()


def surface_distance(view: View, kind: str, faces: np.ndarray) -> float:
    """Median distance, metres, from the pixels of the true surface to the nearest vertex of a body."""
    face, _, depth = rasterize(view.truth, faces, *view.labels.shape)
    y, x = np.nonzero(face >= 0)
    true = np.column_stack([x / view.scale, y / view.scale, depth[y, x]])
    body = view.bodies[kind]
    faces_drawn = BODY.drawn(body.worn)
    mine = body.points * (1 / view.scale, 1 / view.scale, 1)
    _, _, own = rasterize(body.points, faces_drawn, *view.labels.shape)
    both = np.isfinite(own) & np.isfinite(depth)
    if not both.any():
        return float("nan")
    mine[:, 2] += np.median(depth[both] - own[both])
    shown = np.unique(faces_drawn[faces_drawn[:, 0] != faces_drawn[:, 1]])
    away, _ = cKDTree(mine[shown]).query(true)
    return float(np.median(away))


if __name__ == "__main__":
    main()
