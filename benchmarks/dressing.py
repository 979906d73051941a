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
from ptx.geometry.camera import project
from ptx.geometry.correspondence import correspond
from ptx.geometry.dressing.displacements import control_basis
from ptx.geometry.dressing.dress import dress
from ptx.geometry.dressing.refine import Person, Posed
from ptx.geometry.fitting import fit
from ptx.geometry.labels import BACKGROUND, VISIBLE
from ptx.geometry.rasterizer import rasterize
from ptx.geometry.skinning import pose_vertices
from ptx.labels import garment
from ptx.models.part_affine import part_affine_flow

LOOSE = tuple(garment(name) for name in ("coat", "dress", "skirt"))
KINDS = ("bare", "dressed")


class View(NamedTuple):
    """One image: the truth, and both bodies' points (V, 3)."""

    truth: np.ndarray
    labels: np.ndarray
    keypoints: np.ndarray
    scale: float
    points: dict[str, np.ndarray]
    iou: tuple[float, float]


def main() -> None:
    """Fit, dress, compare, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 64), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seed", type=int, default=77)
    args = parser.parse_args()
    people = People(PeopleOptions(args.persons, 2, args.seed, tuple(args.size), loose=0.5))
    body = load_body("builtin")
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
            mine, labels = correspond(view.points[kind], other.points[kind], body.faces, *args.size)
            mine = np.where((labels == BACKGROUND)[..., None], around(other, view), mine)
            error = np.linalg.norm(mine - true_flow, axis=-1)
            for values, region in zip(flow[kind], (shown, loose, tight), strict=True):
                if region.sum() >= 20:
                    values.append(float(error[region].mean()))
            distance[kind].append(surface_distance(view, kind, mesh.faces))
    rows = [
        (
            kind,
            *(f"{np.mean(values):.2f}" for values in flow[kind]),
            f"{100 * np.median(distance[kind]):.1f}",
            f"{np.mean([view.iou[n] for view in views]):.3f}",
        )
        for n, kind in enumerate(KINDS)
    ]
    head = ("", "visible, px", "visible loose cloth, px", "tight clothes, px", "surface, cm (median)", "IoU")
    table(head, rows)
    print(
        f"\n{len(views) / seconds:.1f} bodies dressed a second; {np.mean([v.iou[1] < 0.85 for v in views]):.1%} of IoU under .85"
    )


def see(people: People) -> tuple[list[View], float]:
    """Fit and dress the person of every image; also the seconds that dressing took."""
    body, size = load_body("builtin"), people.options.size
    basis = control_basis(body)
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
        points = {}
        for kind, posed, offset in (
            ("bare", bare, None),
            ("dressed", dressed.posed, basis.offset(dressed.heights)[None]),
        ):
            vertices = pose_vertices(body, posed.pose[None], posed.betas, offset=offset)[0]
            points[kind] = project(posed.camera, vertices).astype(np.float32)
        views.append(View(people.points(i), labels, truth.keypoints, float(truth.camera[0]), points, dressed.iou))
    return views, seconds


def around(source: View, target: View) -> np.ndarray:
    """Flow (H, W, 2) of the nearest body part, from the keypoints."""
    poses = (torch.from_numpy(view.keypoints[None]) for view in (source, target))
    return part_affine_flow(*poses, *target.labels.shape)[0].permute(1, 2, 0).numpy()


def surface_distance(view: View, kind: str, faces: np.ndarray) -> float:
    """Median distance, metres, from the pixels of the true surface to the nearest vertex of a body."""
    face, _, depth = rasterize(view.truth, faces, *view.labels.shape)
    y, x = np.nonzero(face >= 0)
    true = np.column_stack([x / view.scale, y / view.scale, depth[y, x]])
    mine = view.points[kind] * (1 / view.scale, 1 / view.scale, 1)
    _, _, own = rasterize(view.points[kind], load_body("builtin").faces, *view.labels.shape)
    both = np.isfinite(own) & np.isfinite(depth)
    if not both.any():
        return float("nan")
    mine[:, 2] += np.median(depth[both] - own[both])
    away, _ = cKDTree(mine).query(true)
    return float(np.median(away))


if __name__ == "__main__":
    main()
