"""The rows of the paper's ablation at the demo's size, on held-out synthetic people: each variant trained as `ptx` trains it, scored by
`ptx evaluate`.

    python benchmarks/ablation.py --seeds 3 --steps 1000 --flow-steps 1000 --mix-steps 300 --jobs 2 ablation/

Networks of 8 channels, without VGG-19 and without an adversary, are not the paper's; the rows are. Each seed has people, initial weights
and an order of pairs of its own. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from common import table
from experiments import Seconds, Settings, Variant, experiment

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.scores import Scores, read_scores

ROWS = {
    "full": "residual",
    "without pixel warping": "residual",
    "without visibility": "no_visibility",
    "without flow": "no_flow",
    "single encoder": "single",
}
"""The paper's rows, and the fusion of each one's generator."""


METRICS = ("ssim", "body_ssim", "l1", "psnr")


def main() -> None:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--persons", type=int, default=300)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--flow-steps", type=int, default=2000)
    parser.add_argument("--mix-steps", type=int, default=500)
    parser.add_argument(
        "--jobs", type=int, default=1, help="variants trained side by side, each with its share of the cores"
    )
    parser.add_argument("--count", type=int, default=600, help="test pairs that are scored, of each seed")
    args = parser.parse_args()
    common: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6},
        "rasterize": {"surface": "bare"},  # as published
        "train_flow": {"steps": args.flow_steps, "save_every": 500, "workers": 0},
        # Every pixel is painted, as published: with layers or the source kept, its pixels come into every row.
        "train_generator": {
            "steps": args.steps,
            "save_every": 500,
            "workers": 0,
            "background": "paint",
            "learning_rate": 1e-3,
        },
        "train_pixel_warp": {"steps": args.mix_steps, "save_every": 500, "workers": 0, "learning_rate": 1e-3},
    }
    variants = [
        Variant(
            fusion,
            ("train-generator", *(["train-pixel-warp"] if fusion == "residual" else [])),
            {"train_generator": {"fusion": fusion}},
        )
        for fusion in dict.fromkeys(ROWS.values())
    ]
    scores: list[dict[str, Scores]] = []
    seconds: list[dict[str, Seconds]] = []
    for seed in range(args.seeds):
        root = args.folder.absolute() / f"seed-{seed}"
        seconds.append(experiment(root, {**common, "seed": seed}, [["train-flow"]], variants, args.jobs, args.count))
        scores.append({fusion: read_scores(root / fusion) for fusion in ROWS.values()})
    print_rows(scores, seconds)


def print_rows(scores: Sequence[Mapping[str, Scores]], seconds: Sequence[Mapping[str, Seconds]]) -> None:
    """Print the means of all seeds in the paper's order; each row is compared with the one above, pair by pair and seed by seed."""
    rows = [("copying the source", "residual", "copy the source", 0.0)]
    for name, fusion in reversed(ROWS.items()):
        method = "generator + pixel warping" if name == "full" else "generator"
        spent = [sum(s[fusion].values()) if name == "full" else s[fusion]["train-generator"] for s in seconds]
        rows.append((name, fusion, method, float(np.mean(spent))))
    persons = person_numbers([found["residual"] for found in scores])
    out, above = [], None
    for name, fusion, method, spent in rows:
        values = {m: [found[fusion].values[method][m] for found in scores] for m in METRICS}
        means = [f"{np.nanmean(np.concatenate(values[m])):.4f}" for m in METRICS]
        more = each = ""
        if above is not None:
            gaps = [new - old for new, old in zip(values["ssim"], above, strict=True)]
            more = "{:+.4f} ({:+.4f} to {:+.4f})".format(*interval(np.concatenate(gaps), persons))
            each = ", ".join(f"{np.nanmean(gap):+.4f}" for gap in gaps)
        out.append((name, means[0], more, each, *means[1:], f"{spent / 60:.0f}"))
        above = values["ssim"]
    heads = (
        "",
        "SSIM",
        "more than the row above (95 %, persons drawn)",
        "of each seed",
        "SSIM on the body",
        "L1",
        "PSNR",
        "minutes",
    )
    table(heads, out)


def person_numbers(scores: Sequence[Scores]) -> np.ndarray:
    """Numbers of the persons of all seeds' pairs, one behind the other: no person of one seed is one of another."""
    return np.concatenate([found.persons + seed * 10**6 for seed, found in enumerate(scores)])


if __name__ == "__main__":
    main()
