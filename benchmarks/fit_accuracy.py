"""How well `fit` finds the truth of synthetic people from exact keypoints, and how fast, on one core.

    python benchmarks/fit_accuracy.py [--persons 200]

Reprojection: px at 256×256, over visible keypoints. PA-MPJPE: mean distance of the 14 limb and neck keypoints to the
truth in mm after the best similarity (Procrustes) alignment. Facing: angle of the pelvis's forward direction, seen from
above, to the true one.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from ptx.datasets.people import People, PeopleOptions
from ptx.geometry.body import load_body
from ptx.geometry.fitting import fit
from ptx.geometry.rotation import rotation_matrices
from ptx.geometry.skinning import pose_keypoints

LIMBS = slice(1, 14)
"""Keypoints that count for PA-MPJPE: neck to ankles; the head's five hang on one rigid bone."""


def aligned_error(points: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance (m) after the similarity that brings points (K, 3) closest to truth (K, 3)."""
    a, b = points - points.mean(0), truth - truth.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    scale = (s * sign).sum() / (a**2).sum()
    return float(np.linalg.norm(scale * a @ (u * sign) @ vt - b, axis=1).mean())


def yaw_error(pose: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Degrees (N,) between the directions in which two poses' pelvises face, on the ground."""
    forward = [rotation_matrices(p[:, 0])[:, [0, 2], 2] for p in (pose, truth)]
    angle = [np.degrees(np.arctan2(f[:, 0], f[:, 1])) for f in forward]
    return np.abs((angle[0] - angle[1] + 180) % 360 - 180)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    people = People(PeopleOptions(options.persons, 2, options.seed, half_body=0.3))
    truths = [people.truth(i) for i in range(2 * options.persons)]
    body = load_body("builtin")
    pose, betas = np.stack([t.pose for t in truths]), np.stack([t.betas for t in truths])
    keypoints, keypoints3d = np.stack([t.keypoints for t in truths]), np.stack([t.keypoints3d for t in truths])
    there = keypoints[:, :, 2] > 0
    whole = there.all(1)
    true_points = pose_keypoints(body, pose, betas)
    fit(body, keypoints[:2], None, (256, 256))
    print(
        "| keypoints | persons | images/s | reprojection, median px | PA-MPJPE, mm | within 45° | faces the right way |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, deep in (("2D", None), ("2D and 3D", keypoints3d)):
        started = time.perf_counter()
        found = fit(body, keypoints, deep, (256, 256))
        rate = len(truths) / (time.perf_counter() - started)
        points = pose_keypoints(body, found.pose, found.betas)
        yaw = yaw_error(found.pose, pose)
        for what, mask in (("all", np.ones(len(whole), bool)), ("whole", whole), ("half", ~whole)):
            fair = [
                aligned_error(points[i, LIMBS][there[i, LIMBS]], true_points[i, LIMBS][there[i, LIMBS]])
                for i in np.flatnonzero(mask)
            ]
            print(
                f"| {name} | {what}, {mask.sum()} | {rate:.0f} | {np.nanmedian(found.residual[mask]):.2f} | "
                f"{1000 * np.mean(fair):.1f} | {(yaw[mask] < 45).mean():.1%} | {(yaw[mask] < 90).mean():.1%} |"
            )
        print(f"  quarantined: {len(found.problems)}")


if __name__ == "__main__":
    main()
