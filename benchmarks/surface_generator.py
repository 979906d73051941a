"""System A's generator with the source's completed surface in its input and its layers, and with the warped source, as published.

    python benchmarks/surface_generator.py --seeds 3 --jobs 2 surface/

Both are given the flow of fitted bodies. Each seed has synthetic people, initial weights and an order of pairs of its own; half of the
people wear loose clothes. The surface engine itself, of which nothing is trained, stands beside them. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ablation import person_numbers
from common import table
from experiments import Settings, Variant, experiment

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.scores import Scores, read_scores

METRICS = ("ssim", "body_ssim", "garment_ssim", "l1", "psnr")
WARPED, SURFACE = "warped", "surface"
ROWS = (
    ("copying the source", WARPED, "copy the source"),
    ("the surface engine", WARPED, "surface"),
    ("generator, warped source", WARPED, "generator"),
    ("generator, completed surface", SURFACE, "generator"),
)
"""Name, variant and method of each row."""


def main() -> None:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--persons", type=int, default=120)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1, help="variants trained side by side")
    parser.add_argument("--count", type=int, default=240, help="test pairs that are scored, of each seed")
    args = parser.parse_args()
    common: Settings = {
        "size": [128, 64],
        "data": {"kind": "people", "persons": args.persons, "images_per_person": 6, "loose": 0.5},
        "train_generator": {"steps": args.steps, "save_every": 100, "workers": 0, "flow": "projected", "surface": True},
    }
    variants = [
        Variant(WARPED, ("train-generator",), {"train_generator": {"surface": False}}),
        Variant(SURFACE, ("train-generator",)),
    ]
    scores: list[dict[str, Scores]] = []
    for seed in range(args.seeds):
        root = args.folder.absolute() / f"seed-{seed}"
        experiment(root, {**common, "seed": seed}, [], variants, args.jobs, args.count)
        scores.append({variant.folder: read_scores(root / variant.folder) for variant in variants})
    print_rows(scores)


def print_rows(scores: Sequence[Mapping[str, Scores]]) -> None:
    """Print the means of all seeds; SSIM is compared with the generator's that is given the warped source, pair by pair."""
    persons = person_numbers([found[WARPED] for found in scores])
    against = [found[WARPED].values["generator"]["ssim"] for found in scores]
    out = []
    for name, folder, method in ROWS:
        values = [found[folder].values[method] for found in scores]
        means = [f"{np.nanmean(np.concatenate([own[metric] for own in values])):.4f}" for metric in METRICS]
        gaps = [own["ssim"] - base for own, base in zip(values, against, strict=True)]
        more = "{:+.4f} ({:+.4f} to {:+.4f})".format(*interval(np.concatenate(gaps), persons))
        out.append((name, *means, more, ", ".join(f"{np.nanmean(gap):+.4f}" for gap in gaps)))
    heads = (
        "SSIM",
        "on the body",
        "in garments",
        "L1",
        "PSNR",
        "SSIM more than the warped one's (95 %)",
        "of each seed",
    )
    table(("", *heads), out)


if __name__ == "__main__":
    main()
