"""Bodies fitted to a clip against bodies fitted frame by frame, to the same noisy keypoints of synthetic people whose motion is known.

    python benchmarks/motion.py [--seconds 5] [--fps 30] [--seeds 1]

Acceleration: of the 18 keypoints relative to the pelvis, root mean square of the difference to the truth, m/s². MPJPE: mean distance of the
keypoints relative to the pelvis, mm. Reprojection: median distance, px, to the true keypoints. Slide: mean movement, px a frame, of
the middle of heel and toes of feet that stand. Frames that both have are compared. Milliseconds are those of
the processor, one core.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from clips import SCRIPTS, SIZE, Clip, clip, landmark_points, observe
from common import processor, table

from ptx.geometry.body import Body, load_body
from ptx.geometry.camera import project
from ptx.geometry.detected_landmarks import LANDMARKS
from ptx.geometry.fitting import fit
from ptx.geometry.joints import HIPS
from ptx.geometry.motion import Observed, fit_motion
from ptx.geometry.skinning import pose_keypoints

FEET = [[LANDMARKS.index(f"{side}_{end}") for end in ("heel", "toe")] for side in ("right", "left")]


def figures(
    body: Body, truth: Clip, pose: np.ndarray, betas: np.ndarray, camera: np.ndarray, good: np.ndarray
) -> np.ndarray:
    """Acceleration error, MPJPE, reprojection error, slide."""
    points, true = (pose_keypoints(body, p, b).astype(float) for p, b in ((pose, betas), (truth.pose, truth.betas)))
    seen = np.linalg.norm((project(camera, points) - project(truth.camera, true))[..., :2], axis=-1)
    difference = points - points[:, HIPS].mean(1, keepdims=True) - true + true[:, HIPS].mean(1, keepdims=True)
    three = good[2:] & good[1:-1] & good[:-2]
    jerks = (np.diff(difference, 2, axis=0) * truth.fps**2)[three]
    if betas.ndim == 1:
        betas = np.tile(betas, (len(pose), 1))
    feet = np.stack([landmark_points(body, p[None], b)[0] for p, b in zip(pose, betas, strict=True)])[:, FEET].mean(2)
    moved = np.linalg.norm(np.diff(project(camera, feet)[..., :2], axis=0), axis=-1)
    stand = truth.planted[1:] & truth.planted[:-1] & (good[1:] & good[:-1])[:, None]
    return np.array(
        [
            np.sqrt((jerks**2).sum(-1).mean()),
            1000 * np.linalg.norm(difference[good], axis=-1).mean(),
            np.median(seen[good]),
            moved[stand].mean() if stand.any() else np.nan,
        ]
    )


def compare(body: Body, truth: Clip, observed: Observed) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Figures frame by frame, of the clip, and the milliseconds a frame of either."""
    started = time.process_time()
    single = fit(body, observed.keypoints, observed.keypoints3d, SIZE, None, observed.landmarks)
    middle = time.process_time()
    motion = fit_motion(body, observed, SIZE, truth.fps)
    ended = time.process_time()
    good = single.usable & motion.usable & ~motion.filled
    frames = len(truth.pose) / 1000
    return (
        figures(body, truth, single.pose, single.betas, single.camera, good),
        figures(body, truth, motion.pose, motion.betas, motion.camera, good),
        (middle - started) / frames,
        (ended - middle) / frames,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(SCRIPTS))
    options = parser.parse_args()
    body = load_body("builtin")
    warm = clip(body, "wave", options.fps, 0.5)
    compare(body, warm, observe(body, warm, np.random.default_rng(0)))
    rows, all_figures = [], []
    for name in options.only:
        for seed in range(options.seeds):
            truth = clip(body, name, options.fps, options.seconds, seed)
            alone, together, *cost = compare(body, truth, observe(body, truth, np.random.default_rng([seed, 1])))
            all_figures.append((*alone, *together, *cost))
            rows.append(
                (
                    f"{name}, {seed}",
                    *(f"{a:.2f} / {b:.2f}" for a, b in zip(alone, together, strict=True)),
                    f"{cost[1]:.1f}",
                )
            )
    table(
        ("clip: frame by frame / motion", "acceleration m/s²", "MPJPE mm", "reprojection px", "slide px", "ms a frame"),
        rows,
    )
    a, m, r, s, a2, m2, r2, s2, _, ms = np.nanmean(all_figures, axis=0)
    print(f"\n{processor()}, one core\n")
    table(
        ("figure", "wanted", "measured"),
        (
            ("acceleration error against frame by frame", "at most 0.50", f"{a2 / a:.2f}"),
            ("3D joint error against frame by frame", "at most 1.00", f"{m2 / m:.2f}"),
            ("reprojection error against frame by frame", "at most 1.10", f"{r2 / r:.2f}"),
            ("foot slide, px a frame at 512 px", "at most 1.00", f"{s2:.2f} ({s:.2f})"),
            ("ms a frame", "at most 20", f"{ms:.1f}"),
        ),
    )


if __name__ == "__main__":
    main()
